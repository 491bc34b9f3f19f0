/** One round: several commands at once, some of which are killed or hit by a failing system call; then everything is checked. */
import { join } from "node:path";
import { pool } from "../../src/async.ts";
import type { Random } from "../fuzz/random.ts";
import { type Action, chooseAction, exportArgs, type ExportKind, exportPath } from "./actions.ts";
import { type Case, STEP_MARK } from "./cases.ts";
import { layoutProblems, storeProblems } from "./check-store.ts";
import { digestOf, filesBelow, fingerprint } from "./expected.ts";
import { leftovers, mountsNow, sandboxesOf } from "./leftovers.ts";
import { complaint, type Fault, type Outcome, runAction } from "./processes.ts";
import type { World } from "./world.ts";

/** What a run did. */
export interface Counts {
  rounds: number;
  commands: number;
  killed: number;
  faults: number;
  /** Commands that said an error because of a fault. */
  failed: number;
}

/** How long commands take: kills come at any instant of it. Changes as commands end. */
export type Durations = Map<string, number>;

/** What a round needs. */
export interface RoundParts {
  readonly world: World;
  readonly random: Random;
  readonly counts: Counts;
  readonly durations: Durations;
  /** What was exported, the newest last: one of it is to be found. */
  readonly exported: Exported[];
}

/** An export that was begun. */
interface Exported {
  readonly built: Case;
  readonly how: ExportKind;
}

const FIRST_MS = 700;
/** Calls that write, and those that a process with too many files cannot make. libuv ends the process when it cannot wake its threads, so write(2) is not among them: small disks are for that. */
const CALLS = [
  "pwrite64",
  "pwrite64",
  "fsync",
  "fdatasync",
  "ftruncate",
  "rename",
  "mkdir",
  "unlink",
  "copy_file_range",
  "fchmod",
] as const;

/** Runs a round and gives what is wrong. */
export async function runRound(parts: RoundParts, withFaults: boolean): Promise<string[]> {
  const { world, random, counts } = parts;
  const mounts = mountsNow();
  const sandboxes = new Set<string>();
  const plans = Array.from({ length: 1 + random.below(3) }, () => plan(parts, withFaults));
  const outcomes = await pool(plans.length, plans, async ({ action, ...how }) => {
    const outcome = await runAction(action, world.env, how);
    for (const name of sandboxesOf(world.left.root)) sandboxes.add(name);
    return outcome;
  });
  counts.rounds += 1;
  counts.commands += outcomes.length;
  counts.killed += outcomes.filter(({ wasKilled }) => wasKilled).length;
  counts.faults += plans.filter(({ fault }) => fault !== undefined).length;
  counts.failed += withFaults ? outcomes.filter(({ code }) => code !== 0 && code !== null).length : 0;
  learn(parts.durations, outcomes);
  const problems = [
    ...outcomes.flatMap((outcome, at) => complaint(outcome, plans[at]?.fault !== undefined || MAY_FAIL.has(outcome.kind)) ?? []),
    ...(await exportProblems(parts, outcomes)),
    ...(await sweep(world)),
    ...leftovers(world.left, { mounts, marks: [world.mark, STEP_MARK], sandboxes }),
    ...(await storeProblems(world.left.root, world.folder)),
    ...(await digestProblems(world, outcomes)),
  ];
  return problems.length === 0 ? [] : [...problems, ...plans.map((each) => `  in this round: ${described(each)}`)];
}

/** What may have removed what they name. */
const MAY_FAIL: ReadonlySet<string> = new Set(["remove", "tag", "save"]);

interface Plan {
  readonly action: Action;
  readonly killAfterMs?: number | undefined;
  readonly fault?: Fault | undefined;
}

function plan({ world, random, durations, exported }: RoundParts, withFaults: boolean): Plan {
  const action = chooseAction(random, world.places);
  if (action.built !== undefined && action.how !== undefined) exported.push({ built: action.built, how: action.how });
  const share = random.below(1000) / 1000;
  if (withFaults) return { action, fault: chooseFault(random) };
  return { action, killAfterMs: random.chance(0.8) ? share * 1.1 * (durations.get(action.kind) ?? FIRST_MS) : undefined };
}

function chooseFault(random: Random): Fault {
  return {
    call: random.pick(CALLS),
    error: random.pick(["ENOSPC", "EIO"]),
    when: 1 + random.below(random.pick([2, 6, 20])),
    isLasting: random.chance(0.6),
  };
}

function described({ action, killAfterMs, fault }: Plan): string {
  const how =
    fault === undefined ? (killAfterMs === undefined ? "" : `killed after ${Math.round(killAfterMs)} ms: `) : `${JSON.stringify(fault)}: `;
  return `${how}decant ${action.args.join(" ")}`;
}

function learn(durations: Durations, outcomes: readonly Outcome[]): void {
  for (const { kind, code, ms } of outcomes) if (code === 0) durations.set(kind, ((durations.get(kind) ?? ms) + ms) / 2);
}

/** What was exported is the old image or the new one, whole. The next export to the same place succeeds, and sweeps. */
async function exportProblems({ world, exported }: RoundParts, outcomes: readonly Outcome[]): Promise<string[]> {
  const problems: string[] = [];
  const touched = new Map(outcomes.flatMap(({ built, how }) => (built === undefined || how === undefined ? [] : [[how, built] as const])));
  for (const [how, built] of touched) {
    const path = exportPath(world.places.out, how);
    const known = exported.filter((each) => each.how === how).toReversed();
    if (!(await isWhole(world, path, how, known))) problems.push(`export ${how}: it is neither the old one nor the new one`);
    const outcome = await runAction({ kind: "export", args: exportArgs(built, how, path) }, world.env);
    problems.push(...[complaint(outcome, false) ?? []].flat());
    if (how !== "layout" && how !== "copy" && fingerprint(path) !== (await world.expected.exported(built, how)))
      problems.push(`export ${how}: the next one is not as that of a fresh store`);
  }
  return problems;
}

/** `known`: the newest first. */
async function isWhole({ expected }: World, path: string, how: ExportKind, known: readonly Exported[]): Promise<boolean> {
  const found = fingerprint(path);
  if (found === undefined) return true;
  if (how === "layout") return fingerprint(join(path, "index.json")) === undefined || layoutProblems(path).length === 0;
  if (how === "copy") return await areWholeFiles(expected, path, known);
  for (const { built } of known) if ((await expected.exported(built, how)) === found) return true;
  return false;
}

/** In a folder where images are merged, each file is of one of them. */
async function areWholeFiles(expected: World["expected"], path: string, known: readonly Exported[]): Promise<boolean> {
  const left = filesBelow(path);
  for (const { built } of known) {
    for (const [file, wanted] of await expected.files(built)) if (left.get(file) === wanted) left.delete(file);
    if (left.size === 0) return true;
  }
  return left.size === 0;
}

/** The next command takes away what is left. */
async function sweep({ env, sweeper }: World): Promise<string[]> {
  const outcome = await runAction({ kind: "sweep", args: ["build", "--progress=plain", "--no-cache", ...sweeper] }, env);
  return [complaint(outcome, false) ?? []].flat();
}

/** The next build gives the digest of a fresh store. */
async function digestProblems({ env, expected, folder }: World, outcomes: readonly Outcome[]): Promise<string[]> {
  const problems: string[] = [];
  for (const built of new Set(outcomes.flatMap((outcome) => outcome.built ?? []))) {
    const [found, wanted] = [await digestOf(built, env, folder), await expected.digest(built)];
    if (found !== wanted) problems.push(`${built.name} has the digest ${found}, in a fresh store ${wanted}`);
  }
  return problems;
}
