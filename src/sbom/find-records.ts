/** One walk over a tree: where records of packages are that no database lists, and which files belong to packages of node_modules. Reads no file. */
import { isExecutable } from "../facts/index.ts";
import { ROOT, type TreePath } from "../paths.ts";
import { type Entry, type Tree, walk } from "../tree/index.ts";
import type { UnreadRecord } from "./types.ts";
import { UNREAD_KINDS } from "./unread-kinds.ts";

/** What the walk found, in the order of the tree. */
interface FoundRecords {
  /** The folders of npm packages (…/node_modules/name, …/node_modules/@scope/name) that have a package.json, with their files. */
  readonly npm: ReadonlyMap<TreePath, readonly TreePath[]>;
  /** METADATA and PKG-INFO of installed Python packages. */
  readonly python: readonly TreePath[];
  /** Specifications of installed gems. */
  readonly gems: readonly TreePath[];
  /** installed.json of Composer. */
  readonly composer: readonly TreePath[];
  /** NAME.deps.json of .NET. */
  readonly dotnet: readonly TreePath[];
  /** Places of records that are known and not read, each once. */
  readonly unread: readonly UnreadRecord[];
  readonly jars: readonly Entry[];
  /** Files that may be executed and are large enough to be a Go program or a Node.js. */
  readonly programs: readonly Entry[];
}

const MODULES = "node_modules/";
const PYTHON = /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/;
const GEM = /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/;
const COMPOSER = /(?:^|\/)composer\/installed\.json$/;
const DOTNET = /\.deps\.json$/;
const JAR = /\.(?:jar|war|ear)$/;
/** The smallest Go program has more. */
const MIN_PROGRAM_BYTES = 512 * 1024;

/** Walks `tree`; links are not followed, so each file comes once. `owned` files belong to a package that is known already and are left out. */
export function findRecords(tree: Tree, owned: ReadonlySet<TreePath>, signal?: AbortSignal): FoundRecords {
  const folders = new Map<TreePath, TreePath[]>();
  const named = new Set<TreePath>();
  const [python, gems, composer, dotnet]: [TreePath[], TreePath[], TreePath[], TreePath[]] = [[], [], [], []];
  const unread = new Map<string, UnreadRecord>();
  const jars: Entry[] = [];
  const programs: Entry[] = [];
  for (const entry of walk(tree, ROOT)) {
    signal?.throwIfAborted();
    const { path } = entry;
    if (entry.kind === "dir" || owned.has(path)) continue;
    const folder = npmFolder(path);
    if (folder !== undefined) {
      const files = folders.get(folder);
      if (files === undefined) folders.set(folder, [path]);
      else files.push(path);
      if (path.length === folder.length + "/package.json".length && path.endsWith("/package.json")) named.add(folder);
    }
    if (entry.kind !== "file") continue;
    if (PYTHON.test(path)) python.push(path);
    else if (GEM.test(path)) gems.push(path);
    else if (COMPOSER.test(path)) composer.push(path);
    else if (DOTNET.test(path)) dotnet.push(path);
    else if (JAR.test(path)) jars.push(entry);
    else if (isExecutable(entry.mode) && entry.size >= MIN_PROGRAM_BYTES) programs.push(entry);
    const kind = UNREAD_KINDS.find(({ test }) => test.test(path));
    const [place] = kind?.place.exec(path) ?? [];
    // A part of a path is a path.
    if (kind !== undefined && place !== undefined) unread.set(`${kind.why} ${place}`, { path: place as TreePath, why: kind.why });
  }
  const npm = new Map([...folders].filter(([folder]) => named.has(folder)));
  return { npm, python, gems, composer, dotnet, jars, programs, unread: [...unread.values()] };
}

/** "a/node_modules/@s/b" of "a/node_modules/@s/b/lib/x.js"; undefined for what is in no package's folder. */
function npmFolder(path: TreePath): TreePath | undefined {
  const at = path.lastIndexOf(MODULES);
  if (at < 0 || (at > 0 && path.charCodeAt(at - 1) !== 47)) return undefined;
  const start = at + MODULES.length;
  const first = path.indexOf("/", start);
  const end = path.charCodeAt(start) === 64 && first >= 0 ? path.indexOf("/", first + 1) : first;
  // A part of a path is a path.
  return end < 0 ? undefined : (path.slice(0, end) as TreePath);
}
