/** Builders elsewhere, as options name them. What they do with a build is said in remote.ts, which knows what a build is. */
import type { Emit } from "../events.ts";

/** Connected builders: see `RemoteSolver`. */
export interface Fleet extends AsyncDisposable {
  readonly addresses: readonly string[];
}

/** What builders are looked up in, and told with. */
export interface BuildersPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Connects to builders. */
export interface Builders {
  /** `named`: those of the project file, which count where nothing else names any. Undefined: the build runs here. Throws `USAGE`, `BUILDER`. */
  open(named: string | undefined, place: BuildersPlace): Promise<Fleet | undefined>;
}
