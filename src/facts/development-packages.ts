/**
 * Which packages of a node_modules only development needs: as npm's lock says (`dev`), else what devDependencies name and no other dependency
 * leads to. `devOptional` is not among them: "npm ci --omit=dev" leaves it.
 */
import * as v from "valibot";
import { baseName, fromText, joinTreePath, parentOf, type TreePath, toText } from "../paths.ts";
import type { PathFiles } from "./image-paths.ts";
import { type ReadSmallFile, readJson } from "./small-file.ts";

/** What was found in one folder with node_modules. */
interface DevelopmentPackages {
  /** Their names, sorted by folder: "@types/node", "typescript". */
  readonly names: readonly string[];
  /** Those that are in no other of them, largest first. */
  readonly largest: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Bytes of all of them. */
  readonly sizeBytes: number;
  /** Where the first one is. */
  readonly folder: TreePath;
  /** What said so: a lock, or package.json. */
  readonly source: TreePath;
}

/** The files that packages are looked for in. */
export interface PackageFiles extends PathFiles {
  readonly read: ReadSmallFile;
  /** Bytes of all files below a directory. */
  readonly sizeBelow: (folder: TreePath) => number;
}

const MAX_LOCK_BYTES = 32 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 1024 * 1024;
/** More packages than any program has. */
const MAX_PACKAGES = 20_000;
const NODE_MODULES = "node_modules";
const LOCKS = [`${NODE_MODULES}/.package-lock.json`, "package-lock.json", "npm-shrinkwrap.json"];
/** Names come from a stranger's file and become paths. */
const NAME = String.raw`(?:@[^/@\0]+/)?[^/@\0.][^/\0]*`;
const PACKAGE = new RegExp(`^${NAME}$`);
/** "node_modules/@scope/name", at any depth; nothing that leads elsewhere. */
const PLACE = new RegExp(`^${NODE_MODULES}/${NAME}(?:/${NODE_MODULES}/${NAME})*$`);
/** Inside a package of npm, or of Debian. */
const PACKAGED = /(?:^|\/)node_modules(?:$|\/)|^usr\/(?:share\/nodejs|lib\/nodejs)\//;

const Lock = v.object({ packages: v.record(v.string(), v.object({ dev: v.optional(v.boolean()) })) });
const Names = v.optional(v.record(v.string(), v.unknown()), {});
const Manifest = v.object({ dependencies: Names, devDependencies: Names, optionalDependencies: Names, peerDependencies: Names });
type Manifest = v.InferOutput<typeof Manifest>;

/** Is this the node_modules of a project: in no other one, and of no package of the distribution? */
export function isProjectModules(path: TreePath): boolean {
  return baseName(path) === NODE_MODULES && !PACKAGED.test(parentOf(path));
}

/** Looks at the node_modules of `folder`. Undefined where nothing tells what development needs, and where nothing of it is there. */
export async function developmentPackages(folder: TreePath, files: PackageFiles): Promise<DevelopmentPackages | undefined> {
  const found = (await fromLock(folder, files)) ?? (await fromManifest(folder, files));
  const packages = (found?.folders ?? [])
    .flatMap((path) => {
      // pnpm has packages in node_modules/.pnpm, and links to them.
      const real = files.resolve(path);
      return real?.kind === "dir" ? [{ path, real: real.path }] : [];
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const [first] = packages;
  if (found === undefined || first === undefined) return undefined;
  const all = new Map(packages.map(({ path, real }) => [real, path]));
  const largest = [...all]
    .filter(([real]) => !isInside(real, all))
    .map(([real, path]) => ({ name: nameOf(path), sizeBytes: files.sizeBelow(real) }))
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1));
  return {
    names: packages.map(({ path }) => nameOf(path)),
    largest,
    sizeBytes: largest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    folder: first.path,
    source: found.source,
  };
}

interface Told {
  readonly folders: readonly TreePath[];
  readonly source: TreePath;
}

/** npm writes a lock of what it installed into node_modules; the project's own lock may name more than is there. */
async function fromLock(folder: TreePath, { read }: PackageFiles): Promise<Told | undefined> {
  for (const name of LOCKS) {
    const source = joinTreePath(folder, name);
    const lock = v.safeParse(Lock, await readJson(read, source, MAX_LOCK_BYTES));
    if (!lock.success) continue;
    const places = Object.entries(lock.output.packages).flatMap(([place, { dev }]) => (dev === true && PLACE.test(place) ? [place] : []));
    return { folders: places.slice(0, MAX_PACKAGES).map((place) => joinTreePath(folder, fromText(place))), source };
  }
  return undefined;
}

async function fromManifest(folder: TreePath, files: PackageFiles): Promise<Told | undefined> {
  const source = joinTreePath(folder, "package.json");
  const manifest = await readManifest(source, files);
  if (manifest === undefined) return undefined;
  const needed = await reachable(folder, manifest, files);
  const names = Object.keys(manifest.devDependencies).filter((name) => PACKAGE.test(name) && !needed.has(name));
  return { folders: names.slice(0, MAX_PACKAGES).map((name) => packageFolder(folder, name)), source };
}

/** Names of the packages that the program itself needs, as far as they are directly in node_modules. */
async function reachable(folder: TreePath, manifest: Manifest, files: PackageFiles): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const queue = needsOf(manifest);
  for (let name = queue.pop(); name !== undefined && found.size < MAX_PACKAGES; name = queue.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const own = await readManifest(joinTreePath(packageFolder(folder, name), "package.json"), files);
    // A stranger's list may be longer than a call takes arguments.
    for (const need of own === undefined ? [] : needsOf(own)) queue.push(need);
  }
  return found;
}

function needsOf({ dependencies, optionalDependencies, peerDependencies }: Manifest): string[] {
  return [dependencies, optionalDependencies, peerDependencies].flatMap((names) => Object.keys(names)).filter((name) => PACKAGE.test(name));
}

function packageFolder(folder: TreePath, name: string): TreePath {
  return joinTreePath(folder, fromText(`${NODE_MODULES}/${name}`));
}

async function readManifest(path: TreePath, { read }: PackageFiles): Promise<Manifest | undefined> {
  const parsed = v.safeParse(Manifest, await readJson(read, path, MAX_MANIFEST_BYTES));
  return parsed.success ? parsed.output : undefined;
}

/** Is `path` below one of `folders`? Their sizes have it. */
function isInside(path: TreePath, folders: ReadonlyMap<TreePath, unknown>): boolean {
  for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) if (folders.has(parent)) return true;
  return false;
}

/** "typescript", "@types/node": the package of a folder in node_modules. */
function nameOf(folder: TreePath): string {
  return toText(folder.slice(folder.lastIndexOf(`${NODE_MODULES}/`) + NODE_MODULES.length + 1));
}
