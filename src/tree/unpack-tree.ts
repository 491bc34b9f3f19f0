/**
 * A tree as a plain directory of the host (type=local). The destination may hold files of the user, symlinks among them: every name is
 * looked at without following it, and what is in the way of an entry is replaced, never written through.
 */
import { closeSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createTurns } from "../async.ts";
import { DecantError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, fromText } from "../paths.ts";
import { makeFolders } from "../sys/index.ts";
import { readData } from "./data.ts";
import { fsPath } from "./host-files.ts";
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
}

/**
 * Writes the tree over what `destination` holds; it is made when absent. Gives the names of extended attributes that its file system did not
 * take (rule S126). Throws `EXPORT` when it is no directory, and Node's errors.
 */
export async function unpackTree(tree: Tree, destination: string, options: UnpackTreeOptions = {}): Promise<string[]> {
  const maker = createEntryMaker();
  const dest = fromText(destination);
  mkdirDestination(destination);
  const root = options.stage === undefined ? dest : fromText(options.stage);
  if (options.stage !== undefined) makeFolders(options.stage);
  const firsts = new Map<string, TreePath>();
  const folders: Entry[] = [];
  const turns = createTurns(options.signal);
  for (const found of walk(tree, ROOT)) {
    const timed = options.mtimeSec === undefined ? found : { ...found, mtimeSec: options.mtimeSec, mtimeNsec: 0 };
    const entry = options.keepOwners === true ? timed : { ...timed, uid: 0, gid: 0 };
    const path = `${root}/${entry.path}`;
    const group = entry.kind === "file" ? tree.linkGroup(found) : undefined;
    const first = group === undefined ? undefined : firsts.get(group);
    makeWay(maker, path, entry.kind === "dir");
    if (entry.kind === "dir") folders.push(entry);
    else if (first !== undefined) maker.link(`${root}/${first}`, path);
    else if (entry.kind === "file") {
      await writeFile(maker, tree, entry, path, options.signal);
      options.onProgress?.(entry.size);
    } else maker.special(path, entry);
    if (group !== undefined && first === undefined) firsts.set(group, entry.path);
    if (turns.isDue) await turns.give();
  }
  if (root !== dest) moveInto(root, dest, options.signal);
  for (const entry of folders.reverse()) maker.describe(`${dest}/${entry.path}`, entry);
  return [...maker.dropped].toSorted();
}

function mkdirDestination(destination: string): void {
  try {
    makeFolders(destination);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" && errnoOf(error) !== "ENOTDIR") throw error;
    throw new DecantError("EXPORT", `Cannot write to "${destination}": it is not a directory`, { cause: error });
  }
}

/** Moves what is in a folder into another one. Directories that both have are merged; what else is in the way goes. */
function moveInto(from: string, to: string, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  for (const entry of readdirSync(fsPath(from), { encoding: "latin1", withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    const there = lstatSync(fsPath(target), { throwIfNoEntry: false });
    if (entry.isDirectory() && there?.isDirectory() === true) {
      moveInto(source, target, signal);
      continue;
    }
    // A file takes the place of a file at once.
    if (there !== undefined && (entry.isDirectory() || there.isDirectory())) rmSync(fsPath(target), { recursive: true, force: true });
    renameSync(fsPath(source), fsPath(target));
  }
}

/** Removes what is at `path`, but keeps a directory where one is wanted, and makes it where there is none. */
function makeWay(maker: EntryMaker, path: string, wantDirectory: boolean): void {
  const there = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (wantDirectory && there?.isDirectory() === true) return;
  if (there !== undefined) rmSync(fsPath(path), { recursive: true, force: true });
  if (wantDirectory) maker.directory(path);
}

/** A file that cannot be written whole is removed: half of one would look like the real one. */
async function writeFile(maker: EntryMaker, tree: Tree, entry: Entry, path: string, signal: AbortSignal | undefined): Promise<void> {
  const fd = maker.open(path);
  try {
    await writeContent(fd, tree, entry, path, signal);
    maker.close(fd, path, entry);
  } catch (error) {
    rmSync(fsPath(path), { force: true });
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
