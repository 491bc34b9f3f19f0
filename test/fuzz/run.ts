/**
 * npm run fuzz -- [--seed N] [--count N] [--live] [--show] [--tries N]: builds generated cases and checks our laws; with `--live` compares with BuildKit
 * instead (DOCKER_HOST as for the conformance suite), and checks one law a case. A failure prints its seed and a shrunk case.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { openLab } from "../conformance/lab.ts";
import { checkCase, someLaws } from "./check-case.ts";
import { generateCase } from "./generate.ts";
import { LAWS } from "./laws.ts";
import { shrinkCase } from "./shrink.ts";
import { caseCode, dockerfileOf } from "./types.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    count: { type: "string", default: "100" },
    live: { type: "boolean", default: false },
    tries: { type: "string", default: "150" },
    show: { type: "boolean", default: false },
  },
});
const [first, count, tries] = [Number(values.seed), Number(values.count), Number(values.tries)];
const { live } = values;
console.log(`seeds ${first} to ${first + count - 1}${live ? ", with BuildKit" : ""}`);
const PROGRESS_CASES = 25;
const counts = { agree: 0, refused: 0, differ: 0 };
await using lab = await openLab();
const summary = (): string => `${counts.agree} agree, ${counts.refused} are refused, ${counts.differ} differ`;
for (let seed = first; seed < first + count; seed += 1) {
  const fuzz = generateCase(seed);
  const checking = { live, laws: live ? someLaws(seed) : LAWS };
  const { problems, refusal } = await checkCase(lab, fuzz, checking);
  counts[problems.length > 0 ? "differ" : refusal === undefined ? "agree" : "refused"] += 1;
  if ((seed - first + 1) % PROGRESS_CASES === 0) console.log(`${seed - first + 1} cases: ${summary()}`);
  if (values.show) console.log(`seed ${seed}: ${refusal ?? "builds"}\n${dockerfileOf(fuzz)}`);
  if (problems.length === 0) continue;
  console.log(`✖ seed ${seed}\n    ${problems.join("\n    ")}`);
  const shrunk = await shrinkCase(fuzz, problems, async (candidate) => (await checkCase(lab, candidate, checking)).problems, tries);
  console.log(`  shrunk to\n    ${shrunk.problems.join("\n    ")}\n${dockerfileOf(shrunk.fuzz)}  ${caseCode(shrunk.fuzz)}\n`);
}
console.log(`${count} cases: ${summary()}`);
process.exitCode = counts.differ === 0 ? 0 : 1;
