/**
 * npm run test:crash [-- --seconds N --seed S --lanes N --grounds NAME,…]: kills commands at random instants, and lets the machine refuse what
 * they need; after each round the store and the machine must be sound. Each lane is a process with stores of its own. The seed is `DECANT_SEED`
 * or a fixed one; "random" takes another each time.
 */
import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kindsOfGrounds } from "./grounds.ts";
import { add, type LaneInput, type LaneReport, noCounts } from "./lane-types.ts";

const FIXED_SEED = "24";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: process.env["DECANT_SEED"] ?? FIXED_SEED },
    lanes: { type: "string", default: "3" },
    grounds: { type: "string" },
  },
});
const seed = values.seed === "random" ? randomInt(1_000_000) : Number(values.seed);
const [seconds, lanes] = [Number(values.seconds), Number(values.lanes)];
if (!Number.isInteger(seed) || !(seconds > 0) || !(lanes > 0))
  throw new Error("--seed takes an integer or random, --seconds and --lanes numbers");

const kinds = kindsOfGrounds();
const grounds = values.grounds?.split(",") ?? kinds.filter(({ lacking }) => lacking === undefined).map(({ name }) => name);
console.log(`seed ${seed}, ${seconds} seconds, ${lanes} lanes; stores on ${grounds.join(", ")}`);
for (const { name, lacking } of kinds) if (lacking !== undefined) console.log(`no store on ${name}: ${lacking}`);

const [total, byGround] = [noCounts(), new Map<string, ReturnType<typeof noCounts>>()];
let wrong = 0;
const ends = await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
for (const [ground, { rounds, killed }] of byGround) console.log(`${ground}: ${rounds} rounds, ${killed} killed`);
console.log(`${told()}; ${wrong} rounds went wrong`);
process.exitCode = wrong === 0 && ends.every((code) => code === 0) ? 0 : 1;

function told(): string {
  const { rounds, commands, servers, killed, hindered, failed } = total;
  return `${rounds} rounds: ${commands} commands and ${servers} servers, ${killed} killed, ${hindered} hindered, of which ${failed} failed`;
}

/** Lanes begin with different file systems. */
async function runLane(lane: number): Promise<number | null> {
  const from = Math.floor((lane * grounds.length) / lanes);
  const input: LaneInput = { seed: seed + lane, seconds, grounds: [...grounds.slice(from), ...grounds.slice(0, from)] };
  const child = fork(join(import.meta.dirname, "lane.ts"), [JSON.stringify(input)]);
  child.on("message", (message) => {
    const { ground, counts, problems } = message as LaneReport;
    const sum = byGround.get(ground) ?? noCounts();
    byGround.set(ground, sum);
    for (const each of [total, sum]) add(each, counts);
    if (problems.length > 0) console.log(`✖ seed ${input.seed}, on ${ground}\n${problems.join("\n")}\n`);
    wrong += problems.length > 0 ? 1 : 0;
    if (total.rounds % 50 === 0) console.log(told());
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}
