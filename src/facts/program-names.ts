/**
 * What the field's shells, package managers, compilers and build tools are called: the only table of them, for builds, audits and `inspect`. Data only.
 */

/** What a program is that has no place in an image which only runs. */
export type ProgramKind = "shell" | "package-manager" | "compiler";

/** Of each kind: one line a tool. The first word is its name; the others are further names of its programs. */
export const PROGRAM_NAMES: Readonly<Record<ProgramKind, readonly string[]>> = {
  shell: [
    "ash",
    "bash rbash",
    "busybox",
    "csh",
    "dash",
    "elvish",
    "fish",
    "ksh ksh93",
    "lksh",
    "mksh",
    "nu",
    "oksh",
    "posh",
    "pwsh",
    "sash",
    "sh static-sh",
    "tcsh",
    "toybox",
    "xonsh",
    "yash",
    "zsh rzsh",
  ],
  "package-manager": [
    "apk",
    "apt-get apt",
    "aptitude",
    "bundle",
    "cargo",
    "composer",
    "conda",
    "corepack",
    "dnf",
    "dpkg",
    "emerge",
    "gem",
    "microdnf",
    "nix",
    "npm npx",
    "opkg",
    "pacman",
    "pip",
    "pipx",
    "pnpm pnpx",
    "rpm",
    "tdnf",
    "uv",
    "yarn yarnpkg",
    "yum",
    "zypper",
  ],
  compiler: [
    "binutils as ld ld.bfd ld.gold",
    "clang clang++",
    "cmake",
    "dmd",
    "flang",
    "gcc c++ c89 c99 cc cc1 cc1plus collect2 cpp f951 g++ gdc gfortran gnat lto1",
    "ghc",
    "go gofmt",
    "gradle",
    "javac",
    "kotlinc",
    "lld ld.lld",
    "make gmake",
    "meson",
    "mvn",
    "nasm",
    "ninja",
    "node-gyp",
    "nvcc",
    "ocamlopt",
    "rustc",
    "sbt",
    "scalac",
    "swiftc",
    "tcc",
    "yasm",
    "zig",
  ],
};

/** One file that is many programs, a shell among them. What other names of it do is no program of its own. */
export const MULTI_CALL: ReadonlySet<string> = new Set(["busybox", "toybox"]);

/** What a name says. */
export interface ProgramName {
  readonly kind: ProgramKind;
  /** The tool that the program belongs to: "gcc" of "x86_64-linux-gnu-g++-12". */
  readonly tool: string;
}

/** The machine before: "x86_64-linux-gnu-gcc". */
const MACHINE = /^(?:[a-z0-9_]+-)+(?:gnu|musl)[a-z0-9]*-/;
/** The version behind: "gcc-12", "pip3.13", "clang-19.1". */
const VERSION = /-?\d+(?:\.\d+)*$/;

const BY_NAME: ReadonlyMap<string, ProgramName> = new Map(
  (["shell", "package-manager", "compiler"] as const).flatMap((kind) =>
    PROGRAM_NAMES[kind].flatMap((line) => {
      const [tool = "", ...others] = line.split(" ");
      return [tool, ...others].map((name) => [name, { kind, tool }] as const);
    }),
  ),
);

/** No program has a longer name, and the patterns look at each of its places. */
const MAX_NAME = 255;

/** Looks a file's name up, as it is and without machine and version. Shells may stand anywhere, so only their plain names count. */
export function programName(file: string): ProgramName | undefined {
  const known = BY_NAME.get(file);
  if (known !== undefined) return known;
  // Nearly all names end here.
  if (file.length > MAX_NAME || (!file.includes("-") && !isDigit(file.charCodeAt(file.length - 1)))) return undefined;
  const bare = file.replace(MACHINE, "");
  const found = BY_NAME.get(bare) ?? BY_NAME.get(bare.replace(VERSION, ""));
  return found?.kind === "shell" ? undefined : found;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
