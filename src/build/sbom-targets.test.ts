import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planOf } from "../../test/support/plan.ts";
import { sbomTargets, stageName } from "./sbom-targets.ts";

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
      const plan = planOf(text, { buildArgs: args });
      assert.equal(plan.stages.filter(sbomTargets(plan).stage).map(stageName).join(" "), want);
    });
  }

  it("the build context where the stage that is built says so", () => {
    const text = "FROM a AS one\nFROM b\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true";
    const asked = [undefined, "one"].map((target) => sbomTargets(planOf(text, { target, everyStage: true })).context);
    assert.deepEqual(asked, [true, false]);
  });
});
