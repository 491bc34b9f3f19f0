/**
 * Makes the directory of one layer in overlayfs form: whiteouts are character devices 0:0, opaque directories carry an attribute. On an overlay
 * there can be no such marks: the directory has none, and `unpackLayers` joins all of them by their indexes.
 * The directory is private and new; while contents stream in it holds only directories and files that were made here; hard links come next and
 * symlinks last, so that no path ever leads through a symlink (rule S129).
 */
import { chmodSync, closeSync } from "node:fs";
import { InternalError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, fromText, parentOf } from "../paths.ts";
import { isOnOverlay } from "../sys/index.ts";
import { writeFailure } from "./errors.ts";
import { fsPath } from "./host-files.ts";
import { createEntryMaker, type EntryMaker } from "./make-entry.ts";
import type { Entry, EntryKind, LayerIndex } from "./types.ts";
import { writeAll } from "./write-all.ts";

/** A directory in the making. All calls are synchronous. */
export interface Unpacker extends Disposable {
  /** Starts a file; its parents are made as they are needed. */
  begin(entry: Entry): void;
  data(chunk: Uint8Array): void;
  /** Ends the file: owner, mode, attributes, time. */
  end(): void;
  /** Makes everything else that the index has, but for hard links to files that are not in it. Every directory has an entry. Call once, at the end. */
  finish(index: LayerIndex): void;
  /** Names of the extended attributes that the file system did not take. */
  readonly dropped: ReadonlySet<string>;
}

/** Starts to unpack into `root`, a new and empty directory. */
export function createUnpacker(root: string): Unpacker {
  const place = createPlace(root);
  const { maker } = place;
  let current: { readonly entry: Entry; readonly path: string; readonly fd: number } | undefined;
  return {
    dropped: maker.dropped,
    begin(entry) {
      const path = place.pathOf(entry.path);
      current = { entry, path, fd: maker.open(path) };
    },
    data(chunk) {
      if (current === undefined) throw new InternalError("data without its file");
      writeAll(current.fd, chunk, `"${current.path}"`);
    },
    end() {
      if (current === undefined) return;
      const { fd, entry } = current;
      current = undefined;
      maker.close(fd, entry);
    },
    finish(index) {
      try {
        makeRest(place, index);
      } catch (error) {
        throw writeFailure(error, `"${root}"`);
      }
    },
    [Symbol.dispose]() {
      if (current !== undefined) closeSync(current.fd);
      current = undefined;
    },
  };
}

/** link(2) names a symlink itself, and never what it leads to. */
function isLinkToSymlink(index: LayerIndex, position: number): boolean {
  const target = index.find(index.at(position).link as TreePath);
  return target >= 0 && index.kind(target) === "symlink";
}

/** Where a layer is unpacked. */
interface Place {
  /** False on an overlay. */
  readonly hasMarks: boolean;
  readonly maker: EntryMaker;
  /** In bytes form. */
  readonly root: string;
  /** Where an entry goes; the directories around it are made. */
  pathOf(path: TreePath): string;
  /** Makes a directory, and those around it. */
  ensureDirectory(path: TreePath): void;
}

function createPlace(rootText: string): Place {
  const root = fromText(rootText);
  // A step that cannot make device files can do without those of its image: what they are is in the index, and so in every result.
  const maker = createEntryMaker({ leavesDevices: true });
  const directories = new Set<string>([ROOT]);
  const ensureDirectory = (path: TreePath): void => {
    if (directories.has(path)) return;
    ensureDirectory(parentOf(path));
    maker.directory(`${root}/${path}`);
    directories.add(path);
  };
  return {
    hasMarks: !isOnOverlay(rootText),
    maker,
    root,
    ensureDirectory,
    pathOf(path) {
      if (path === ROOT) return root;
      ensureDirectory(parentOf(path));
      return `${root}/${path}`;
    },
  };
}

/** All but files with content: hard links after what they name, and symlinks after files. */
function makeRest(place: Place, index: LayerIndex): void {
  const { maker } = place;
  const later = new Map<EntryKind, number[]>([
    ["hardlink", []],
    ["symlink", []],
    ["dir", []],
  ]);
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    later.get(kind)?.push(position);
    if (kind === "whiteout" && !place.hasMarks) continue;
    if (kind === "dir") place.ensureDirectory(index.path(position));
    else if (kind !== "hardlink" && kind !== "symlink" && (kind !== "file" || index.dataOffset(position) < 0))
      makeOne(place, index.at(position));
  }
  const makeLink = (position: number): void => {
    const { path, link } = index.at(position);
    const name = place.pathOf(path);
    if (index.find(link as TreePath) >= 0) maker.link(place.pathOf(link as TreePath), name);
  };
  const links = Map.groupBy(later.get("hardlink") ?? [], (position) => isLinkToSymlink(index, position));
  links.get(false)?.forEach(makeLink);
  for (const position of later.get("symlink") ?? []) makeOne(place, index.at(position));
  links.get(true)?.forEach(makeLink);
  // Children first: making them changed the times of their directory.
  for (const position of (later.get("dir") ?? []).reverse()) {
    const entry = index.at(position);
    maker.describe(place.pathOf(entry.path), entry, entry.opaque === true && place.hasMarks);
  }
  // The root's are the caller's when the layer has no entry for it.
  if (index.count === 0 || index.path(0) !== ROOT) chmodSync(fsPath(place.root), 0o755);
}

function makeOne(place: Place, entry: Entry): void {
  const { maker } = place;
  const path = place.pathOf(entry.path);
  if (entry.kind !== "file") maker.special(path, entry);
  else if (entry.size > 0) throw new InternalError(`no data for "${entry.path}"`);
  else maker.close(maker.open(path), entry);
}

/** A name that an unpacker met twice. */
export function isTaken(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "EEXIST" || errno === "ENOTDIR" || errno === "EISDIR";
}
