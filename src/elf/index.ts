/** ELF files as a dynamic loader sees them. */
export type { ElfClass, ElfEndian, ElfFile, ElfReader, ElfType, LibraryVersions, VersionNeed } from "./types.ts";
export { type ElfMachine, elfMachineOf, isForMachine, machineName } from "./machines.ts";
export { ELF_MAGIC_BYTES, isElf } from "./header.ts";
export { readElf } from "./read-elf.ts";
export { treeElfReader } from "./tree-reader.ts";
