/** Every case: Decant's image is the one that BuildKit was recorded to make. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TOPICS } from "./cases/index.ts";
import { isNewer, problemsOf, problemsWith } from "./compare.ts";
import { buildWithDecant } from "./decant.ts";
import { RECORDED_SYNTAX } from "./differences.ts";
import { type Lab, openLab } from "./lab.ts";
import { readRecording } from "./recording.ts";

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab[Symbol.asyncDispose]());

for (const [topic, cases] of Object.entries(TOPICS)) {
  const recording = readRecording(topic);
  const newer = readRecording(topic, "0.32");
  describe(`conformance: ${topic}`, { concurrency: 2 }, () => {
    for (const definition of cases) {
      it(definition.name, async () => {
        const actual = await buildWithDecant(lab, lab.prepare(definition));
        assert.deepEqual(problemsOf(definition, recording[definition.name], actual), []);
        const later = newer[definition.name];
        if (later !== undefined) assert.deepEqual(problemsWith(definition, "0.32", later, actual), [], "with BuildKit 0.32");
      });
      if (!isNewer(definition)) continue;
      it(`L9: ${definition.name}, with the recorded frontend`, async () => {
        const buildArgs = { ...definition.buildArgs, BUILDKIT_SYNTAX: RECORDED_SYNTAX };
        const actual = await buildWithDecant(lab, lab.prepare(definition), { buildArgs });
        assert.deepEqual(problemsOf(definition, recording[definition.name], actual, true), []);
      });
    }
  });
}
