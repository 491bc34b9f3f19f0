/** The content store (decision 4). */
export { removeTree } from "./remove-tree.ts";
export { openStoreToLook } from "./look-only.ts";
export { defaultStoreRoot } from "./root.ts";
export { type StoreOptions, openStore } from "./store.ts";
export type {
  BlobFile,
  BlobStore,
  BuildRecord,
  Directories,
  History,
  ImageNames,
  Locks,
  NamedImage,
  PruneResult,
  Records,
  Ref,
  StagedDirectory,
  Store,
} from "./types.ts";
