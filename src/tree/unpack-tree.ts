/**
 * A tree as a plain directory of the host (type=local). The destination may hold files of the user, symlinks among them: every name is
 * looked at without following it, and what is in the way of an entry is replaced, never written through.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { DecantError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, fromText, toBytes } from "../paths.ts";
import { makeFolders, makeNode, setTimes } from "../sys/index.ts";
import { readData } from "./data.ts";
import { fsPath } from "./host-files.ts";
import type { Entry, Tree } from "./types.ts";
import { setAttributes, setMetadata, timeOf } from "./unpacker.ts";
import { walk } from "./walk.ts";
import { writeAll } from "./write-all.ts";

/** How files are made. */
interface UnpackTreeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default false: files belong to who runs this, as BuildKit has it. True needs root. */
  readonly keepOwners?: boolean | undefined;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const TURN_MS = 8;

/** Writes the tree over what `destination` holds; it is made when absent. Throws `EXPORT` when it is no directory, and Node's errors. */
export async function unpackTree(tree: Tree, destination: string, options: UnpackTreeOptions = {}): Promise<void> {
  const root = fromText(destination);
  mkdirDestination(destination);
  const firsts = new Map<string, TreePath>();
  const folders: Entry[] = [];
  let turn = performance.now();
  for (const found of walk(tree, ROOT)) {
    const entry = options.keepOwners === true ? found : { ...found, uid: 0, gid: 0 };
    const path = `${root}/${entry.path}`;
    const group = entry.kind === "file" ? tree.linkGroup(found) : undefined;
    const first = group === undefined ? undefined : firsts.get(group);
    makeWay(path, entry.kind === "dir");
    if (entry.kind === "dir") folders.push(entry);
    else if (first !== undefined) linkSync(fsPath(`${root}/${first}`), fsPath(path));
    else if (entry.kind === "file") await writeFile(tree, entry, path, options.signal);
    else makeOther(entry, path);
    if (group !== undefined && first === undefined) firsts.set(group, entry.path);
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      options.signal?.throwIfAborted();
      turn = performance.now();
    }
  }
  for (const entry of folders.reverse()) setMetadata(`${root}/${entry.path}`, entry);
}

function mkdirDestination(destination: string): void {
  try {
    makeFolders(destination);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" && errnoOf(error) !== "ENOTDIR") throw error;
    throw new DecantError("EXPORT", `Cannot write to "${destination}": it is not a directory`, { cause: error });
  }
}

/** Removes what is at `path`, but keeps a directory where one is wanted, and makes it where there is none. */
function makeWay(path: string, wantDirectory: boolean): void {
  const there = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (wantDirectory && there?.isDirectory() === true) return;
  if (there !== undefined) rmSync(fsPath(path), { recursive: true, force: true });
  if (wantDirectory) mkdirSync(fsPath(path), 0o700);
}

/** A file that cannot be written whole is removed: half of one would look like the real one. */
async function writeFile(tree: Tree, entry: Entry, path: string, signal: AbortSignal | undefined): Promise<void> {
  const fd = openSync(fsPath(path), CREATE, 0o600);
  try {
    if (entry.size > 0) {
      for await (const chunk of readData(await tree.data(entry), entry.size)) {
        signal?.throwIfAborted();
        writeAll(fd, chunk, `"${path}"`);
      }
    }
    if (entry.uid !== 0 || entry.gid !== 0) fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode);
  } catch (error) {
    rmSync(fsPath(path), { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  setAttributes(path, entry);
  setTimes(path, timeOf(entry));
}

function makeOther(entry: Entry, path: string): void {
  switch (entry.kind) {
    case "symlink":
      symlinkSync(toBytes(entry.link ?? ""), fsPath(path));
      if (entry.uid !== 0 || entry.gid !== 0) lchownSync(fsPath(path), entry.uid, entry.gid);
      setTimes(path, timeOf(entry));
      return;
    case "char":
    case "block":
      makeNode(path, { kind: entry.kind, mode: 0o600, major: entry.major ?? 0, minor: entry.minor ?? 0 });
      setMetadata(path, entry);
      return;
    case "fifo":
      makeNode(path, { kind: "fifo", mode: 0o600 });
      setMetadata(path, entry);
      return;
    case "file":
    case "dir":
    case "hardlink":
    case "whiteout":
    case "opaque":
      return;
  }
}
