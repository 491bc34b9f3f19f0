/** Finds compilers and package managers in a tree: by the names of programs in the directories that a shell looks in. Reads no contents. */
import type { BuildTool } from "../../dockerfile/index.ts";
import { baseName, cleanTreePath, type TreePath, treePath } from "../../paths.ts";
import { type Tree, followPath } from "../../tree/index.ts";

type Tool = Pick<BuildTool, "name" | "kind">;

const DIRECTORIES = [
  "usr/local/sbin",
  "usr/local/bin",
  "usr/sbin",
  "usr/bin",
  "sbin",
  "bin",
  "usr/local/go/bin",
  "usr/local/cargo/bin",
  "opt/java/openjdk/bin",
].map(treePath);
/** A base may say any PATH. */
const MAX_DIRECTORIES = 50;
const MAX_TOOLS = 30;

/** "gcc-12", "x86_64-linux-gnu-g++", "clang++-16" */
const NATIVE = /^(?:[a-z0-9_]+-(?:[a-z0-9_]+-)?linux-(?:gnu|musl)[a-z0-9]*-)?(gcc|g\+\+|clang|clang\+\+)(?:-\d+(?:\.\d+)*)?$/;
const BY_NAME: ReadonlyMap<string, BuildTool["kind"]> = new Map([
  ...(
    ["cargo", "cmake", "dmd", "ghc", "go", "gradle", "javac", "make", "meson", "mvn", "ninja", "rustc", "swiftc", "tcc", "zig"] as const
  ).map((name) => [name, "compiler"] as const),
  ...(
    [
      "apk",
      "apt-get",
      "bundle",
      "composer",
      "conda",
      "dnf",
      "gem",
      "microdnf",
      "npm",
      "pacman",
      "pip",
      "pip3",
      "pnpm",
      "uv",
      "yarn",
      "yum",
    ] as const
  ).map((name) => [name, "package manager"] as const),
  ["zypper", "package manager"],
]);
/** Names that say the same. */
const SAME: ReadonlyMap<string, string> = new Map([
  ["clang++", "clang"],
  ["g++", "gcc"],
  ["pip3", "pip"],
]);

/** Every tool once, in the order of the alphabet, compilers first. `path` is the PATH of the image. */
export function findTools(tree: Tree, path: string | undefined): readonly (Tool & { readonly path: TreePath; readonly real: TreePath })[] {
  const found = new Map<string, Tool & { readonly path: TreePath; readonly real: TreePath }>();
  const given = (path ?? "").split(":").flatMap((directory) => (directory.startsWith("/") ? [cleanTreePath(directory)] : []));
  const seen = new Set<TreePath>();
  for (const directory of [...given.slice(0, MAX_DIRECTORIES), ...DIRECTORIES]) {
    const real = followPath(tree, directory);
    if (real?.entry?.kind !== "dir" || seen.has(real.path)) continue;
    seen.add(real.path);
    for (const entry of tree.readdir(real.path)) {
      const tool = toolOf(baseName(entry.path));
      if (tool === undefined || found.has(tool.name)) continue;
      const file = followPath(tree, entry.path);
      // One program may stand behind many names: busybox is none of them.
      if (file?.entry?.kind !== "file" || (file.entry.mode & 0o111) === 0 || baseName(file.path) === "busybox") continue;
      found.set(tool.name, { ...tool, path: entry.path, real: file.path });
    }
  }
  return [...found.values()]
    .toSorted((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1))
    .slice(0, MAX_TOOLS);
}

function toolOf(file: string): Tool | undefined {
  const native = NATIVE.exec(file)?.[1];
  const kind = native === undefined ? BY_NAME.get(file) : "compiler";
  const name = native ?? file;
  return kind === undefined ? undefined : { name: SAME.get(name) ?? name, kind };
}
