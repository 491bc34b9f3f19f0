/**
 * What one COPY brought, from its own layer: how much, and what of it a program does not need to run. Projects are known by the files that
 * their tools keep in their root (package.json, go.mod …).
 */
import { compareLibraryNames } from "../elf/index.ts";
import { baseName, displayPath, isWithin, joinTreePath, parentOf, type TreePath } from "../paths.ts";
import { type Layer, type LayerIndex, layerTree, type Tree } from "../tree/index.ts";
import { developmentPackages, isProjectModules } from "./development-packages.ts";
import { pathFiles } from "./image-paths.ts";
import { isExecutable } from "./is-program.ts";
import { isCache, isGitRepository } from "./leftovers.ts";
import { libcNeed } from "./libc.ts";
import { isLibraryName } from "./library-name.ts";
import { type KnownPart, partOf, projectParts, PROJECTS } from "./project-parts.ts";
import { sizeBelow } from "./sizes.ts";
import { smallFiles } from "./small-file.ts";
import type { CopiedPart, CopyFacts, LibcNeed } from "./types.ts";

const MAX_PROJECTS = 50;
const MAX_PARTS = 20;
/** Names of the largest development packages. */
const SHOWN = 3;
/** Heads of so many files are read at most. */
const MAX_PROGRAMS = 2000;
/** Never an ELF file, whatever its mode: packages of npm have thousands that are executable. */
const TEXT = /\.(?:[cm]?[jt]sx?|json|map|md|txt|html?|css|sh|bash|py|rb|pl|php|lua|ya?ml|toml|h|c|cc|cpp|java|class|jar)$/;

/** Measures the layer of a COPY. */
export async function readCopyFacts(layer: Layer, signal: AbortSignal): Promise<CopyFacts> {
  const { index } = layer;
  const tree = layerTree([layer]);
  let sizeBytes = 0;
  let files = 0;
  const places = placeFinder(tree);
  const programs: number[] = [];
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    const path = index.path(position);
    if (kind === "dir") places.directory(path);
    if (kind !== "file") continue;
    places.file(path);
    const { size, mode } = index.at(position);
    sizeBytes += size;
    files += 1;
    const name = baseName(path);
    const mayRun = isExecutable(mode) ? !TEXT.test(name) : isLibraryName(name);
    if (mayRun && size > 0 && programs.length < MAX_PROGRAMS) programs.push(position);
  }
  const parts = await partsOf(index, tree, places.found);
  signal.throwIfAborted();
  return {
    sizeBytes,
    files,
    parts: parts.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.path < b.path ? -1 : 1)).slice(0, MAX_PARTS),
    needs: await libcNeeds(layer, programs, signal),
  };
}

/** Directories that may hold what a program does not need. */
interface Places {
  /** Roots of projects, with what may lie in them. */
  readonly projects: Map<TreePath, KnownPart[]>;
  /** Those with a node_modules. */
  readonly modules: Set<TreePath>;
  readonly git: TreePath[];
  readonly caches: TreePath[];
}

/** Collects places while a layer is gone through in its order. */
function placeFinder(tree: Tree): {
  readonly found: Places;
  readonly directory: (path: TreePath) => void;
  readonly file: (path: TreePath) => void;
} {
  const found: Places = { projects: new Map(), modules: new Set(), git: [], caches: [] };
  const paths = pathFiles(tree);
  return {
    found,
    directory(path) {
      if (isProjectModules(path)) addTo(found.modules, parentOf(path));
      if (isGitRepository(path, paths)) addOuter(found.git, path);
      if (isCache(path)) addOuter(found.caches, path);
    },
    file(path) {
      const known = PROJECTS.get(baseName(path));
      const root = parentOf(path);
      if (known === undefined || `/${path}`.includes("/node_modules/")) return;
      if (found.projects.size < MAX_PROJECTS || found.projects.has(root))
        found.projects.set(root, [...(found.projects.get(root) ?? []), ...known]);
      if (baseName(path) === "package.json") addTo(found.modules, root);
    },
  };
}

function addTo(roots: Set<TreePath>, root: TreePath): void {
  if (roots.size < MAX_PROJECTS) roots.add(root);
}

/** Directories come before what is in them. */
function addOuter(folders: TreePath[], path: TreePath): void {
  const outer = folders.at(-1);
  if (folders.length < MAX_PROJECTS && (outer === undefined || !isWithin(path, outer))) folders.push(path);
}

async function partsOf(index: LayerIndex, tree: Tree, { projects, modules, git, caches }: Places): Promise<CopiedPart[]> {
  const parts = [...projects].flatMap(([root, known]) => projectParts(index, root, known));
  for (const path of git) parts.push(...partOf(index, path, "history of git"));
  for (const path of caches) parts.push(...partOf(index, path, "caches"));
  const files = { ...pathFiles(tree), read: smallFiles(tree), sizeBelow: (path: TreePath) => sizeBelow(index, path) };
  for (const root of modules) {
    const found = await developmentPackages(root, files);
    if (found === undefined || found.sizeBytes === 0) continue;
    const path = joinTreePath(root, "node_modules");
    parts.push({
      path: displayPath(path),
      kind: "development packages",
      sizeBytes: found.sizeBytes,
      largest: found.largest.slice(0, SHOWN),
      count: found.names.length,
      wholeBytes: sizeBelow(index, path),
    });
  }
  return parts;
}

/** Of the files that need the same library in the same way, the most demanding. */
async function libcNeeds(layer: Layer, positions: readonly number[], signal: AbortSignal): Promise<readonly LibcNeed[]> {
  const found = new Map<string, LibcNeed>();
  const tree = layerTree([layer]);
  for (const position of positions) {
    signal.throwIfAborted();
    const entry = layer.index.at(position);
    const need = await libcNeed(tree, entry);
    // Packages bring a file for each C library, and say so in its name.
    if (need === undefined || (need.loader === undefined && /musl|glibc|gnu/.test(entry.path))) continue;
    const key = JSON.stringify([need.kind, need.loader, need.architecture]);
    const before = found.get(key);
    if (before === undefined || (need.version !== undefined && compareLibraryNames(need.version, before.version ?? "0") > 0))
      found.set(key, need);
  }
  return [...found.values()];
}
