/** Several builders as one: each platform of a build goes to a node that can have it and has least to do; a lost node's work goes to another. */
import { createHash } from "node:crypto";
import { AT_ONCE, allSettledOf, pool } from "../../async.ts";
import type { Builders, OpenedBuild, PreparedBuild, RemoteSolver, SolvedBuild, SolvedGraph, StartedBuild } from "../../build/index.ts";
import type { BuildOptions } from "../../build/index.ts";
import { type DecantError, isDecantError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { formatPlatform, type Platform, platformRank } from "../../oci/index.ts";
import { reachable, type Vertex } from "../../graph/index.ts";
import { step } from "../../step.ts";
import { type BuilderAddress, parseBuilders } from "./address.ts";
import { builderError, type DialOptions } from "./dial.ts";
import { type BuilderNode, openNode } from "./node.ts";
import { type ToldSteps, toldSteps } from "./told-steps.ts";
import { checkTarget, NodeLost, type RanTarget, type ReadyTarget, readyTarget, runTarget } from "./run-target.ts";

/** The builders that `text` names; without it those that DECANT_BUILDER names, then those of the project file. */
export function buildersOf(text: string | undefined): Builders {
  return {
    async open(named, opened) {
      const { env = process.env } = opened.options;
      const wanted = text ?? (env["DECANT_BUILDER"] || named);
      return wanted === undefined || wanted === "" ? undefined : await openFleet(parseBuilders(wanted), opened);
    },
  };
}

interface FleetNode {
  readonly node: BuilderNode;
  /** Targets of ours that it works on. */
  working: number;
  isLost: boolean;
}

async function openFleet(addresses: readonly BuilderAddress[], opened: OpenedBuild<BuildOptions>): Promise<RemoteSolver> {
  const { options, cwd, emit, signal } = opened;
  const fleet: FleetNode[] = [];
  const close = async (): Promise<void> => {
    await allSettledOf(fleet.map(async ({ node }) => await node[Symbol.asyncDispose]()));
  };
  try {
    const nodes = await openNodes(addresses, { cwd, env: options.env ?? process.env }, { emit, signal });
    fleet.push(...nodes.map((node) => ({ node, working: 0, isLost: false })));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    solve: (builds, started) => solveThere(fleet, builds, started),
    [Symbol.asyncDispose]: close,
  };
}

/** All that answer. Throws what the last one said where none does. */
async function openNodes(
  addresses: readonly BuilderAddress[],
  options: DialOptions,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<BuilderNode[]> {
  const failures: DecantError[] = [];
  const opened = await pool(
    AT_ONCE,
    addresses,
    async (one) => {
      const vertex = `builder ${one.address}`;
      try {
        return await step(emit, { vertex, name: `[internal] connecting to ${one.address}` }, signal, () => openNode(one, options, signal));
      } catch (error) {
        if (!isDecantError(error, "BUILDER")) throw error;
        failures.push(error);
        return undefined;
      }
    },
    signal,
  );
  const nodes = opened.filter((node) => node !== undefined);
  const [failure] = failures;
  if (nodes.length === 0 && failure !== undefined) throw failure;
  for (const { message } of failures) emit({ type: "warning", code: "BuilderLost", message: `${message}. The other builders go on` });
  return nodes;
}

async function solveThere(fleet: readonly FleetNode[], builds: readonly PreparedBuild[], started: StartedBuild): Promise<SolvedGraph> {
  const counts = { executed: 0, cached: 0 };
  const solveOne = async (build: PreparedBuild): Promise<SolvedBuild> => {
    const { target } = build.conversion;
    if (target === undefined) return { ...build, started, solution: { layers: [], layersOf: () => undefined, materials: [] } };
    const { solution, executed, cached } = await runSomewhere(fleet, build, target);
    counts.executed += executed;
    counts.cached += cached;
    return { ...build, started, solution };
  };
  const [first] = builds;
  const solved = await pool(AT_ONCE, builds, solveOne, first?.opened.signal);
  return { builds: solved, ...counts };
}

async function runSomewhere(fleet: readonly FleetNode[], build: PreparedBuild, target: Vertex): Promise<RanTarget> {
  const { emit, signal } = build.opened;
  await using ready = await readyTarget(build, target);
  const { guard } = build.opened;
  const steps = toldSteps(target, { emit, mask: (text) => guard?.masked(text) ?? text, signal });
  try {
    return await runUntilDone(fleet, ready, steps);
  } catch (error) {
    await steps.end(signal.aborted ? signal.reason : error);
    throw error;
  }
}

async function runUntilDone(fleet: readonly FleetNode[], ready: ReadyTarget, steps: ToldSteps): Promise<RanTarget> {
  const { build } = ready;
  const { emit, signal } = build.opened;
  let lost: NodeLost | undefined;
  for (;;) {
    const chosen = await choose(fleet, build, signal);
    if (chosen === undefined) throw noNode(fleet, build, lost);
    checkTarget(chosen.node, ready);
    chosen.working += 1;
    try {
      if (fleet.length > 1) await tellNode(chosen.node, build);
      return await runTarget(chosen.node, ready, steps);
    } catch (error) {
      if (!(error instanceof NodeLost)) throw error;
      signal.throwIfAborted();
      chosen.isLost = true;
      lost = error;
      if (fleet.some((one) => !one.isLost && rankOf(one, build) !== undefined))
        emit({ type: "warning", code: "BuilderLost", message: `${error.message}: its steps go to another builder` });
    } finally {
      chosen.working -= 1;
    }
  }
}

/** With several builders people want to know which one it is. */
async function tellNode({ address }: BuilderNode, { opened, platform }: PreparedBuild): Promise<void> {
  const { emit, signal } = opened;
  const name = `[internal] steps for ${formatPlatform(platform)} run on ${address}`;
  await step(emit, { vertex: name, name }, signal, () => Promise.resolve());
}

function noNode(fleet: readonly FleetNode[], build: PreparedBuild, lost: NodeLost | undefined): DecantError {
  const wanted = platformsToRun(build).map(formatPlatform).join(" and ");
  const names = fleet.map(({ node }) => node.address).join(", ");
  if (lost !== undefined) return builderError(names, `${lost.message}, and no other builder is left${wanted === "" ? "" : ` for ${wanted}`}`, { cause: lost });
  const have = fleet.map(({ node }) => `${node.address} has ${node.facts.platforms.map(formatPlatform).join(", ")}`).join("; ");
  return builderError(names, `none of them runs steps for ${wanted}: ${have}`);
}

/** Of the steps that run programs: files are the same for all processors. */
function platformsToRun({ conversion, platform }: PreparedBuild): readonly Platform[] {
  if (conversion.target === undefined) return [platform];
  const execs = reachable(conversion.target).filter(({ op }) => op.kind === "exec");
  return [...new Map(execs.map((vertex) => [formatPlatform(vertex.platform), vertex.platform])).values()];
}

/** Lower is better; undefined where it cannot run all of the steps. */
function rankOf({ node }: FleetNode, build: PreparedBuild): number | undefined {
  let sum = 0;
  for (const wanted of platformsToRun(build)) {
    const ranks = node.facts.platforms.flatMap((have) => platformRank(have, wanted) ?? []);
    if (ranks.length === 0) return undefined;
    sum += Math.min(...ranks);
  }
  return sum;
}

/** The best platform first, then the least work, then the same one each time: it has the results of the last build. */
async function choose(fleet: readonly FleetNode[], build: PreparedBuild, signal: AbortSignal): Promise<FleetNode | undefined> {
  const able = fleet.filter((one) => !one.isLost && rankOf(one, build) !== undefined);
  if (able.length < 2) return able[0];
  const title = build.opened.folder ?? build.opened.context.title;
  const weighed = await pool(
    AT_ONCE,
    able,
    async (one) => {
      const others = await one.node.load(signal).catch(() => 0);
      const affinity = createHash("sha256").update(`${one.node.address} ${title}`).digest("hex");
      return { one, rank: rankOf(one, build) ?? 0, work: Math.max(one.working, others), affinity };
    },
    signal,
  );
  return weighed.toSorted((a, b) => a.rank - b.rank || a.work - b.work || (a.affinity < b.affinity ? -1 : 1))[0]?.one;
}
