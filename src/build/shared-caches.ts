/** The caches of a build that travel: read before it is solved, written when its outputs are. */
import type { CacheTarget } from "../caches/index.ts";
import { isOn } from "../dockerfile/index.ts";
import type { SharedResults } from "../engine/index.ts";
import type { Platform } from "../oci/index.ts";
import type { Emit } from "../events.ts";
import type { Session } from "../context/index.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import type { BuildOptions } from "./types.ts";

/** Caches of one build. */
export interface SharedCaches {
  /** For the engine; absent where the build has no such caches. */
  readonly shared?: SharedResults;
  /** What is to be in the configuration of the image; undefined where nothing is. */
  inline(build: Pick<SolvedBuild, "solution">): object | undefined;
  /** Looks through cache mounts that will travel. Throws `SECRET_IN_IMAGE` where one has a secret of the build. */
  check(): Promise<void>;
  /** Writes what the build found. Throws as `exportCaches`. */
  write(builds: readonly Pick<SolvedBuild, "solution">[]): Promise<void>;
}

/** Whose caches they are. */
interface CachingBuild {
  readonly options: Pick<BuildOptions, "cacheFrom" | "cacheTo" | "buildArgs">;
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly session: () => Promise<Session>;
  readonly guard?: SecretGuard | undefined;
}

/** Reads the caches that the options name. Throws as `importCaches` and `openTargets`. */
export async function openCaches(opened: CachingBuild, platforms: readonly Platform[]): Promise<SharedCaches> {
  const { options, cwd, emit, signal } = opened;
  const { cacheFrom = [] } = options;
  const cacheTo = wantedTargets(options);
  if (cacheFrom.length === 0 && cacheTo.length === 0)
    return { inline: () => undefined, check: () => Promise.resolve(), write: () => Promise.resolve() };
  // Loaded when it is needed: most builds have no such caches.
  const { checkMounts, exportCaches, importCaches, inlineCache, openTargets, shareResults } = await import("../caches/index.ts");
  const session = await opened.session();
  const context = {
    store: session.store,
    registry: session.registry,
    network: session.network,
    env: session.env,
    emit,
    signal,
    cwd,
    platforms,
    guard: opened.guard,
  };
  const written = await openTargets(
    cacheTo.filter((target) => target.type !== "inline"),
    context,
  );
  const { shared, found } = shareResults(await importCaches(cacheFrom, context));
  return {
    shared,
    inline: ({ solution }) => (cacheTo.some(({ type }) => type === "inline") ? inlineCache(found, solution.layers) : undefined),
    async check() {
      if (opened.guard !== undefined) await checkMounts(written, found.mounts, context);
    },
    async write(builds) {
      const layers = builds.flatMap(({ solution }) => solution.layers);
      await exportCaches(written, { ...found, layers }, context);
    },
  };
}

/** BUILDKIT_INLINE_CACHE is how older clients ask for a cache in the image. */
function wantedTargets({ cacheTo = [], buildArgs = {} }: CachingBuild["options"]): readonly CacheTarget[] {
  return isOn(buildArgs["BUILDKIT_INLINE_CACHE"]) ? [...cacheTo, { type: "inline" }] : cacheTo;
}
