/** File trees in a few words: what was found, as plain values. */
import type { ProgramKind } from "./program-names.ts";

/** The C libraries of Linux, each with a loader of its own. */
export type LibcKind = "glibc" | "musl";

/** A C library that programs of a file system are started with. */
export interface Libc {
  readonly kind: LibcKind;
  /** "2.36"; of glibc, where it could be read. */
  readonly version?: string;
}

/** A tool that belongs in a build stage. */
export interface BuildTool {
  /** "gcc" */
  readonly name: string;
  readonly kind: Exclude<ProgramKind, "shell">;
  /** "/usr/bin/gcc-12" */
  readonly path: string;
  /** The number of the layer that brought it, from 0. */
  readonly layer: number;
}

/** A file system in a few words. */
export interface TreeFacts {
  /** "Debian GNU/Linux 12 (bookworm)" */
  readonly os?: string;
  /** /bin/sh can be started. */
  readonly hasShell: boolean;
  readonly libcs: readonly Libc[];
  /** Those of the usual loaders that are there: "/lib64/ld-linux-x86-64.so.2". */
  readonly loaders: readonly string[];
  readonly tools: readonly BuildTool[];
}

/** Something that came along with a copy and that programs do not need to run. */
export interface CopiedPart {
  /** "/app/node_modules" */
  readonly path: string;
  readonly kind: "development packages" | "sources" | "tests" | "history of git" | "intermediate files" | "caches";
  readonly sizeBytes: number;
  /** Largest first, and no more than a few. */
  readonly largest: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** How many there are in all; 0 where they are not counted. */
  readonly count: number;
  /** For development packages: all of `path`. */
  readonly wholeBytes: number;
}

/** A program or library that needs a C library. */
export interface LibcNeed {
  /** "/app/server" */
  readonly path: string;
  readonly kind: LibcKind;
  /** "amd64": what it was built for. */
  readonly architecture: string;
  /** "/lib64/ld-linux-x86-64.so.2"; absent for libraries, and for loaders that are not usual. */
  readonly loader?: string;
  /** The newest version of glibc whose symbols it needs: "2.38". */
  readonly version?: string;
}

/** What one COPY brought. */
export interface CopyFacts {
  readonly sizeBytes: number;
  readonly files: number;
  /** Largest first. */
  readonly parts: readonly CopiedPart[];
  /** One for each way in which something needs a C library, with the most demanding file as the example. */
  readonly needs: readonly LibcNeed[];
}
