/** Directories that builds leave lying about and no program needs: caches, and repositories of git. By names and places; reads no contents. */
import { baseName, joinTreePath, parentOf, ROOT, type TreePath } from "../paths.ts";
import type { PathFiles } from "./image-paths.ts";

/** Caches of package managers and build tools wherever they are, whoever's home it is. */
const ANYWHERE = [
  ".npm",
  ".cache/pip",
  ".cache/yarn",
  ".cache/go-build",
  ".cache/pnpm",
  ".cache/uv",
  ".cache/pypoetry",
  ".cache/node-gyp",
  ".cache/composer",
  ".cache/bazel",
  ".cache/ccache",
  ".cache/deno",
  ".cache/Cypress",
  ".cache/ms-playwright",
  ".yarn/cache",
  ".pnpm-store",
  ".m2/repository",
  ".gradle",
  ".cargo/registry",
  ".nuget/packages",
  ".bundle/cache",
  "go/pkg/mod/cache",
  "node_modules/.cache",
  ".next/cache",
  ".turbo",
  ".parcel-cache",
];
/** Caches by their whole path. */
const SYSTEM = [
  "usr/local/cargo/registry",
  "usr/local/share/.cache/yarn",
  "var/cache/apt",
  "var/cache/apk",
  "var/cache/dnf",
  "var/cache/yum",
  "var/cache/pacman",
  "var/cache/zypp",
  "var/lib/apt/lists",
  "etc/apk/cache",
];

const SYSTEM_PATHS: ReadonlySet<string> = new Set(SYSTEM);
/** By last part, so that nearly every directory is one look-up. */
const BY_NAME: ReadonlyMap<string, readonly string[]> = Map.groupBy(ANYWHERE, (path) => path.slice(path.lastIndexOf("/") + 1));

/** Is this directory a cache? */
export function isCache(folder: TreePath): boolean {
  const paths = BY_NAME.get(baseName(folder));
  return (paths !== undefined && paths.some((path) => folder === path || folder.endsWith(`/${path}`))) || SYSTEM_PATHS.has(folder);
}

/** Is this directory a repository of git with its history? */
export function isGitRepository(folder: TreePath, files: PathFiles): boolean {
  return baseName(folder) === ".git" && files.resolve(joinTreePath(folder, "HEAD"))?.kind === "file";
}

/**
 * For going through files in the order of a tree: gives the outermost directory of each for which `isKind` holds. Asks once for each directory that follows
 * another one.
 */
export function outermostFolder(isKind: (folder: TreePath) => boolean): (file: TreePath) => TreePath | undefined {
  let last: TreePath = ROOT;
  let answer: TreePath | undefined;
  return (file) => {
    const folder = parentOf(file);
    if (folder === last) return answer;
    last = folder;
    answer = undefined;
    for (let at = folder; at !== ROOT; at = parentOf(at)) if (isKind(at)) answer = at;
    return answer;
  };
}
