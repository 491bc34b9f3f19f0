/** The content store (decision 4). */
export { openStoreToLook } from "./look-only.ts";
export { defaultStoreRoot } from "./root.ts";
export { removeTree } from "./remove-tree.ts";
export { openStore } from "./store.ts";
export type {
  BuildRecord,
  CacheKind,
  GcPolicy,
  History,
  KeptBytes,
  PartialBlob,
  PruneResult,
  Ref,
  StagedDirectory,
  Store,
  StoreCheck,
  StoreProblem,
} from "./types.ts";
