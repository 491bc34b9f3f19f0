/** A few generated cases of fixed seeds keep our laws; `npm run fuzz` takes others, and compares with BuildKit. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Lab, openLab } from "../conformance/lab.ts";
import { checkCase, someLaws } from "./check-case.ts";
import { generateCase } from "./generate.ts";
import { createRandom } from "./random.ts";
import { shrinkCase } from "./shrink.ts";
import type { FuzzCase } from "./types.ts";

/** The last one has a submodule in a submodule. */
const SEEDS = [...Array.from({ length: 30 }, (_, at) => 100 + at), 141];

describe("generated cases keep the laws", { concurrency: 2 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab[Symbol.asyncDispose]());
  for (const seed of SEEDS) {
    it(`seed ${seed}`, async () => {
      assert.deepEqual((await checkCase(lab, generateCase(seed), { live: false, laws: someLaws(seed) })).problems, []);
    });
  }
});

it("L3: the fixed seeds have repositories as steps, as context, with tags, branches and submodules", () => {
  const parts = SEEDS.flatMap((seed) => generateCase(seed).git ?? []);
  const kinds = new Set(parts.flatMap(({ repositories }) => Object.values(repositories).flat()).map(({ kind }) => kind));
  assert.deepEqual([...kinds].toSorted(), ["branch", "commit", "ref", "submodule", "tag"]);
  assert.deepEqual(new Set(parts.map(({ isContext }) => isContext)), new Set([true, false]));
  assert.ok(parts.some(({ references }) => references.some(({ keepsGitDir }) => keepsGitDir)));
});

it("createRandom() gives the same numbers for a seed, for ever", () => {
  const random = createRandom(1);
  assert.deepEqual(
    Array.from({ length: 5 }, () => random.below(1000)),
    [968, 281, 612, 720, 425],
  );
});

it("generateCase() gives the same case for a seed", () => {
  assert.deepEqual(generateCase(7), generateCase(7));
});

it("shrinkCase() leaves what the failure needs", async () => {
  const given = { ...generateCase(1), stages: [{ from: "FROM scratch", lines: ["ENV A=1", "COPY a b /x", "LABEL bad=1 b=2", "CMD x"] }] };
  const fails = (candidate: FuzzCase): Promise<readonly string[]> =>
    Promise.resolve(JSON.stringify(candidate.stages).includes("bad") ? ["path x: wrong"] : []);
  const { fuzz } = await shrinkCase(given, ["path y: wrong"], fails, 500);
  assert.deepEqual([fuzz.stages, fuzz.files, fuzz.buildArgs], [[{ from: "FROM scratch", lines: ["LABEL bad=1"] }], {}, {}]);
});
