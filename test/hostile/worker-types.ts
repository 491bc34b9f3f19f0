/** What `run.ts` and the process of a target say to each other. */

/** What to try. */
export interface WorkerInput {
  readonly name: string;
  /** The number of the first case. */
  readonly seed: number;
  readonly seconds: number;
  readonly count: number;
  /** Where it may write. */
  readonly folder: string;
}

/** What was tried. */
export interface WorkerResult {
  readonly cases: number;
  readonly seconds: number;
  /** Of the processor. */
  readonly cpuSeconds: number;
  readonly faults: readonly { readonly seed: number; readonly problem: string; readonly file: string }[];
}
