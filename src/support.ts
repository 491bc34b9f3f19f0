/**
 * What `decant build` does of what BuildKit and docker buildx can do, row by row (F1 to F151). The one place for states and
 * words: errors take their hints from here, docs/reference/support.md is made of it, test/e2e/support.test.ts proves it. Data only.
 */
import { BUILD_ROWS } from "./support-build.ts";
import { LANGUAGE_ROWS } from "./support-language.ts";

/** The number of a row, as in docs/reference/support.md#F22. */
export type SupportId = `F${number}`;

/**
 * "full": as BuildKit does it. "partial": what the note names is refused. "planned": refused with an error, will come. "refused": refused with
 * an error, and meant so. "absent": BuildKit has it neither, and nothing of a Dockerfile or command line asks for it.
 */
export type SupportState = "full" | "partial" | "planned" | "refused" | "absent";

/** Something that is refused. Without `args` it is the last line of the Dockerfile, and the error shows that line. */
export interface RefusedProof {
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

/** Every row, by number. */
export const SUPPORT: readonly SupportRow[] = [...LANGUAGE_ROWS, ...BUILD_ROWS];
