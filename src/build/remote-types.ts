/** Builders elsewhere, as a build sees them. They are of a room above: whoever calls `build` brings them. */
import type { OpenedBuild } from "./open-build.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { SolvedGraph, StartedBuild } from "./solve-graph.ts";
import type { BuildOptions } from "./types.ts";

/** Runs graphs on other machines. */
export interface RemoteSolver extends AsyncDisposable {
  /** As `solveGraph`. Throws also `BUILDER`. */
  solve(builds: readonly PreparedBuild[], started: StartedBuild): Promise<SolvedGraph>;
}

/** Connects to builders. */
export interface Builders {
  /** `named`: those of the project file, which count where nothing else names any. Undefined: the build runs here. Throws `USAGE`, `BUILDER`. */
  open(named: string | undefined, opened: OpenedBuild<BuildOptions>): Promise<RemoteSolver | undefined>;
}
