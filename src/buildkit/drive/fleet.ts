/** Several builders as one: each platform of a build goes to a node that can have it and has least to do; a lost node's work goes to another. */
import { createHash } from "node:crypto";
import { AT_ONCE, allSettledOf, pool } from "../../async.ts";
import {
  type Builders,
  type BuildersPlace,
  type PreparedBuild,
  readFilesOf,
  type RemoteSolver,
  type SolvedBuild,
  type SolvedGraph,
  type StartedBuild,
} from "../../build/index.ts";
import { type DecantError, isDecantError, unsupported } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { formatPlatform, type Platform, platformRank } from "../../oci/index.ts";
import { reachable, type SourceOp, type Vertex } from "../../graph/index.ts";
import { given } from "../../given.ts";
import type { Material, Solution } from "../../engine/index.ts";
import { step } from "../../step.ts";
import type { LayerSource } from "../../tree/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import { type BuilderAddress, parseBuilders } from "./address.ts";
import { builderError } from "./dial.ts";
import { type BuilderNode, openNode } from "./node.ts";
import { type ToldSteps, toldSteps } from "./told-steps.ts";
import { checkTarget, NodeLost, type RanTarget, type ReadyTarget, readyTarget, runTarget } from "./run-target.ts";

/** The builders that `text` names; without it those that DECANT_BUILDER names, then those of the project file. */
export function buildersOf(text: string | undefined): Builders {
  return {
    async open(named, place) {
      const wanted = text ?? (place.env["DECANT_BUILDER"] || named);
      return wanted === undefined || wanted === "" ? undefined : await openFleet(parseBuilders(wanted), place);
    },
  };
}

interface FleetNode {
  readonly node: BuilderNode;
  /** Targets of ours that it works on. */
  working: number;
  isLost: boolean;
}

async function openFleet(addresses: readonly BuilderAddress[], place: BuildersPlace): Promise<RemoteSolver> {
  const fleet: FleetNode[] = [];
  const close = async (): Promise<void> => {
    await allSettledOf(fleet.map(async ({ node }) => await node[Symbol.asyncDispose]()));
  };
  try {
    const nodes = await openNodes(addresses, place);
    fleet.push(...nodes.map((node) => ({ node, working: 0, isLost: false })));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: addresses.map(({ address }) => address),
    solve: (builds, started) => solveThere(fleet, builds, started),
    [Symbol.asyncDispose]: close,
  };
}

/** All that answer. Throws what the last one said where none does. */
async function openNodes(addresses: readonly BuilderAddress[], place: BuildersPlace): Promise<BuilderNode[]> {
  const { emit, signal } = place;
  const failures: DecantError[] = [];
  const opened = await pool(
    AT_ONCE,
    addresses,
    async (one) => {
      const vertex = `builder ${one.address}`;
      try {
        return await step(emit, { vertex, name: `[internal] connecting to ${one.address}` }, signal, () => openNode(one, place, signal));
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
  const planned = new Set<string>();
  const ids = builds.map(({ conversion }, at) => stepIds(conversion.target, `result ${at + 1}`, planned));
  const solveOne = async ([build, idOf]: readonly [PreparedBuild, StepId]): Promise<SolvedBuild> => {
    const { target } = build.conversion;
    if (target === undefined)
      return { ...build, started, finishedAt: Date.now(), solution: { layers: [], layersOf: () => undefined, materials: [], read: [] } };
    checkMaterials(build, target);
    const { solution, executed, cached } = await runSomewhere(fleet, build, { target, idOf });
    counts.executed += executed;
    counts.cached += cached;
    const stages = await otherStages(fleet, build, solution);
    const layersOf: Solution["layersOf"] = (id) => solution.layersOf(id) ?? stages.get(id);
    const materials = knownMaterials(target, solution);
    const { provenance, metadataProvenance } = build.opened.options;
    // A builder does not say what its steps read. Provenance does, so that the image can be built once more.
    const read = provenance === undefined && metadataProvenance === undefined ? [] : await readFilesOf(build);
    return { ...build, started, finishedAt: Date.now(), solution: { ...solution, layersOf, materials, read } };
  };
  const [first] = builds;
  const work = builds.map((build, at) => [build, ids[at] ?? idItself] as const);
  return { builds: await pool(AT_ONCE, work, solveOne, first?.opened.signal), ...counts };
}

type StepId = (vertex: Vertex) => string;

const idItself: StepId = ({ id }) => id;

/** Platforms and targets may have steps in common: a builder runs them once, and tells them for each. */
function stepIds(target: Vertex | undefined, result: string, planned: Set<string>): StepId {
  const own = new Map<string, string>();
  for (const { id } of target === undefined ? [] : reachable(target)) {
    own.set(id, planned.has(id) ? `${result} ${id}` : id);
    planned.add(id);
  }
  return ({ id }) => own.get(id) ?? id;
}

/** Other stages come here only where somebody looks at them: audits, and SBOMs of stages. */
async function otherStages(
  fleet: readonly FleetNode[],
  build: PreparedBuild,
  solution: Solution,
): Promise<ReadonlyMap<string, readonly LayerSource[]>> {
  const { options, context, emit } = build.opened;
  const found = new Map<string, readonly LayerSource[]>();
  const scansStages = options.sbom !== undefined && (SCAN in (options.buildArgs ?? {}) || context.dockerfile.bytes.includes(SCAN));
  if (options.audit === undefined && !scansStages) return found;
  for (const { name, vertex } of build.conversion.stages) {
    if (vertex === undefined || solution.layersOf(vertex.id) !== undefined) continue;
    if (vertex.op.kind === "source") continue;
    const idOf: StepId = ({ id }) => `stage ${name} ${id}`;
    const ran = await runSomewhere(fleet, { ...build, opened: { ...build.opened, emit: withoutSteps(emit) } }, { target: vertex, idOf });
    found.set(vertex.id, ran.solution.layers);
  }
  return found;
}

const SCAN = "BUILDKIT_SBOM_SCAN_STAGE";

/** The steps have been told already. */
function withoutSteps(emit: Emit): Emit {
  return (event) => {
    if (event.type === "warning") emit(event);
  };
}

/** What is known without asking the builder: files that the Dockerfile pins by their digests. */
function knownMaterials(target: Vertex, { materials }: Solution): Solution["materials"] {
  const pinned = reachable(target).flatMap(({ op }) => (op.kind === "source" ? (pinnedMaterial(op) ?? []) : []));
  return [...materials, ...pinned];
}

function pinnedMaterial({ identifier, attrs }: SourceOp): Material | undefined {
  const [, algorithm, hex] = /^(sha\d+):([0-9a-f]+)$/.exec(attrs["http.checksum"] ?? "") ?? [];
  if (/^https?:/.test(identifier) && algorithm !== undefined && hex !== undefined)
    return { uri: publicUrl(identifier), digest: { [algorithm]: hex } };
  return undefined;
}

/** Provenance that leaves out what the builder fetched would be wrong. Throws `UNSUPPORTED`. */
function checkMaterials({ opened }: PreparedBuild, target: Vertex): void {
  if (opened.options.provenance === undefined) return;
  const open = reachable(target).find(
    ({ op }) => op.kind === "source" && /^(?:https?|git):/.test(op.identifier) && pinnedMaterial(op) === undefined,
  );
  if (open === undefined) return;
  throw unsupported(`--provenance together with --builder, for what ${open.meta.name} fetches,`, {
    row: "F146",
    hint: "Pin the file with ADD --checksum, leave out --provenance, or build here, without --builder",
    ...given({ source: open.meta.source }),
  });
}

async function runSomewhere(
  fleet: readonly FleetNode[],
  build: PreparedBuild,
  { target, idOf }: { readonly target: Vertex; readonly idOf: StepId },
): Promise<RanTarget> {
  const { emit, guard, signal } = build.opened;
  await using ready = await readyTarget(build, target);
  const steps = toldSteps(target, { idOf, emit, mask: (text) => guard?.masked(text) ?? text, signal });
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
  if (lost !== undefined)
    return builderError(names, `${lost.message}, and no other builder is left${wanted === "" ? "" : ` for ${wanted}`}`, { cause: lost });
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
