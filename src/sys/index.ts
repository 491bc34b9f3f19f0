/** System calls and processes (decision 5). */
export {
  type ProcessOptions,
  type ProcessResult,
  type RunningProcess,
  findSystemTool,
  findTool,
  runProcess,
  startProcess,
} from "./process.ts";
export { type ChildUsage, childUsage } from "./child-usage.ts";
export { openConfined } from "./confined.ts";
export {
  type FileStat,
  inside,
  type InsidePath,
  listInside,
  openInside,
  removeInside,
  removeWhole,
  reopenInside,
  statInside,
} from "./inside.ts";
export { checkIds, hasGroup, type IdMaps, idsCommand, isRootHere, ownerInside, ownIdMaps } from "./ids.ts";
export { namespaceLimit } from "./namespace-limit.ts";
export { type NamespaceProcess, runInUserNamespace, startInUserNamespace } from "./user-namespace.ts";
export { copyRange } from "./copy-range.ts";
export { attachDeviceFilter, type DeviceRule } from "./device-filter.ts";
export { isIsalInstalled } from "./isal-file.ts";
export { findIsal, type Isal, IsalDamage, type IsalInflate } from "./isal.ts";
export { endProcess } from "./end-process.ts";
export { exchangePaths } from "./exchange-paths.ts";
export { clearProtectedFlags } from "./file-flags.ts";
export { lockFolder, tryFlock } from "./flock.ts";
export { joinDevice, makeNode, splitDevice } from "./node.ts";
export { makeFolders } from "./make-folders.ts";
export { placeLink } from "./place-link.ts";
export { type FileTime, setTimes } from "./times.ts";
export { makeTemporaryFolder, sweepTemporaryFolders, type TemporaryFolder } from "./temporary-folder.ts";
export { makeUnfinished } from "./unfinished.ts";
export { hasWriters } from "./writers.ts";
export { getXattr, listXattrs, readXattrs, setXattr } from "./xattr.ts";
export {
  isOnOverlay,
  isolateMounts,
  limitMount,
  mountBind,
  mountDescriptor,
  type MountLimits,
  mountOverlay,
  mountProc,
  mountTmpfs,
  unmount,
} from "./mount.ts";
export { createPipe, enterPids, makeNetwork, type Pipe, setUmask, unshareMounts, unsharePids } from "./namespace.ts";
export {
  checkNamedFile,
  type FilePlace,
  type FileProblem,
  openNamedFile,
  pathOfPlace,
  placeOf,
  placeWithin,
  readNamedFile,
  readNamedFileSync,
} from "./named-file.ts";
export { textIfThere } from "./read-text.ts";
