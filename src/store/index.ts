/** The content store (decision 4). */
export { openStoreToLook } from "./look-only.ts";
export { diskBytes } from "./kept-bytes.ts";
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
  StoreEntry,
  StoreProblem,
} from "./types.ts";
