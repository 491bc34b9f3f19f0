/** One round: several commands at once, which are killed or hindered; then everything is checked. */
import { join } from "node:path";
import { pool } from "../../src/async.ts";
import { isDecantError } from "../../src/errors.ts";
import { machineError } from "../../src/machine-error.ts";
import type { Random } from "../fuzz/random.ts";
import { type Action, chooseAction, exportArgs, type ExportKind, exportPath, LEAVING } from "./actions.ts";
import { capProblems } from "./cap.ts";
import { type Case, STEP_MARK } from "./cases.ts";
import { layoutProblems, storeProblems } from "./check-store.ts";
import { builtHere, digestOf, filesBelow, fingerprint } from "./expected.ts";
import type { Counts } from "./lane-types.ts";
import { leftovers, mountsNow, sandboxesOf } from "./leftovers.ts";
import { complaint, type Outcome, runAction } from "./processes.ts";
import { type Server, startServer } from "./server.ts";
import { beginWeather, chooseWeather, mayFail, type Start, type Weather } from "./weather.ts";
import type { Site, World } from "./world.ts";

/** How long commands take: kills come at any instant of it. Changes as commands end. */
export type Durations = Map<string, number>;

/** What a round needs. */
export interface RoundParts {
  readonly world: World;
  readonly site: Site;
  readonly random: Random;
  readonly counts: Counts;
  readonly durations: Durations;
  /** What was exported, the newest last: one of it is to be found. */
  readonly exported: Exported[];
  /** Of this store: whether commands have written times that are yet to come. */
  readonly clock: { hasJumped: boolean };
}

/** An export that was begun. */
interface Exported {
  readonly built: Case;
  readonly how: ExportKind;
}

const FIRST_MS = 700;
/** What may have removed what they name. */
const MAY_FAIL: ReadonlySet<string> = new Set(["remove", "tag", "save", "copy out"]);

/** Runs a round and gives what is wrong. */
export async function runRound(parts: RoundParts): Promise<string[]> {
  const { world, site, random, counts, durations } = parts;
  const mounts = mountsNow();
  const weather = chooseWeather(random, site.ground);
  if (weather === "clock") parts.clock.hasJumped = true;
  const { outcomes, sandboxes, told } = await runCommands(parts, weather);
  counts.rounds += 1;
  counts.commands += outcomes.filter(({ kind }) => kind !== "serve").length;
  counts.servers += outcomes.filter(({ kind }) => kind === "serve").length;
  counts.killed += outcomes.filter(({ wasKilled }) => wasKilled).length;
  counts.hindered += weather === "kills" ? 0 : outcomes.length;
  counts.failed += weather === "kills" ? 0 : outcomes.filter(({ code }) => code !== 0 && code !== null).length;
  for (const { kind, code, ms } of outcomes) if (code === 0) durations.set(kind, ((durations.get(kind) ?? ms) + ms) / 2);
  const isServerGone = outcomes.some(({ kind, wasKilled }) => kind === "serve" && wasKilled);
  const isExcused = ({ kind }: Outcome): boolean =>
    mayFail(weather) || !site.ground.canRun || MAY_FAIL.has(kind) || (kind === "build at the server" && isServerGone);
  const problems = [
    ...outcomes.flatMap((outcome) => complaint(outcome, isExcused(outcome)) ?? []),
    ...(await exportProblems(parts, outcomes)),
    ...(await sweepProblems(parts, outcomes)),
    ...leftovers(site.left, { mounts, marks: [site.mark, STEP_MARK], sandboxes }),
    ...(await storeProblems(site.left.root, world.folder)),
    ...(await digestProblems(parts, outcomes)),
  ];
  return problems.length === 0 ? [] : [...problems, `  in this round (${weather}):`, ...told.map((line) => `  ${line}`)];
}

interface Ran {
  readonly outcomes: readonly Outcome[];
  /** Of all steps that were seen. */
  readonly sandboxes: ReadonlySet<string>;
  /** What was started, in words. */
  readonly told: readonly string[];
}

/** One to four commands at once, twice in a row: the second time on what the first has left. */
async function runCommands(parts: RoundParts, weather: Weather): Promise<Ran> {
  const { site, world, random } = parts;
  const sandboxes = new Set<string>();
  const told: string[] = [];
  const outcomes: Outcome[] = [];
  using begun = beginWeather(weather, random, { ground: site.ground, folder: world.folder });
  const server = random.chance(0.3) && site.ground.canRun ? await startServer(site.env, join(world.folder, "door")) : undefined;
  for (let volley = 0; volley < 2; volley += 1) {
    const plans = Array.from({ length: 1 + random.below(4) }, () => plan(parts, server, begun.start()));
    told.push(...plans.map(described));
    const serverDies = volley === 1 && server !== undefined && random.chance(0.7);
    const dying = serverDies ? setTimeout(() => server.kill(), random.below(1500)) : undefined;
    const run = await pool(plans.length, plans, async ({ action, start, killAfterMs }) => {
      const outcome = await runAction(action, { ...site.env, ...start.env }, { ...start, killAfterMs });
      for (const name of sandboxesOf(site.left.root)) sandboxes.add(name);
      begun.change();
      return outcome;
    });
    clearTimeout(dying);
    outcomes.push(...run);
  }
  if (server !== undefined) outcomes.push(await server.end());
  return { outcomes, sandboxes, told };
}

interface Plan {
  readonly action: Action;
  readonly killAfterMs?: number | undefined;
  readonly start: Start;
}

function plan({ site, random, durations, exported }: RoundParts, server: Server | undefined, start: Start): Plan {
  const action = chooseAction(random, { ...site.places, server: server?.address });
  if (action.built !== undefined && action.how !== undefined) exported.push({ built: action.built, how: action.how });
  const share = random.below(1000) / 1000;
  // What strace(1) traces outlives it.
  const isKilled = start.fault === undefined && random.chance(0.85);
  return { action, start, killAfterMs: isKilled ? share * 1.1 * (durations.get(action.kind) ?? FIRST_MS) : undefined };
}

function described({ action, killAfterMs, start: { fault, under = [] } }: Plan): string {
  const how = [
    ...(fault === undefined ? [] : [JSON.stringify(fault)]),
    ...(killAfterMs === undefined ? [] : [`killed after ${Math.round(killAfterMs)} ms`]),
    ...under,
  ];
  return `${how.join(" ")}: decant ${action.args.join(" ")}`;
}

/** What was exported is the old image or the new one, whole. The next export to the same place succeeds, and sweeps. */
async function exportProblems({ world, site, exported }: RoundParts, outcomes: readonly Outcome[]): Promise<string[]> {
  const problems: string[] = [];
  const touched = new Map(outcomes.flatMap(({ built, how }) => (built === undefined || how === undefined ? [] : [[how, built] as const])));
  for (const [how, built] of touched) {
    const path = exportPath(site.places.out, how);
    const known = exported.filter((each) => each.how === how).toReversed();
    if (!(await isWhole(world, path, how, known))) problems.push(`export ${how}: it is neither the old one nor the new one`);
    const outcome = await runAction({ kind: "export", args: exportArgs(built, how, path) }, site.env);
    problems.push(...[complaint(outcome, !site.ground.canRun) ?? []].flat());
    if (outcome.code === 0 && how !== "layout" && how !== "copy" && fingerprint(path) !== (await world.expected.exported(built, how)))
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

/** The next command takes away what is left; of files outside of the store, the next one that writes there. */
async function sweepProblems(parts: RoundParts, outcomes: readonly Outcome[]): Promise<string[]> {
  const { world, site } = parts;
  const problems: string[] = [];
  for (const outcome of outcomes.filter(({ kind, code }) => LEAVING.has(kind) && code !== 0))
    problems.push(...[complaint(await runAction(outcome, site.env), true) ?? []].flat());
  try {
    await builtHere({ ...world.sweeper, root: site.left.root });
    const { capBytes } = site;
    // What was used at a time that is yet to come counts as used now.
    if (capBytes !== undefined && !parts.clock.hasJumped)
      problems.push(...(await capProblems(site.left.root, { capBytes, inFlightBytes: world.sweeperBytes })));
  } catch (error) {
    if (site.ground.canRun) problems.push(`the next build fails: ${messageOf(error)}`);
  }
  return problems;
}

/** The next build gives the digest of a fresh store. */
async function digestProblems({ world, site }: RoundParts, outcomes: readonly Outcome[]): Promise<string[]> {
  const problems: string[] = [];
  for (const built of new Set(outcomes.flatMap((outcome) => outcome.built ?? []))) {
    const wanted = await world.expected.digest(built);
    try {
      const found = await digestOf(built, site.left.root);
      if (found !== wanted) problems.push(`${built.name} has the digest ${found}, in a fresh store ${wanted}`);
    } catch (error) {
      if (site.ground.canRun || !isDecantError(machineError(error)))
        problems.push(`${built.name} cannot be built any more: ${messageOf(error)}`);
    }
  }
  return problems;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
