/** Which names are those of shells, package managers and compilers. */
import { PACKAGE_MANAGERS, SHELLS } from "../image/index.ts";
import { baseName, parentOf, type TreePath } from "../paths.ts";
import type { Entry } from "../tree/index.ts";

/** What a program is, when it has no place in an image that only runs. */
export type ProgramKind = "shell" | "package-manager" | "compiler";

const COMPILERS: ReadonlySet<string> = new Set(
  `as c++ c89 c99 cc cc1 cc1plus clang clang++ cmake collect2 cpp f951 flang g++ gcc gdc gfortran ghc gmake gnat go gofmt
   javac kotlinc ld ld.bfd ld.gold ld.lld lld lto1 make meson mvn gradle nasm ninja node-gyp nvcc ocamlopt rustc sbt scalac
   swiftc tcc yasm zig`.split(/\s+/),
);
/** "x86_64-linux-gnu-gcc-12": the machine before, the version behind. */
const MACHINE = /^(?:[a-z0-9_]+-)+(?:gnu|musl)[a-z0-9]*-/;
const VERSION = /-?\d+(?:\.\d+)*$/;
const BIN = /^s?bin$/;
/** Where gcc keeps what is not to be started by hand. */
const COMPILER_FOLDER = /(?:^|\/)lib(?:exec)?\/(?:gcc|gcc-cross)\//;
const ANY_EXECUTE_BIT = 0o111;

/** By name and place only; whether it is a program is `isProgram`'s to say. */
export function programKind(path: TreePath): ProgramKind | undefined {
  const name = baseName(path);
  // A shell may hide anywhere (/busybox/sh); other names are also those of scripts and folders.
  if (SHELLS.has(name)) return "shell";
  const inBin = BIN.test(baseName(parentOf(path)));
  if (inBin && PACKAGE_MANAGERS.has(name)) return "package-manager";
  if (!inBin && !COMPILER_FOLDER.test(path)) return undefined;
  const bare = name.replace(MACHINE, "");
  return COMPILERS.has(bare) || COMPILERS.has(bare.replace(VERSION, "")) ? "compiler" : undefined;
}

/** Is this a file that can be started? */
export function isProgram(entry: Entry | undefined): entry is Entry {
  return entry?.kind === "file" && (entry.mode & ANY_EXECUTE_BIT) !== 0;
}
