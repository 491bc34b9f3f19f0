/** What a row of the support table says (support.ts). */

/** The number of a row, as in docs/reference/support.md#F22. */
export type SupportId = `F${number}`;

/**
 * "full": as BuildKit does it. "partial": what the note names is refused. "planned": refused with an error, will come. "refused": refused with
 * an error, and meant so. "absent": BuildKit has it neither, and nothing of a Dockerfile or command line asks for it.
 */
export type SupportState = "full" | "partial" | "planned" | "refused" | "absent";

/** Something that is refused. Without `args` it is the last line of the Dockerfile, and the error shows that line. */
interface RefusedProof {
  /** Default: `FROM scratch`. */
  readonly dockerfile?: string;
  /** Words of `decant build` before the context. */
  readonly args?: readonly string[];
}

/** One capability. */
export interface SupportRow {
  readonly id: SupportId;
  readonly title: string;
  readonly state: SupportState;
  readonly note?: string;
  /** What to do instead, for errors that bring no hint of their own. */
  readonly hint?: string | undefined;
  /** A Dockerfile that becomes a graph. */
  readonly builds?: string;
  readonly refuses?: readonly RefusedProof[];
}
