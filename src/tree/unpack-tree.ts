/**
 * A tree as a plain directory of the host (type=local). The destination may hold files of the user, symlinks among them: every name is
 * looked at without following it, and what is in the way of an entry is replaced, never written through. Others may change the destination
 * meanwhile: nothing is made, changed or removed outside of it.
 */
import { closeSync, lstatSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { createTurns } from "../async.ts";
import { DecantError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { fromBytes, fromText, ROOT } from "../paths.ts";
import { type InsidePath, makeFolders, removeInside, reopenInside } from "../sys/index.ts";
import { readData } from "./data.ts";
import { inFolder } from "./host-files.ts";
import { createEntryMaker, type EntryMaker } from "./make-entry.ts";
import type { Entry, Tree } from "./types.ts";
import { walk } from "./walk.ts";
import { writeAll } from "./write-all.ts";

/** How files are made. */
interface UnpackTreeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default false: files belong to who runs this, as BuildKit has it. True needs root. */
  readonly keepOwners?: boolean | undefined;
  /** Called with the bytes that more files have. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Everything gets this time, in seconds. Default: each entry its own. */
  readonly mtimeSec?: number | undefined;
  /**
   * A folder on the file system of the destination: all is written there first, and then only moved. Cut short before that, the destination is as it was;
   * after that, each of its files is the old one or the new one, whole. Rejects with Node's `EXDEV` where the destination has other file systems in it.
   */
  readonly stage?: string | undefined;
  /** The folder that nothing leaves: the destination is it or a folder in it, and so may the stage be. Default: the destination. */
  readonly within?: string | undefined;
}

/**
 * Writes the tree over what `destination` holds; it is made when absent. Gives the names of extended attributes that its file system did not
 * take (rule S126). Throws `EXPORT` when it is no directory, and Node's errors.
 */
export async function unpackTree(tree: Tree, destination: string, options: UnpackTreeOptions = {}): Promise<string[]> {
  const dest = fromText(destination).replace(/\/+$/, "");
  const root = options.stage === undefined ? dest : fromText(options.stage);
  const within = options.within ?? destination;
  mkdirDestination(within);
  const bound = fromText(within).replace(/\/+$/, "");
  // Who may write to the destination may also rename a stage that is in it.
  const rootLength = root.startsWith(`${bound}/`) ? bound.length : root.length;
  for (const path of [bound, root]) reopenInside(path);
  const maker = makerInside(rootLength);
  if (rootLength === root.length && root !== bound && options.stage !== undefined) makeFolders(options.stage);
  for (const path of new Set([dest, root])) if (path.startsWith(`${bound}/`)) makeFolder({ path, root: bound.length });
  const firsts = new Map<string, TreePath>();
  const folders: Entry[] = [];
  const turns = createTurns(options.signal);
  for (const found of walk(tree, ROOT)) {
    const timed = options.mtimeSec === undefined ? found : { ...found, mtimeSec: options.mtimeSec, mtimeNsec: 0 };
    const entry = options.keepOwners === true ? timed : { ...timed, uid: 0, gid: 0 };
    const path = `${root}/${entry.path}`;
    const group = entry.kind === "file" ? tree.linkGroup(found) : undefined;
    const first = group === undefined ? undefined : firsts.get(group);
    makeWay(maker, { path, root: rootLength }, entry.kind === "dir");
    if (entry.kind === "dir") folders.push(entry);
    else if (first !== undefined) maker.link(`${root}/${first}`, path);
    else if (entry.kind === "file") {
      await writeFile(maker, tree, entry, { path, root: rootLength }, options.signal);
      options.onProgress?.(entry.size);
    } else maker.special(path, entry);
    if (group !== undefined && first === undefined) firsts.set(group, entry.path);
    if (turns.isDue) await turns.give();
  }
  if (root !== dest) moveInto({ path: root, root: rootLength }, { path: dest, root: bound.length }, options.signal);
  const inPlace = root === dest ? maker : makerInside(bound.length);
  for (const entry of folders.reverse()) inPlace.describe(`${dest}/${entry.path}`, entry);
  return [...new Set([...maker.dropped, ...inPlace.dropped])].toSorted();
}

function mkdirDestination(destination: string): void {
  try {
    makeFolders(destination);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" && errnoOf(error) !== "ENOTDIR") throw error;
    throw new DecantError("EXPORT", `Cannot write to "${destination}": it is not a directory`, { cause: error });
  }
}

/** A folder for files of the user. */
function makeFolder(at: InsidePath): void {
  if (kindAt(at) === "directory") return;
  removeInside(at);
  inFolder(at.path, at.root, (short) => mkdirSync(short));
}

/** A maker of entries whose paths begin with a folder of `root` characters, which none of its calls leaves. */
function makerInside(root: number): EntryMaker {
  const maker = createEntryMaker({ isShared: true });
  const at = <Result>(path: string, run: (short: string) => Result): Result =>
    inFolder(path, root, (short) => run(typeof short === "string" ? short : fromBytes(short)));
  return {
    dropped: maker.dropped,
    open: (path) => at(path, (short) => maker.open(short)),
    close: (fd, entry) => maker.close(fd, entry),
    directory: (path) => at(path, (short) => maker.directory(short)),
    // By its own descriptor: some of these calls follow a symlink that took its place.
    describe: (path, entry, isOpaque) => at(`${path}/.`, (short) => maker.describe(short, entry, isOpaque)),
    link: (target, path) => at(target, (first) => at(path, (second) => maker.link(first, second))),
    special: (path, entry) => at(path, (short) => maker.special(short, entry)),
  };
}

/** Moves what is in a folder into another one. Directories that both have are merged; what else is in the way goes. */
function moveInto(from: InsidePath, to: InsidePath, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  for (const name of namesIn(from)) {
    const [source, target] = [below(from, name), below(to, name)];
    const isDirectory = kindAt(source) === "directory";
    const there = kindAt(target);
    if (isDirectory && there === "directory") {
      moveInto(source, target, signal);
      continue;
    }
    // A file takes the place of a file at once.
    if (there !== undefined && (isDirectory || there === "directory")) removeInside(target);
    inFolder(source.path, source.root, (old) => inFolder(target.path, target.root, (made) => renameSync(old, made)));
  }
}

function below({ path, root }: InsidePath, name: string): InsidePath {
  return { path: `${path}/${name}`, root };
}

function namesIn({ path, root }: InsidePath): string[] {
  return inFolder(`${path}/.`, root, (short) => readdirSync(short, { encoding: "latin1" }));
}

function kindAt({ path, root }: InsidePath): "directory" | "other" | undefined {
  const stat = inFolder(path, root, (short) => lstatSync(short, { throwIfNoEntry: false }));
  if (stat === undefined) return undefined;
  return stat.isDirectory() ? "directory" : "other";
}

/** Removes what is at `path`, but keeps a directory where one is wanted, and makes it where there is none. */
function makeWay(maker: EntryMaker, at: InsidePath, wantDirectory: boolean): void {
  const there = kindAt(at);
  if (wantDirectory && there === "directory") return;
  if (there !== undefined) removeInside(at);
  if (wantDirectory) maker.directory(at.path);
}

/** A file that cannot be written whole is removed: half of one would look like the real one. */
async function writeFile(maker: EntryMaker, tree: Tree, entry: Entry, at: InsidePath, signal: AbortSignal | undefined): Promise<void> {
  const { path } = at;
  const fd = maker.open(path);
  try {
    await writeContent(fd, tree, entry, path, signal);
    maker.close(fd, entry);
  } catch (error) {
    removeInside(at);
    throw error;
  }
}

/** When it throws, the file is closed. */
async function writeContent(fd: number, tree: Tree, entry: Entry, path: string, signal: AbortSignal | undefined): Promise<void> {
  if (entry.size === 0) return;
  try {
    for await (const chunk of readData(await tree.data(entry), entry.size)) {
      signal?.throwIfAborted();
      writeAll(fd, chunk, `"${path}"`);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
