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

test("outlineOf() tells the declaration that counts: the last one, and the target's before those of stages that it needs", () => {
  const rows: readonly (readonly [text: string, want: readonly string[]])[] = [
    ["FROM b\nARG R=1 R=2\nARG S=1\nARG S=3", ["2 R=2", "4 S=3"]],
    ["FROM b AS a\nARG X=1\nFROM b\nARG X=2\nRUN --mount=from=a,target=/m true\nARG Y=$X", ["4 X=2", "6 Y=2"]],
    ["ARG A=1\nFROM b AS a\nARG A=2\nFROM a\nARG A\nARG A=3", ["6 A=3"]],
    ["ARG A=1\nFROM b\nARG A=2\nARG A", ["3 A=2"]],
    ["ARG A=1\nFROM b AS a\nARG A=2\nARG B=1\nFROM a\nARG A", ["1 A=1", "4 B=1"]],
  ];
  for (const [text, want] of rows) {
    const { args } = outlineOf(planOf(text, { everyStage: false }));
    assert.deepEqual(
      args.map((arg) => `${arg.range.start.line} ${arg.name}=${arg.value ?? ""}`),
      want,
      text,
    );
  }
});

test("outlineOf() tells the first use of a secret in the target, before those in stages that it needs", () => {
  const RUN = "RUN --mount=type=secret,id=s true";
  for (const [text, line] of [
    [`FROM b AS a\n${RUN}\nFROM b\nCOPY --from=a /x /\n${RUN}`, 5],
    [`FROM b AS a\n${RUN}\nFROM a\n${RUN}`, 4],
  ] as const)
    assert.deepEqual(
      outlineOf(planOf(text, { everyStage: false })).secrets.map(({ range }) => range.start.line),
      [line],
    );
});
