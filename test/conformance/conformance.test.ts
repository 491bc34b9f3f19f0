/** Every case: Decant's image is the one that BuildKit was recorded to make. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TOPICS } from "./cases/index.ts";
import { problemsOf } from "./compare.ts";
import { buildWithDecant } from "./decant.ts";
import { type Lab, openLab } from "./lab.ts";
import { readRecording } from "./recording.ts";

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab[Symbol.asyncDispose]());

for (const [topic, cases] of Object.entries(TOPICS)) {
  const recording = readRecording(topic);
  describe(`conformance: ${topic}`, { concurrency: 2 }, () => {
    for (const definition of cases) {
      it(definition.name, async () => {
        const actual = await buildWithDecant(lab, lab.prepare(definition));
        assert.deepEqual(problemsOf(definition, recording[definition.name], actual), []);
      });
    }
  });
}
