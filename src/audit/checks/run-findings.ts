/** The kinds of findings of "It will run". */
import type { FindingKind } from "../types.ts";

/** In the order of docs/audit.md. */
export const RUN_FINDINGS: readonly FindingKind[] = [];
