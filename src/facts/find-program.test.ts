import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { findProgram, type ProcessConfig, processPlace, programPaths } from "./find-program.ts";
import { pathFiles } from "./image-paths.ts";

const files = pathFiles(
  memoryTree({
    bin: "link usr/bin",
    "usr/bin/sh": "link dash",
    "usr/bin/dash": "file 755 0:0 x",
    "usr/bin/plain": "file 644 0:0 x",
    "opt/bin/plain": "file 755 0:0 x",
    "opt/bin/tool": "dir 755 0:0",
    "app/run": "file 755 0:0 x",
    "app/loop": "link loop",
    "srv/link": "link /app",
  }),
);

describe("findProgram()", () => {
  const rows: readonly (readonly [name: string, config: ProcessConfig, want: string | undefined])[] = [
    ["sh", {}, "usr/bin/dash"],
    ["/bin/sh", {}, "usr/bin/dash"],
    ["plain", { Env: ["PATH=/usr/bin:/opt/bin"] }, "opt/bin/plain"],
    ["plain", { Env: ["PATH=/opt/bin", "PATH=/usr/bin"] }, undefined],
    ["tool", { Env: ["PATH=/opt/bin"] }, undefined],
    ["./run", { WorkingDir: "/app" }, "app/run"],
    ["../run", { WorkingDir: "/srv/link" }, undefined],
    ["../app/run", { WorkingDir: "/srv/link" }, "app/run"],
    ["run", { Env: ["PATH=:/bin"], WorkingDir: "/app" }, "app/run"],
    ["run", { Env: ["PATH=app"] }, "app/run"],
    ["run", { WorkingDir: "/app" }, undefined],
    ["/app/loop", {}, undefined],
    ["", {}, undefined],
    [`/${"x/".repeat(5000)}run`, {}, undefined],
  ];
  for (const [name, config, want] of rows)
    it(`finds ${want ?? "nothing"} for "${name.slice(0, 20)}" with ${JSON.stringify(config)}`, () =>
      assert.equal(findProgram(name, config, files)?.path, want));
});

describe("programPaths()", () => {
  it("has the paths that are tried, in the order of PATH", () => {
    const place = processPlace({ Env: ["PATH=/a:b:"], WorkingDir: "/w" });
    assert.deepEqual(programPaths("x", place), ["/a/x", "/w/b/x", "/w/x"]);
    assert.deepEqual(programPaths("./x", place), ["/w/./x"]);
    assert.deepEqual(programPaths("", place), []);
  });
});
