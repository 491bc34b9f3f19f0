/** A step of a probe in the code of one kind of processor. */

/** A machine instruction, or a label in front of the next one. */
export interface EncodedStep {
  readonly bytes: readonly number[];
  readonly label?: string;
  /** It needs the way to a label or constant, in bytes from its own start. */
  readonly refers?: { readonly to: string; readonly patch: (bytes: readonly number[], distance: number) => number[] };
}
