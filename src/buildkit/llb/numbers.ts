/** The enumerations of LLB: an index is the number on the wire. */
import type { CacheSharing, ExecOp, Mount, NetworkMode } from "../../graph/index.ts";

/** By NetMode. */
export const NETWORKS: readonly NetworkMode[] = ["sandbox", "host", "none"];
/** By SecurityMode. */
export const SECURITY: readonly ExecOp["security"][] = ["sandbox", "insecure"];
/** By MountType. */
export const MOUNT_TYPES: readonly Mount["type"][] = ["bind", "secret", "ssh", "cache", "tmpfs"];
/** By CacheSharingOpt. */
export const SHARINGS: readonly CacheSharing[] = ["shared", "private", "locked"];
