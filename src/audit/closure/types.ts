/** What loading a program or library comes to. Plain values; paths in one-char-per-byte form. */
import type { ElfFile } from "../../elf/index.ts";
import type { LibcKind } from "../../facts/index.ts";
import type { Entry } from "../../tree/index.ts";

/** A file that the loader has mapped. */
export interface LoadedObject {
  /** The path that it was opened under; $ORIGIN is its directory. */
  readonly path: string;
  /** The file itself, links followed. */
  readonly entry: Entry;
  readonly elf: ElfFile;
  /** Whose DT_NEEDED named it first; absent for the object that everything started with. */
  readonly neededBy?: LoadedObject;
}

/** A library that the loader does not find. */
export interface MissingLibrary {
  readonly name: string;
  readonly neededBy: LoadedObject;
  /** Files of this name that it looked at and could not take, and why. */
  readonly refused: readonly RefusedFile[];
}

/** A file under a right name that is of no use. */
export interface RefusedFile {
  readonly path: string;
  /** "architecture": passed over. "not-elf" and "damaged": the loader stops there. */
  readonly why: "architecture" | "not-elf" | "damaged";
  /** For messages: "it is for arm64". */
  readonly problem: string;
}

/** A symbol version that a loaded library does not have. */
export interface MissingVersion {
  readonly version: string;
  /** The library as named, and the file that it is. */
  readonly library: string;
  readonly found: LoadedObject;
  readonly neededBy: LoadedObject;
}

/** Everything that starting one object loads, and what fails. */
export interface Closure {
  /** In the order of loading, the root first. */
  readonly objects: readonly LoadedObject[];
  readonly missing: readonly MissingLibrary[];
  readonly versions: readonly MissingVersion[];
}

/** What a search for one name gives. */
export type SearchResult =
  | { readonly kind: "found"; readonly path: string; readonly entry: Entry; readonly elf: ElfFile }
  /** The loader takes its own code for it (musl's libc). */
  | { readonly kind: "loader" }
  | { readonly kind: "missing"; readonly refused: readonly RefusedFile[] };

/** One loader's search rules. */
export interface LibrarySearch {
  readonly kind: LibcKind;
  /** Looks for a DT_NEEDED name of `object`; `root` is what everything started with. */
  find(name: string, object: LoadedObject, root: LoadedObject): Promise<SearchResult>;
}
