/** What a build would do, without doing it: which steps hit, which run and why, what is fetched and sent, and how long that took the last time. */
import { pool, AT_ONCE } from "../async.ts";
import type { Session } from "../context/index.ts";
import { type PlannedLayer, type PlannedStep, planSolve } from "../engine/index.ts";
import { noEvents } from "../events.ts";
import type { OutputSpec } from "../image/index.ts";
import { formatPlatform, parseReference } from "../oci/index.ts";
import { findLayer, type LayerSource, packedBlobs } from "../tree/index.ts";
import { checkBuildOptions, checkTargets } from "./check-options.ts";
import { type BuildRun, openBuild, titleOf } from "./open-build.ts";
import { outputsOf } from "./outputs.ts";
import { localContexts } from "./lent-files.ts";
import { checkOpened, prepareBuild } from "./prepare.ts";
import { openCaches } from "./shared-caches.ts";
import { engineContext } from "./solve-graph.ts";
import { allTargets } from "./targets.ts";
import type { BuildOptions } from "./types.ts";

/** A build that has not begun. */
export interface BuildPlan {
  /** By its first tag, else by its context. */
  readonly name: string;
  readonly platforms: readonly string[];
  readonly steps: readonly PlannedStep[];
  /** Compressed layers that the build would fetch: for steps that run, and for outputs that need all layers here. */
  readonly pullBytes: number;
  /** What pushes would send at most. Layers that were never compressed count as they are; of steps that run, what they gave the last time. */
  readonly pushBytes: number;
  /** Layers whose size nobody knows: they are in neither sum. */
  readonly unknownLayers: number;
  /** The longest chain of steps that run, by what they took the last time. */
  readonly expectedMs: number;
  /** Steps that may run and never ran here: they count nothing in `expectedMs`. */
  readonly untimedSteps: number;
}

/** Plans. Only warnings are told. Throws as `runBuild` does before its first step runs, and what asking the registry of a push throws. */
export async function planBuildRun(options: BuildOptions, { signal, emit }: BuildRun): Promise<BuildPlan> {
  const run: BuildRun = { signal, emit: (event) => void (event.type === "warning" && emit(event)) };
  const named = await checkBuildOptions(options, run);
  await using opened = await openBuild(options, run);
  await checkOpened(opened);
  const wanted = named ?? allTargets(options, opened.written);
  if (named === undefined) await checkTargets(wanted, run);
  const prepared = await prepareBuild(opened, wanted);
  const session = await opened.session();
  const platforms = prepared.map(({ conversion }) => conversion.platform);
  const { shared } = await openCaches({ ...opened, options: { ...options, cacheTo: [] } }, platforms);
  await using stack = new AsyncDisposableStack();
  const context = {
    ...engineContext(prepared, { id: "plan", startedAt: Date.now(), shared }, { stack, contexts: localContexts(opened) }),
    emit: noEvents,
  };
  const targets = prepared.map(({ conversion }) => conversion.target);
  const { steps, fetched, targets: results, expectedMs } = await planSolve(targets, context, signal);
  const written = prepared.flatMap(({ target }, at) =>
    target.role === "also" ? [] : [{ outputs: outputsOf(target.options), layers: results[at] ?? [] }],
  );
  const needed = written
    .filter(({ outputs }) => outputs.some(needsAllLayers))
    .flatMap(({ layers }) => layers.flatMap(({ source }) => (source === undefined || isHere(session, source) ? [] : [source])));
  const pulled = sum(
    [...new Map([...fetched, ...needed].map((source) => [source.key, source])).values()].map(({ remote }) => remote?.descriptor.size),
  );
  const sizes: (number | undefined)[] = [];
  for (const { layers, outputs } of written) sizes.push(...(await pushSizes(layers, outputs, session, signal)));
  const pushed = sum(sizes);
  return {
    name: titleOf(opened),
    platforms: [...new Set(platforms.map(formatPlatform))],
    steps,
    pullBytes: pulled.bytes,
    pushBytes: pushed.bytes,
    unknownLayers: pulled.unknown + pushed.unknown,
    expectedMs,
    untimedSteps: steps.filter((step) => step.verdict !== "hit" && step.expectedMs === undefined).length,
  };
}

/** All but those that send the image where its base may be already, or nowhere. */
function needsAllLayers(output: OutputSpec): boolean {
  return output.type !== "cacheonly" && output.type !== "registry" && !(output.type === "image" && output.push && output.store === false);
}

function isHere({ store }: Session, { layer, diffId }: LayerSource): boolean {
  return layer !== undefined || (diffId !== undefined && findLayer(store, diffId) !== undefined);
}

function sum(sizes: readonly (number | undefined)[]): { readonly bytes: number; readonly unknown: number } {
  return {
    bytes: sizes.reduce((all: number, size) => all + (size ?? 0), 0),
    unknown: sizes.filter((size) => size === undefined).length,
  };
}

/** Of each layer and each repository that it goes to: 0 where the registry has it. */
async function pushSizes(
  layers: readonly PlannedLayer[],
  outputs: readonly OutputSpec[],
  session: Session,
  signal: AbortSignal,
): Promise<(number | undefined)[]> {
  const places = new Map<string, ReturnType<typeof parseReference>>();
  for (const output of outputs) {
    if (output.type !== "registry" && !(output.type === "image" && output.push)) continue;
    for (const name of output.names) {
      const reference = parseReference(name);
      places.set(`${reference.registry}/${reference.repository}`, reference);
    }
  }
  const pairs = [...places.values()].flatMap((place) => layers.map((layer) => ({ place, layer })));
  return await pool(
    AT_ONCE,
    pairs,
    async ({ place, layer: { source, expectedBytes } }) => {
      if (source === undefined) return expectedBytes;
      if (source.remote?.registry === place.registry) return 0;
      const { store } = session;
      const blobs =
        source.remote !== undefined ? [source.remote.descriptor] : source.diffId === undefined ? [] : packedBlobs(store, source.diffId);
      const registry = await session.registry();
      for (const { digest } of blobs) if (await registry.hasBlob(place, digest, { signal })) return 0;
      return blobs[0]?.size ?? (source.diffId === undefined ? expectedBytes : store.blobs.size(source.diffId));
    },
    signal,
  );
}
