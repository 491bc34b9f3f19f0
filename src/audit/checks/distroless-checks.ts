/** The checks of "It is distroless". */
import type { AuditCheck } from "../types.ts";
import { credentialsCheck } from "./distroless-credentials.ts";
import { leftoversCheck } from "./distroless-leftovers.ts";
import { nodeCheck } from "./distroless-node.ts";
import { programsCheck } from "./distroless-programs.ts";
import { rightsCheck } from "./distroless-rights.ts";
import { secretsCheck } from "./distroless-secrets.ts";

/** All of them; they run one after the other. */
export const DISTROLESS_CHECKS: readonly AuditCheck[] = [
  secretsCheck,
  credentialsCheck,
  programsCheck,
  rightsCheck,
  nodeCheck,
  leftoversCheck,
];
