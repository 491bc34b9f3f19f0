export { isTarBlock } from "./file/unpack.ts";
export { changesOfRecords } from "./miss-reason.ts";
export { type PlannedLayer, type PlannedStep, planSolve } from "./plan-solve.ts";
export { solve, type Solution, type Solved } from "./solver.ts";
export { heldCacheMount } from "./ops/cache-mounts.ts";
export { hashReadFiles } from "./selections.ts";
export { pathChanges } from "./path-changes.ts";
export { readIgnorePatterns } from "./ops/ignore-file.ts";
export { type LayerContext, localSources, type LocalContext } from "./ops/local-source.ts";
export { gitCheckout, gitMaterial, gitSources } from "./ops/git-source.ts";
export { blobMode, httpSources } from "./ops/http-source.ts";
export type { SourceAccess } from "./ops/source-secrets.ts";
export { CDI_FOLDERS, type DeviceAccess, type DeviceAllowance, openDevices } from "./devices/index.ts";
export {
  createSandbox,
  emulationOf,
  examineMachine,
  hostCaCertificates,
  isHarmlessDevice,
  resolveUser,
  sweepSandboxes,
} from "./sandbox/index.ts";
export type * from "./sandbox/index.ts";
export { converse, readSshKey } from "./ssh/index.ts";
export type * from "./ssh/index.ts";
export type * from "./types.ts";
