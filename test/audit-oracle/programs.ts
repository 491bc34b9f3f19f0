/** All programs that the oracle starts. */
import { JAVA_PROGRAMS } from "./programs-java.ts";
import { NODE_PROGRAMS } from "./programs-node.ts";
import { PYTHON_PROGRAMS } from "./programs-python.ts";
import type { Program } from "./types.ts";

/** In the order in which they take turns. */
export const PROGRAMS: readonly Program[] = [...NODE_PROGRAMS, ...PYTHON_PROGRAMS, ...JAVA_PROGRAMS];
