import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDockerfile } from "../dockerfile/index.ts";
import { sbomTargets } from "./sbom-targets.ts";

const STAGE = "BUILDKIT_SBOM_SCAN_STAGE";
const ROWS: readonly {
  readonly name: string;
  readonly text: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly want: string;
}[] = [
  { name: "nothing without the arguments", text: "FROM a AS one\nFROM b AS two", want: "" },
  { name: "the stage that says so", text: `FROM a AS one\nARG ${STAGE}=true\nFROM b AS two`, want: "one" },
  { name: "all stages by an argument before them", text: `ARG ${STAGE}=1\nFROM a AS one\nFROM b AS two`, want: "one two" },
  { name: "stages by name", text: `ARG ${STAGE}=two,three\nFROM a AS one\nFROM b AS two`, want: "two" },
  { name: "but a stage that says no", text: `ARG ${STAGE}=true\nFROM a AS one\nARG ${STAGE}=false\nFROM b AS two`, want: "two" },
  { name: "what --build-arg says", text: `FROM a AS one\nARG ${STAGE}=false\nFROM b AS two`, args: { [STAGE]: "true" }, want: "one" },
  { name: "the global value for an ARG without one", text: `ARG ${STAGE}=two\nFROM a AS one\nFROM b AS two\nARG ${STAGE}`, want: "two" },
  { name: "variables in a value", text: `ARG X=true\nARG ${STAGE}=$X\nFROM a AS one\nFROM b AS two`, want: "one two" },
  { name: "nothing by --build-arg that no ARG declares", text: "FROM a AS one\nFROM b AS two", args: { [STAGE]: "true" }, want: "" },
];

describe("sbomTargets() takes", () => {
  for (const { name, text, args = {}, want } of ROWS) {
    it(name, () => {
      const targets = sbomTargets(parseDockerfile(text, { name: "Dockerfile" }), args);
      assert.equal(["one", "two"].filter(targets.stage).join(" "), want);
    });
  }

  it("the build context where the stage that is built says so", () => {
    const { context } = sbomTargets(parseDockerfile("FROM a\nFROM b\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true", { name: "Dockerfile" }), {});
    assert.deepEqual([context("stage-0"), context("stage-1")], [false, true]);
  });
});
