/** Finds the shells, package managers, compilers and build tools of a tree, by names, places and modes. Reads no contents. */
import { baseName, parentOf, type TreePath } from "../paths.ts";
import { type Entry, followPath, type LayerIndex, type Tree } from "../tree/index.ts";
import { type ProcessConfig, searchPath } from "./find-program.ts";
import { entryAt, pathFiles } from "./image-paths.ts";
import { isProgram } from "./is-program.ts";
import { MULTI_CALL, type ProgramName, programName } from "./program-names.ts";

/** A program of a tree. A file with several names is there several times. */
export interface FoundProgram extends ProgramName {
  /** Where the name is: the file, or a link to it. */
  readonly path: TreePath;
  /** The file that starts, links followed. */
  readonly file: Entry;
}

/** Where programs are looked for. */
export interface ProgramPlaces {
  readonly tree: Tree;
  /** PATH and the working directory; without them the usual PATH counts. */
  readonly config: ProcessConfig;
}

const BIN = /^s?bin$/;
/** Where gcc keeps what is not to be started by hand. */
const COMPILER_FOLDER = /(?:^|\/)lib(?:exec)?\/(?:gcc|gcc-cross)\//;

/**
 * The programs among `entries`, which are entries of the tree: shells wherever they are, others in directories called bin or sbin, in those of PATH, and where
 * gcc has its own. In the order of `entries`. Names of busybox and toybox that are no shell's are left out.
 */
export function findPrograms(entries: Iterable<Entry>, places: ProgramPlaces): readonly FoundProgram[] {
  const { tree } = places;
  const folders = programFolders(places);
  const found: FoundProgram[] = [];
  const multiCall = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== "file" && entry.kind !== "symlink") continue;
    const name = programName(baseName(entry.path));
    if (name === undefined || !isPlace(entry.path, name, folders)) continue;
    const file = entry.kind === "file" ? entry : followPath(tree, entry.path)?.entry;
    if (!isProgram(file)) continue;
    const group = MULTI_CALL.has(name.tool) ? tree.linkGroup(file) : undefined;
    if (group !== undefined) multiCall.add(group);
    // A link may go by another tool's name: cc of clang.
    const own = programName(baseName(file.path));
    found.push({ ...(own?.kind === name.kind ? own : name), path: entry.path, file });
  }
  return found.filter(({ kind, file }) => kind === "shell" || !isMultiCall(tree, file, multiCall));
}

/** The directories of PATH that are in the tree, links followed, in the order of PATH. */
export function programFolders({ tree, config }: ProgramPlaces): ReadonlySet<TreePath> {
  const files = pathFiles(tree);
  const folders = searchPath(config).map((folder) => entryAt(files, folder));
  return new Set(folders.flatMap((folder) => (folder?.kind === "dir" ? [folder.path] : [])));
}

/** The paths of a layer that have a name of the table. Only names are looked at, so that no entry is made. */
export function namedPaths(index: LayerIndex): readonly TreePath[] {
  const found: TreePath[] = [];
  for (let position = 0; position < index.count; position += 1) {
    const path = index.path(position);
    if (programName(baseName(path)) !== undefined) found.push(path);
  }
  return found;
}

/** What is at these paths, each once; nothing where a later layer removed it. */
export function* entriesAt(tree: Tree, paths: Iterable<TreePath>): Generator<Entry, void, undefined> {
  for (const path of new Set(paths)) {
    const entry = tree.lookup(path);
    if (entry !== undefined) yield entry;
  }
}

function isPlace(path: TreePath, { kind }: ProgramName, folders: ReadonlySet<TreePath>): boolean {
  // A shell may hide anywhere (/busybox/sh); other names are also those of scripts and folders.
  if (kind === "shell") return true;
  const folder = parentOf(path);
  return BIN.test(baseName(folder)) || folders.has(folder) || (kind === "compiler" && COMPILER_FOLDER.test(path));
}

/** Behind a symbolic link, or as another name of the same file: images of busybox have one for each applet. */
function isMultiCall(tree: Tree, file: Entry, groups: ReadonlySet<string>): boolean {
  if (MULTI_CALL.has(baseName(file.path))) return true;
  const group = groups.size === 0 ? undefined : tree.linkGroup(file);
  return group !== undefined && groups.has(group);
}
