/** The checks of "It will run". */
import type { AuditCheck } from "../../types.ts";
import { installedCheck } from "./installed.ts";
import { javaCheck } from "./java.ts";
import { librariesCheck } from "./libraries.ts";
import { linksCheck } from "./links.ts";
import { nodeCheck } from "./node.ts";
import { pythonCheck } from "./python.ts";
import { readableCheck } from "./readable.ts";
import { startCheck } from "./start.ts";

/** All of them; they run one after the other. */
export const RUN_CHECKS: readonly AuditCheck[] = [
  startCheck,
  librariesCheck,
  nodeCheck,
  pythonCheck,
  javaCheck,
  readableCheck,
  installedCheck,
  linksCheck,
];
