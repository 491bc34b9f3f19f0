/**
 * Layers copied into one directory, where the kernel refuses an overlay of them, and what a step changes there, in overlayfs form. Nothing of the
 * copy is shared with the store but blocks of file systems that copy on write. As on an overlay, each name of a file is a file of its own.
 * Synchronous, as all work on the mounts.
 */
import { chmodSync, chownSync, constants, copyFileSync, lstatSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../errors.ts";
import { baseName, fromText, joinTreePath, parentOf, ROOT, toBytes, type TreePath } from "../../paths.ts";
import { type FileTime, setTimes } from "../../sys/index.ts";
import { attributesOf, createEntryMaker, type Entry, readUpper, timeOf, upperNames } from "../../tree/index.ts";
import type { StubEntry } from "./mount-plan.ts";

/** A copy that a step works on. */
export interface CopiedLayers {
  /** Makes mount points that the layers lack. What the step does not use of them is no change. */
  addStubs(stubs: readonly StubEntry[]): void;
  /** Tells changes from now on. Waits until the clock of the file system has gone on. */
  begin(): void;
  /** Moves what has changed to `upper`, a directory of the same file system, in overlayfs form. Once, when the step has ended. */
  moveChanges(upper: string): void;
}

/** What tells that a file is still the one that was copied, and as it was: the kernel sets the time of each change, and nobody else can. */
type Stamp = string;

const CLOCK_PAUSE_MS = 1;

/** Copies `lowers` (directories in overlayfs form, topmost first) to `target`, an empty directory. Throws errors of the file system. */
export function copyLayers(lowers: readonly string[], target: string): CopiedLayers {
  const base = fromText(target);
  const maker = createEntryMaker({ leavesDevices: true });
  for (const lower of lowers.toReversed()) copyOver(fromText(lower), { base, maker }, ROOT);
  const before = new Map<TreePath, ReadonlyMap<string, Stamp>>();
  const stubs = new Map<TreePath, { readonly stamp: Stamp; readonly entry: StubEntry }>();
  return {
    addStubs(wanted) {
      // The parts of the image that lead there are in the copy already.
      const missing = wanted.filter(({ path }) => lstatSync(toBytes(at(base, path)), { throwIfNoEntry: false }) === undefined);
      for (const entry of missing) keepingTime(base, parentOf(entry.path), () => makeStub(base, entry));
      for (const entry of missing) stubs.set(entry.path, { stamp: stampOf(base, entry.path), entry });
    },
    begin() {
      remember(base, ROOT, before);
      for (const path of stubs.keys()) forget(before, path);
      awaitClock(base);
    },
    moveChanges(upper) {
      for (const [path, { stamp, entry }] of [...stubs].toReversed()) removeUnused(base, path, { stamp, entry });
      move({ base, upper: fromText(upper), before, maker }, ROOT);
    },
  };
}

interface Copying {
  readonly base: string;
  readonly maker: ReturnType<typeof createEntryMaker>;
}

function copyOver(lower: string, copying: Copying, folder: TreePath): void {
  const { base, maker } = copying;
  for (const name of upperNames(lower, folder)) {
    const path = joinTreePath(folder, name);
    const to = at(base, path);
    const found = readUpper(lower, path);
    if (found.kind !== "entry") {
      remove(to);
      continue;
    }
    const entry: Entry = { ...found.entry, ...(found.entry.kind === "symlink" ? {} : { xattrs: attributesOf(at(lower, path)) }) };
    const isKept = entry.kind === "dir" && !found.opaque && lstatSync(toBytes(to), { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isKept) remove(to);
    if (entry.kind === "dir") {
      if (!isKept) maker.directory(to);
      copyOver(lower, copying, path);
      maker.describe(to, entry);
    } else if (entry.kind === "file") {
      copyFileSync(toBytes(at(lower, path)), toBytes(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      maker.close(openSync(toBytes(to), constants.O_WRONLY | constants.O_NOFOLLOW), entry);
    } else maker.special(to, entry);
  }
}

function makeStub(base: string, { path, kind, mode, uid, gid, time, xattrs }: StubEntry): void {
  const maker = createEntryMaker();
  const entry: Entry = { path, kind, mode, uid, gid, size: 0, mtimeSec: time.sec, mtimeNsec: time.nsec, xattrs: new Map(xattrs) };
  if (kind === "file") {
    maker.close(maker.open(at(base, path)), entry);
    return;
  }
  maker.directory(at(base, path));
  maker.describe(at(base, path), entry);
}

/** The time of a directory that the step has written to has changed. What we remove from it ourselves changes no time. */
function removeUnused(base: string, path: TreePath, { stamp, entry }: { readonly stamp: Stamp; readonly entry: StubEntry }): void {
  const full = at(base, path);
  const stat = lstatSync(toBytes(full), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return;
  const isPlain = Number(stat.mode) % 0o10000 === entry.mode && Number(stat.uid) === entry.uid && Number(stat.gid) === entry.gid;
  const isUnused = entry.kind === "file" ? stampOf(base, path) === stamp : isPlain && stat.mtimeNs === nanoseconds(entry.time);
  if (!isUnused || stamp.split(" ")[0] !== String(stat.ino)) return;
  keepingTime(base, parentOf(path), () => {
    try {
      if (entry.kind === "file") rmSync(toBytes(full));
      else rmdirSync(toBytes(full));
    } catch (error) {
      if (errnoOf(error) !== "ENOTEMPTY") throw error;
    }
  });
}

function remember(base: string, folder: TreePath, known: Map<TreePath, ReadonlyMap<string, Stamp>>): void {
  const stamps = new Map<string, Stamp>();
  for (const name of upperNames(base, folder)) {
    const path = joinTreePath(folder, name);
    stamps.set(name, stampOf(base, path));
    if (lstatSync(toBytes(at(base, path))).isDirectory()) remember(base, path, known);
  }
  known.set(folder, stamps);
}

function forget(known: Map<TreePath, ReadonlyMap<string, Stamp>>, path: TreePath): void {
  const stamps = new Map(known.get(parentOf(path)));
  stamps.delete(baseName(path));
  known.set(parentOf(path), stamps);
  known.delete(path);
}

/** A change in the same tick of the clock as the copy would not be seen. */
function awaitClock(base: string): void {
  const probe = `${base}.clock`;
  const tick = (): bigint => {
    mkdirSync(toBytes(probe));
    const { ctimeNs } = lstatSync(toBytes(probe), { bigint: true });
    rmdirSync(toBytes(probe));
    return ctimeNs;
  };
  const start = tick();
  while (tick() === start) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CLOCK_PAUSE_MS);
}

interface Moving extends Copying {
  readonly upper: string;
  readonly before: ReadonlyMap<TreePath, ReadonlyMap<string, Stamp>>;
}

/** Directories of the upper are made when something goes into them, or when they have changed themselves. */
function move(moving: Moving, folder: TreePath): boolean {
  const { base, upper, before, maker } = moving;
  const known = before.get(folder) ?? new Map<string, Stamp>();
  const names = upperNames(base, folder);
  let isMade = folder === ROOT;
  const into = (): void => {
    if (!isMade) makeFolderOf(upper, folder);
    isMade = true;
  };
  for (const name of names) {
    const path = joinTreePath(folder, name);
    const isFolder = lstatSync(toBytes(at(base, path))).isDirectory();
    const isSame = known.get(name) === stampOf(base, path);
    if (isFolder && before.has(path)) {
      // What goes out of it changes its time.
      const found = readUpper(base, path);
      const xattrs = attributesOf(at(base, path));
      if (move(moving, path)) isMade = true;
      else if (!isSame) {
        into();
        makeFolderOf(upper, path);
      } else continue;
      if (found.kind === "entry") maker.describe(at(upper, path), { ...found.entry, xattrs });
    } else if (!isSame) {
      into();
      renameSync(toBytes(at(base, path)), toBytes(at(upper, path)));
    }
  }
  for (const name of known.keys()) {
    if (names.includes(name)) continue;
    into();
    maker.special(at(upper, joinTreePath(folder, name)), whiteoutAt(joinTreePath(folder, name)));
  }
  if (folder === ROOT) {
    const { uid, gid, mode } = lstatSync(toBytes(base));
    chownSync(toBytes(upper), uid, gid);
    chmodSync(toBytes(upper), mode % 0o10000);
  }
  return isMade;
}

/** Those above it get their metadata when all is in them. */
function makeFolderOf(upper: string, folder: TreePath): void {
  if (folder === ROOT || lstatSync(toBytes(at(upper, folder)), { throwIfNoEntry: false }) !== undefined) return;
  makeFolderOf(upper, parentOf(folder));
  mkdirSync(toBytes(at(upper, folder)), { mode: 0o700 });
}

function whiteoutAt(path: TreePath): Entry {
  return { path, kind: "whiteout", mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}

/** Makes a change in a directory that leaves its time as it was. */
function keepingTime(base: string, folder: TreePath, change: () => void): void {
  const path = folder === ROOT ? base : at(base, folder);
  const { mtimeNs } = lstatSync(toBytes(path), { bigint: true });
  change();
  const mtimeSec = Number(mtimeNs / 1_000_000_000n);
  setTimes(path, timeOf({ mtimeSec, mtimeNsec: Number(mtimeNs % 1_000_000_000n) }));
}

function stampOf(base: string, path: TreePath): Stamp {
  const { ino, ctimeNs } = lstatSync(toBytes(at(base, path)), { bigint: true });
  return `${ino} ${ctimeNs}`;
}

function nanoseconds({ sec, nsec }: FileTime): bigint {
  return BigInt(sec) * 1_000_000_000n + BigInt(nsec);
}

function at(base: string, path: TreePath): string {
  return `${base}/${path}`;
}

function remove(path: string): void {
  rmSync(toBytes(path), { recursive: true, force: true });
}
