/** What `run.ts` and its lanes say to each other. */

/** What a lane does. */
export interface LaneInput {
  readonly seed: number;
  readonly seconds: number;
  /** Names of file systems, in their turn. */
  readonly grounds: readonly string[];
}

/** What was done. */
export interface Counts {
  rounds: number;
  commands: number;
  /** Commands and servers that got SIGKILL before they ended. */
  killed: number;
  servers: number;
  /** Commands under another weather than kills alone. */
  hindered: number;
  /** Commands that said an error because of it. */
  failed: number;
}

/** What a lane says after a round. */
export interface LaneReport {
  readonly ground: string;
  readonly counts: Counts;
  readonly problems: readonly string[];
}

/** Nothing done yet. */
export function noCounts(): Counts {
  return { rounds: 0, commands: 0, killed: 0, servers: 0, hindered: 0, failed: 0 };
}

/** Adds what was done. */
export function add(sum: Counts, more: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += more[name];
}
