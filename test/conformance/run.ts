/**
 * npm run conformance [-- [--record | --live] [--as 0.32] | --through buildx | --builder ADDRESS] [WORD …]: Decant against the recording; `--record` writes what BuildKit does; `--live`
 * builds with both and compares BuildKit, Decant and the recording; `--through buildx` compares what docker's client gets of `decant serve` with
 * what `decant build` makes; `--as 0.32`: the BuildKit is this one; `--builder docker://` compares builds whose steps run on a builder with those that run here. Words choose cases by topic or part of their name.
 */
import { parseArgs } from "node:util";
import { pool } from "../../src/async.ts";
import { isRootHere } from "../../src/sys/index.ts";
import { TOPICS } from "./cases/index.ts";
import { differencesOf, isRefused, problemsOf, problemsWith } from "./compare.ts";
import { buildWithBuildkit } from "./buildkit.ts";
import { buildWithDecant } from "./decant.ts";
import { openBuildxDoor } from "../support/buildx.ts";
import { type Lab, openLab, type Outcome } from "./lab.ts";
import { parseRecorded, readRecording, wholeRecording, writeRecording } from "./recording.ts";
import { compareBuilder } from "./through-builder.ts";
import type { Case } from "./types.ts";

const BUILDS_AT_ONCE = 3;
/** In a user namespace the kernel makes no devices (mknod(2)), and has the ids of /etc/subuid only: Docker's, which are 65,536. */
const NEEDS_ROOT = new Set([
  "S88: a device of a stage",
  "a step makes a FIFO and a device",
  "a step makes a block device",
  "S125: names of more than 255 bytes, owners above 2^21",
]);
/** What docker's client cannot do, by the name of the case. */
const OF_THE_CLIENT: Readonly<Record<string, string>> = {
  "a file that is taken out, back in and out again":
    "the client lists the file and then does not open it: BuildKit makes an empty one, decant serve warns",
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: "boolean", default: false },
    live: { type: "boolean", default: false },
    through: { type: "string" },
    builder: { type: "string" },
    as: { type: "string", default: "28.5" },
  },
});
const chosen = Object.entries(TOPICS).flatMap(([topic, cases]) =>
  cases
    .filter(({ name }) => positionals.length === 0 || positionals.some((word) => word === topic || name.includes(word)))
    .filter((definition) => isRootHere() || (!needsRoot(definition) && !NEEDS_ROOT.has(definition.name)))
    .map((definition) => ({ topic, definition })),
);
const by = parseRecorded(values.as);
const signal = new AbortController().signal;
await using lab = await openLab();
process.exitCode = (await run(lab)) ? 0 : 1;

async function run(shop: Lab): Promise<boolean> {
  if (values.builder !== undefined) return await compareOn(shop, values.builder);
  if (values.through !== undefined) return await compareThrough(shop);
  return await (values.record ? record(shop) : compare(shop));
}

async function record(shop: Lab): Promise<boolean> {
  const found = await pool(
    BUILDS_AT_ONCE,
    chosen,
    async ({ topic, definition }) => [topic, definition.name, await buildWithBuildkit(shop.prepare(definition))] as const,
    signal,
  );
  let good = true;
  for (const [topic, cases] of Object.entries(TOPICS)) {
    const news = found.filter((row) => row[0] === topic).map(([, name, outcome]) => [name, outcome] as const);
    if (news.length === 0) continue;
    const names = cases.map(({ name }) => name);
    const [first, own] = [readRecording(topic), readRecording(topic, by)];
    const all = Object.entries({ ...own, ...Object.fromEntries(news) });
    // A newer BuildKit has a recording of its own for what it does otherwise.
    const kept = by === "28.5" ? all : all.filter(([name, outcome]) => isOther(first[name], outcome));
    writeRecording(topic, names, Object.fromEntries(kept), by);
    if (by !== "28.5") continue;
    for (const [name, outcome] of news) {
      const definition = cases.find((candidate) => candidate.name === name);
      const problem = definition === undefined ? undefined : unexpected(definition, outcome);
      if (problem === undefined) continue;
      good = false;
      console.log(`✖ ${name}\n    ${problem}`);
    }
  }
  console.log(`${found.length} cases recorded`);
  return good;
}

function isOther(first: Outcome | undefined, outcome: Outcome): boolean {
  return first === undefined || differencesOf(first, outcome).length > 0;
}

/** Only root can write its context: it has files with capabilities. */
function needsRoot({ files = {} }: Case): boolean {
  return Object.values(files).some((spec) => typeof spec === "object" && "xattrs" in spec && Object.keys(spec.xattrs ?? {}).length > 0);
}

/** BuildKit itself does something else than the case says. */
function unexpected(definition: Case, outcome: Outcome): string | undefined {
  const { fails } = definition;
  if (fails === undefined) return "error" in outcome ? `BuildKit fails: ${outcome.error}` : undefined;
  if (!("error" in outcome)) return "BuildKit builds";
  return outcome.error.includes(fails.says) ? undefined : `BuildKit says: ${outcome.error}`;
}

async function compare(shop: Lab): Promise<boolean> {
  const counts = { agree: 0, differ: 0, pending: 0 };
  await pool(
    BUILDS_AT_ONCE,
    chosen,
    async ({ topic, definition }) => {
      const recorded = wholeRecording(topic, by)[definition.name];
      const problems: string[] = [];
      if (values.live) {
        const live = await buildWithBuildkit(shop.prepare(definition));
        const drift = recorded === undefined ? [] : differencesOf(recorded, live);
        problems.push(...drift.map((line) => `the recording is old: ${line.replace("Decant", "BuildKit now")}`));
      }
      const actual = await buildWithDecant(shop, shop.prepare(definition)).catch((error: unknown) => ({
        error: String(error),
        code: "thrown",
      }));
      const isFirst = by === "28.5" || recorded === undefined;
      problems.push(...(isFirst ? problemsOf(definition, recorded, actual) : problemsWith(definition, by, recorded, actual)));
      counts[problems.length > 0 ? "differ" : isRefused(actual) ? "pending" : "agree"] += 1;
      if (problems.length > 0) console.log(`✖ ${topic} › ${definition.name}\n    ${problems.join("\n    ")}`);
    },
    signal,
  );
  console.log(`${chosen.length} cases: ${counts.agree} agree, ${counts.differ} differ, ${counts.pending} are not supported yet`);
  return counts.differ === 0;
}

/** Steps here, and steps on a builder. */
async function compareOn(shop: Lab, address: string): Promise<boolean> {
  const counts = { same: 0, agree: 0, refused: 0, differ: 0 };
  await pool(
    BUILDS_AT_ONCE,
    chosen,
    async ({ topic, definition }) => {
      const recorded = wholeRecording(topic, by)[definition.name];
      const { problems, isRefused: isTooNew, isSame } = await compareBuilder(shop, definition, { address, recorded });
      counts[problems.length > 0 ? "differ" : isTooNew ? "refused" : isSame ? "same" : "agree"] += 1;
      if (problems.length > 0) console.log(`✖ ${topic} › ${definition.name}\n    ${problems.join("\n    ")}`);
    },
    signal,
  );
  const { same, agree, refused, differ } = counts;
  const equal = `${same} digest for digest, ${agree} tree for tree or failing alike`;
  console.log(`${chosen.length} cases on ${address}: ${equal}, ${refused} are too new for it, ${differ} differ`);
  return differ === 0;
}

/** The same image, or no image, by both ways. */
async function compareThrough(shop: Lab): Promise<boolean> {
  if (values.through !== "buildx") throw new Error(`Cannot compare through "${values.through}": wanted buildx`);
  await using door = await openBuildxDoor(shop.store, "--allow-insecure-entitlement", "network.host");
  const counts = { agree: 0, differ: 0 };
  await pool(
    BUILDS_AT_ONCE,
    chosen,
    async ({ topic, definition }) => {
      const prepared = shop.prepare(definition);
      const own = await buildWithDecant(shop, prepared).catch((error: unknown) => ({ error: String(error), code: "thrown" }));
      const through = await buildWithBuildkit(prepared, door.env);
      const recorded = readRecording(topic)[definition.name];
      // Where BuildKit differs from Decant because of what its client sends, so does this.
      const asBuildkit = recorded !== undefined && "error" in recorded && "error" in through;
      const problems =
        asBuildkit || definition.name in OF_THE_CLIENT || ("error" in own && "error" in through)
          ? []
          : differencesOf(own, through).map((line) => line.replaceAll("BuildKit", "decant build").replaceAll("Decant", "buildx"));
      counts[problems.length > 0 ? "differ" : "agree"] += 1;
      if (problems.length > 0) console.log(`✖ ${topic} › ${definition.name}\n    ${problems.join("\n    ")}`);
    },
    signal,
  );
  console.log(`${chosen.length} cases through buildx: ${counts.agree} agree, ${counts.differ} differ`);
  return counts.differ === 0;
}
