/** The checks of "It is distroless". */
import type { AuditCheck } from "../types.ts";
import { leftoversCheck } from "./distroless-leftovers.ts";
import { programsCheck } from "./distroless-programs.ts";
import { rightsCheck } from "./distroless-rights.ts";

/** All of them; they run one after the other. */
export const DISTROLESS_CHECKS: readonly AuditCheck[] = [programsCheck, rightsCheck, leftoversCheck];
