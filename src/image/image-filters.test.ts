import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import type { ImageConfig } from "../oci/index.ts";
import { imageFilter, type ImageFilters } from "./image-filters.ts";

const NAMES = ["docker.io/library/app:1", "docker.io/library/app:2", "docker.io/team/app:1", "reg.example:5000/x/app:v1", undefined];
const SHORT = ["app:1", "app:2", "team/app:1", "reg.example:5000/x/app:v1", "<none>"];
const CONFIG: ImageConfig = {
  os: "linux",
  architecture: "amd64",
  config: { Labels: { team: "web", empty: "" } },
  rootfs: { type: "layers", diff_ids: [] },
};

const rows: readonly (readonly [ImageFilters, want: string])[] = [
  [{}, "app:1 app:2 team/app:1 reg.example:5000/x/app:v1 <none>"],
  [{ references: ["app"] }, "app:1 app:2"],
  [{ references: ["app:2"] }, "app:2"],
  [{ references: ["docker.io/library/app:2"] }, "app:2"],
  [{ references: ["*"] }, "app:1 app:2"],
  [{ references: ["*/app"] }, "team/app:1"],
  [{ references: ["reg.example:5000/*/*:v?"] }, "reg.example:5000/x/app:v1"],
  [{ references: ["app:1", "team/*"] }, "app:1 team/app:1"],
  [{ references: ["nothing"] }, ""],
  [{ dangling: true }, "<none>"],
  [{ dangling: false }, "app:1 app:2 team/app:1 reg.example:5000/x/app:v1"],
  [{ labels: ["team"], references: ["app"] }, "app:1 app:2"],
  [{ labels: ["team=web", "empty"], references: ["app"] }, "app:1 app:2"],
  [{ labels: ["team=ops"] }, ""],
  [{ labels: ["constructor"] }, ""],
];
for (const [filters, want] of rows) {
  test(`U10: imageFilter() with ${JSON.stringify(filters)}`, () => {
    const fits = imageFilter(filters);
    assert.equal(SHORT.filter((_short, at) => fits({ name: NAMES[at], config: CONFIG })).join(" "), want);
  });
}

test("U10: imageFilter() refuses a malformed pattern", () => {
  assert.throws(
    () => imageFilter({ references: ["a[b"] }),
    (error) => isDecantError(error, "USAGE"),
  );
});
