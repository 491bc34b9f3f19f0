/** What the other rooms see of an ELF file (gABI chapters 4 and 5, and the GNU version extensions). Plain values. */

/** Ranged reading of one file. May give fewer bytes than asked for only at the end of the file. */
export interface ElfReader {
  /** Bytes of the whole file. */
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Word size in bits. */
export type ElfClass = 32 | 64;
/** Byte order. */
export type ElfEndian = "little" | "big";
/** e_type. A program may be "executable" or, when it is position-independent, "shared". */
export type ElfType = "relocatable" | "executable" | "shared" | "core" | "other";

/** One version of a library that an object wants: GLIBC_2.34. */
export interface VersionNeed {
  readonly name: string;
  /** The loader says nothing when a weak one is missing. */
  readonly weak: boolean;
}

/** All versions of one library that an object wants. */
export interface LibraryVersions {
  /** As in `needed`: "libc.so.6". */
  readonly library: string;
  readonly versions: readonly VersionNeed[];
}

/** What the dynamic loader would read of a file. Strings are in one-char-per-byte form. */
export interface ElfFile {
  readonly class: ElfClass;
  readonly endian: ElfEndian;
  /** e_machine: 62 is x86-64. */
  readonly machine: number;
  /** e_flags: the float ABI of ARM is here. */
  readonly flags: number;
  readonly type: ElfType;
  /** PT_INTERP, the program's loader. Absent: static, or a library. */
  readonly interpreter?: string;
  /** There is a dynamic section. */
  readonly isDynamic: boolean;
  /** DT_NEEDED in file order. */
  readonly needed: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** DF_1_NODEFLIB: neither the cache's default directories nor these are searched. */
  readonly noDefaultLibraries: boolean;
  /** DF_1_PIE: a program, though its type is "shared". */
  readonly isPie: boolean;
  readonly versionNeeds: readonly LibraryVersions[];
  /** Without the base definition, which is the library's own name. */
  readonly versionDefinitions: readonly string[];
}
