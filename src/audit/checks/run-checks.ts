/** The checks of "It will run". */
import type { AuditCheck } from "../types.ts";
import { javaCheck } from "./run-java.ts";
import { librariesCheck } from "./run-libraries.ts";
import { linksCheck } from "./run-links.ts";
import { nodeCheck } from "./run-node.ts";
import { pythonCheck } from "./run-python.ts";
import { startCheck } from "./run-start.ts";

/** All of them; they run one after the other. */
export const RUN_CHECKS: readonly AuditCheck[] = [startCheck, librariesCheck, nodeCheck, pythonCheck, javaCheck, linksCheck];
