import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "../../test/support/plan.ts";
import { isDecantError } from "../errors.ts";
import { outlineOf } from "./outline.ts";

const TEXT = `# VER is the version
ARG VER=1
ARG TAG=latest OTHER=$VER
# build compiles
FROM busybox:$TAG AS build
ARG OTHER
# API is it
ARG API=secret TARGETARCH
RUN --mount=type=secret,id=tok,required=true --mount=type=ssh echo hi
FROM scratch AS other
ARG ZZ
# final ships
FROM busybox AS final
COPY --from=build /etc/passwd /
`;

function outline(options: { readonly target?: string; readonly buildArgs?: Readonly<Record<string, string>> } = {}) {
  return outlineOf(planOf(TEXT, { everyStage: false, ...options }));
}

test("outlineOf() lists what the default target takes, as BuildKit does", () => {
  const { name, description, args, secrets, ssh } = outline();
  assert.deepEqual([name, description], ["final", "ships"]);
  assert.deepEqual(
    args.map((arg) => `${arg.range.start.line} ${arg.name}=${arg.value ?? ""} ${arg.description ?? ""}`),
    ["2 VER=1 is the version", "3 TAG=latest ", "3 OTHER=1 ", "8 API=secret is it"],
  );
  assert.deepEqual(
    secrets.map((use) => `${use.range.start.line} ${use.name} ${use.required}`),
    ["9 tok true"],
  );
  assert.deepEqual(
    ssh.map((use) => `${use.range.start.line} ${use.name} ${use.required}`),
    ["9 default false"],
  );
});

test("outlineOf() follows the target and shows given values", () => {
  assert.deepEqual(
    outline({ target: "other" }).args.map(({ name }) => name),
    ["ZZ"],
  );
  assert.deepEqual(
    outline({ buildArgs: { VER: "2", API: "x" } }).args.map(({ value }) => value),
    ["2", "latest", "2", "x"],
  );
});

test("outlineOf() rejects an unknown target", () => {
  assert.throws(
    () => outline({ target: "nope" }),
    (error) => isDecantError(error, "DOCKERFILE_SEMANTIC"),
  );
});
