/** The checks of "It is distroless". */
import type { AuditCheck } from "../../types.ts";
import { credentialsCheck } from "./credentials.ts";
import { leftoversCheck } from "./leftovers.ts";
import { nodeCheck } from "./node.ts";
import { programsCheck } from "./programs.ts";
import { rightsCheck } from "./rights.ts";
import { secretsCheck } from "./secrets.ts";

/** All of them; they run one after the other. */
export const DISTROLESS_CHECKS: readonly AuditCheck[] = [
  secretsCheck,
  credentialsCheck,
  programsCheck,
  rightsCheck,
  nodeCheck,
  leftoversCheck,
];
