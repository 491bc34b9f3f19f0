/**
 * npm run test:crash [-- --seconds N --seed S]: kills commands at random instants, and lets system calls fail, on one store; after each
 * round the store and the machine must be sound. The seed is `DECANT_SEED` or a fixed one; "random" takes another each time.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createRandom } from "../fuzz/random.ts";
import { type Counts, runRound } from "./round.ts";
import { openWorld } from "./world.ts";

const FIXED_SEED = "24";
const CASES = 7;
/** One round in so many has faults instead of kills. */
const FAULTS_EVERY = 3;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: process.env["DECANT_SEED"] ?? FIXED_SEED },
  },
});
const seed = values.seed === "random" ? randomInt(1_000_000) : Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isInteger(seed) || !(seconds > 0)) throw new Error("--seed takes an integer or random, --seconds a number");
console.log(`seed ${seed}, ${seconds} seconds`);

const counts: Counts = { rounds: 0, commands: 0, killed: 0, faults: 0, failed: 0 };
const told = (): string =>
  `${counts.rounds} rounds: ${counts.commands} commands, ${counts.killed} killed, ${counts.faults} with a fault, of which ${counts.failed} failed`;
await using world = await openWorld(seed, CASES);
const parts = { world, random: createRandom(seed), counts, durations: new Map<string, number>(), exported: [] };
const end = performance.now() + seconds * 1000;
let wrong = 0;
while (performance.now() < end) {
  const problems = await runRound(parts, counts.rounds % FAULTS_EVERY === FAULTS_EVERY - 1);
  if (problems.length > 0) console.log(`✖ round ${counts.rounds}\n${problems.join("\n")}\n`);
  wrong += problems.length > 0 ? 1 : 0;
  if (counts.rounds % 20 === 0) console.log(told());
}
console.log(`${told()}; ${wrong} rounds went wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
