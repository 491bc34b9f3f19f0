/** The checks of "It will run". */
import type { AuditCheck } from "../types.ts";

/** All of them; they run one after the other. */
export const RUN_CHECKS: readonly AuditCheck[] = [];
