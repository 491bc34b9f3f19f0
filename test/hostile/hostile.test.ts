/** Kept cases and a few made ones of fixed seeds, for every target; `npm run test:fuzz` tries others. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { corpusOf } from "./corpus.ts";
import { openLab } from "./lab.ts";
import { caseOf, problemOf } from "./oracle.ts";
import { loadTarget, TARGETS } from "./targets/index.ts";

const SEEDS = Array.from({ length: 40 }, (_, at) => 1000 + at);

for (const name of TARGETS) {
  describe(`H4: hostile input: ${name}`, () => {
    const cases = corpusOf(name);
    for (const [file, input] of cases) {
      it(`keeps to its promises for ${file}`, async () => assert.deepEqual(await problemsOf(name, [[input, 1]]), []));
    }
    it(`keeps to its promises for ${SEEDS.length} made cases`, async () => {
      const target = await loadTarget(name);
      const made = SEEDS.map((seed): [Buffer, number] => [caseOf(target, [...cases.values()], seed), seed]);
      assert.deepEqual(await problemsOf(name, made), []);
    });
  });
}

it("H4: a case is the same for its seed, for ever", async () => {
  const target = await loadTarget("registry-answers");
  assert.equal(caseOf(target, [], 7).toString("latin1"), caseOf(target, [], 7).toString("latin1"));
});

async function problemsOf(name: string, cases: readonly (readonly [input: Buffer, seed: number])[]): Promise<readonly string[]> {
  const target = await loadTarget(name);
  await using root = await mkdtempDisposable(join(tmpdir(), "decant-hostile-test-"));
  await using lab = await openLab(join(root.path, "lab"));
  const problems: string[] = [];
  for (const [input, seed] of cases) {
    const problem = await problemOf(target, input, lab, seed);
    // The machine that runs tests may be busy: only `npm run test:fuzz` measures.
    if (problem !== undefined && !problem.startsWith("it took")) problems.push(`seed ${seed}: ${problem}`);
  }
  return problems;
}
