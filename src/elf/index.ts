/** ELF files as a dynamic loader sees them, and the loader's cache. */
export type { ElfFile } from "./types.ts";
export { type ElfMachine, elfMachineOf, isForMachine, machineName } from "./machines.ts";
export { type ElfHead, readElfHead, treeElf, treeElfHead } from "./elf-head.ts";
export { isStaticProgram } from "./host-file.ts";
export { isElf } from "./header.ts";
export {
  type CachedLibrary,
  cacheFlags,
  compareLibraryNames,
  formatLdCache,
  isOwnLdCache,
  type LdCacheEntry,
  parseLdCache,
} from "./ld-cache.ts";
