/** The caches of a build that travel: read before it is solved, written when its outputs are. */
import { exportCaches, importCaches, shareResults } from "../caches/index.ts";
import type { SharedResults } from "../engine/index.ts";
import type { OpenedBuild } from "./open-build.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import type { BuildOptions } from "./types.ts";

/** Caches of one build. */
interface SharedCaches {
  /** For the engine; absent where the build has no such caches. */
  readonly shared?: SharedResults;
  /** Writes what the build found. Throws as `exportCaches`. */
  write(builds: readonly SolvedBuild[]): Promise<void>;
}

/** Reads the caches that the options name. Throws as `importCaches`. */
export async function openCaches(opened: OpenedBuild<BuildOptions>): Promise<SharedCaches> {
  const { options, cwd, emit, signal } = opened;
  const { cacheFrom = [], cacheTo = [] } = options;
  if (cacheFrom.length === 0 && cacheTo.length === 0) return { write: () => Promise.resolve() };
  const session = await opened.session();
  const context = { store: session.store, registry: session.registry, emit, signal, cwd };
  const { shared, found } = shareResults(await importCaches(cacheFrom, context));
  return {
    shared,
    async write(builds) {
      const layers = builds.flatMap(({ solution }) => solution.layers);
      await exportCaches(cacheTo, { ...found, layers }, context);
    },
  };
}
