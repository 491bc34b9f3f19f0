/** System calls and processes (design D5). */
export {
  type OutputTarget,
  type ProcessExit,
  type ProcessOptions,
  type ProcessResult,
  type RunningProcess,
  type RunProcessOptions,
  findTool,
  runProcess,
  startProcess,
} from "./process.ts";
