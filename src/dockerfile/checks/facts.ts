/**
 * What rules may know of file systems: of base images that are here, and of what a build made. Plain values, read by src/api/facts, so that
 * rules stay pure.
 */
import type { Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";

/** A C library that programs of a file system are started with. */
export interface Libc {
  readonly kind: "glibc" | "musl";
  /** "2.36"; of glibc, where it could be read. */
  readonly version?: string;
}

/** A program that belongs in a build stage. */
export interface BuildTool {
  /** "gcc" */
  readonly name: string;
  readonly kind: "compiler" | "package manager";
  /** "/usr/bin/gcc-12" */
  readonly path: string;
  /** The number of the layer that brought it, from 0. */
  readonly layer: number;
}

/** A file system in a few words. */
export interface TreeFacts {
  /** "Debian GNU/Linux 12 (bookworm)" */
  readonly os?: string;
  /** There is a program at /bin/sh. */
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
  readonly kind: Libc["kind"];
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

/** What a build made. */
export interface BuiltFacts {
  /** The finished target; undefined where its base was never downloaded. */
  readonly target: TreeFacts | undefined;
  /** Where in the file the layers of the target come from; undefined for layers of its base. */
  readonly layers: readonly (SourceRange | undefined)[];
  /** By the range of the instruction. */
  readonly copies: ReadonlyMap<SourceRange, CopyFacts>;
}

/** Facts of a base image; undefined where it is not here. */
export type ImageFactsOf = (name: string, platform: Platform) => TreeFacts | undefined;
