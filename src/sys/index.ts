/** System calls and processes (decision 5). */
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
export { type BytePath } from "./byte-path.ts";
export { openConfined } from "./confined.ts";
export { type FilePosition, copyRange } from "./copy-range.ts";
export { attachDeviceFilter, type DeviceRule } from "./device-filter.ts";
export { clearProtectedFlags } from "./file-flags.ts";
export { tryFlock, unlockFlock } from "./flock.ts";
export { type NodeOptions, joinDevice, makeNode, splitDevice } from "./node.ts";
export { type FileTime, setTimes } from "./times.ts";
export { makeTemporaryFolder, sweepTemporaryFolders, type TemporaryFolder } from "./temporary-folder.ts";
export { hasWriters } from "./writers.ts";
export { getXattr, listXattrs, readXattrs, removeXattr, setXattr } from "./xattr.ts";
export {
  isolateMounts,
  limitMount,
  mountBind,
  mountDescriptor,
  type MountLimits,
  mountOverlay,
  mountTmpfs,
  type OverlayMount,
  unmount,
} from "./mount.ts";
export { createPipe, enterPids, type Pipe, setUmask, unshareMounts, unsharePids } from "./namespace.ts";
export {
  checkNamedFile,
  type FileLimits,
  type FilePlace,
  type FileProblem,
  type NamedFile,
  openNamedFile,
  pathOfPlace,
  placeOf,
  placeWithin,
  readNamedFile,
  readNamedFileSync,
} from "./named-file.ts";
