import assert from "node:assert/strict";
import { test } from "node:test";
import { follows, frontendOfTag, isNewerTag, NEWEST, parseCompatibility } from "./followed.ts";

test("L9: frontendOfTag() takes the minor version of a tag; what says none, or a newer one, is the newest", () => {
  const newest = { frontend: NEWEST.frontend, minor: NEWEST.minor };
  const rows: readonly (readonly [string | undefined, unknown])[] = [
    [undefined, newest],
    ["1", newest],
    ["latest", newest],
    ["labs", newest],
    ["1-labs", newest],
    ["1.19", { frontend: "1.19.0", minor: 19 }],
    ["1.19.0", { frontend: "1.19.0", minor: 19 }],
    ["1.20-labs", { frontend: "1.20.0", minor: 20 }],
    ["1.4.3", { frontend: "1.4.3", minor: 4 }],
    ["1.29.0-rc1", newest],
    ["1.99", newest],
    ["2.0", newest],
  ];
  for (const [tag, want] of rows) assert.deepEqual(frontendOfTag(tag), want, tag);
  assert.deepEqual(["1.99", "1.29", "1.4", "1"].map(isNewerTag), [true, false, false, false]);
});

test("L9: follows() compares with the version that has a rule first", () => {
  assert.equal(follows(undefined, "expose-history"), true);
  assert.equal(follows({ ...NEWEST, minor: 28 }, "expose-history"), false);
  assert.equal(follows({ ...NEWEST, minor: 28 }, "oci-artifacts"), true);
  assert.equal(follows({ ...NEWEST, compatibility: 20 }, "oci-artifacts"), false);
});

test("L6: parseCompatibility() knows 10, 20 and 30", () => {
  assert.deepEqual(["10", "20", "30"].map(parseCompatibility), [10, 20, 30]);
  for (const text of ["11", "40", "", "x"]) assert.throws(() => parseCompatibility(text), { code: "USAGE" });
});
