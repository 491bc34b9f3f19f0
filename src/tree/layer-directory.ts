/** The directory of a layer in overlayfs form, and whether it can be believed: directories are not fsynced (store, `isSuspect`). */
import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { hexOf } from "../digest.ts";
import { errnoOf } from "../errors.ts";
import { fromText, parentOf, ROOT, type TreePath } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { isRootHere } from "../sys/index.ts";
import { readData } from "./data.ts";
import { layerDamaged } from "./errors.ts";
import { fsPath } from "./host-files.ts";
import { LAYER_DIRS, deleteLayerRecord } from "./layer-record.ts";
import { hasTarSource } from "./tar-source.ts";
import type { Entry, Layer, LayerIndex } from "./types.ts";
import { timeOf } from "./make-entry.ts";
import { hasSameMetadata, readUpper, type UpperEntry } from "./upper-scan.ts";

/** What this process found: no prune takes it as long as the process lives. */
const found = new WeakMap<Store, Map<string, string>>();

/** Its path, when it is here and was confirmed since the last boot. */
export function layerDirectory(store: Store, id: string): string | undefined {
  const known = found.get(store)?.get(id);
  if (known !== undefined && lstatSync(known, { throwIfNoEntry: false })?.isDirectory() === true) return known;
  const path = store.dirs.find(LAYER_DIRS, id);
  if (path === undefined || store.dirs.isSuspect(LAYER_DIRS, id)) return undefined;
  const all = found.get(store) ?? new Map<string, string>();
  found.set(store, all.set(id, path));
  return path;
}

/** What is checked, and how. */
interface DirectoryCheck {
  /** The layer whose tar or blobs the directory can be made of again. Default: the layer itself. */
  readonly original?: Layer;
  readonly signal?: AbortSignal | undefined;
}

/** Keeps others from checking, removing or making the directory of a layer. */
export function lockLayerDirectory(store: Store, layer: Layer, signal?: AbortSignal): Promise<AsyncDisposable> {
  return store.locks.acquire(`unpack-${layer.id}`, { signal });
}

/**
 * Its path when it is here, checked first when it is suspect: every entry, and every file's digest, is compared with the index. A damaged
 * directory is removed; when there is nothing to make it of again, the layer's record goes too, and `STORE_CORRUPT` is thrown.
 */
export async function checkedLayerDirectory(store: Store, layer: Layer, check: DirectoryCheck = {}): Promise<string | undefined> {
  // Its files belong to ids of a user namespace that we are not in: not all can be read, and none has its owner.
  if (!isRootHere() && hasTarSource(store, check.original ?? layer)) return undefined;
  const path = store.dirs.find(LAYER_DIRS, layer.id);
  if (path === undefined || !store.dirs.isSuspect(LAYER_DIRS, layer.id)) return path;
  await using _lock = await lockLayerDirectory(store, layer, check.signal);
  return await checkLockedDirectory(store, layer, check);
}

/** The same for who has the lock. */
export async function checkLockedDirectory(store: Store, layer: Layer, check: DirectoryCheck = {}): Promise<string | undefined> {
  const { original = layer, signal } = check;
  const path = store.dirs.find(LAYER_DIRS, layer.id);
  if (path === undefined || !store.dirs.isSuspect(LAYER_DIRS, layer.id)) return path;
  const damaged = await damagedPath(path, layer.index, signal);
  if (damaged !== undefined) {
    if (await removeDirectory(store, layer.id, original)) return undefined;
    throw layerDamaged(layer.id, damaged);
  }
  store.dirs.confirm(LAYER_DIRS, layer.id);
  return path;
}

/**
 * The first path of a layer's directory that is not as its index says; undefined for a sound directory, and for none. With `repair`, a damaged directory
 * goes, and the layer's record, too, where there is nothing to make the directory of again.
 */
export async function verifyLayerDirectory(
  store: Store,
  layer: Layer,
  { repair = false, signal }: { readonly repair?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<TreePath | undefined> {
  await using _lock = await lockLayerDirectory(store, layer, signal);
  const path = store.dirs.find(LAYER_DIRS, layer.id);
  const damaged = path === undefined ? undefined : await damagedPath(path, layer.index, signal);
  if (damaged !== undefined && repair) await removeDirectory(store, layer.id, layer);
  return damaged;
}

async function damagedPath(path: string, index: LayerIndex, signal: AbortSignal | undefined): Promise<TreePath | undefined> {
  for (let position = 0; position < index.count; position += 1) {
    signal?.throwIfAborted();
    if (!(await isIntact(fromText(path), index, index.at(position)))) return index.path(position);
  }
  return undefined;
}

/** True: there is something to make it of again. */
async function removeDirectory(store: Store, id: string, original: Layer): Promise<boolean> {
  await store.dirs.remove(LAYER_DIRS, id);
  const canBeMade = hasTarSource(store, original);
  if (!canBeMade) deleteLayerRecord(store, original.id);
  return canBeMade;
}

async function isIntact(root: string, index: LayerIndex, entry: Entry): Promise<boolean> {
  const found = readEntry(root, entry.path);
  switch (entry.kind) {
    case "opaque":
      return found?.kind === "entry" && found.entry.kind === "dir" && found.opaque;
    case "whiteout":
      // A socket hides what was there as well (rule S128), and below an opaque directory nothing needs to.
      return found === undefined ? isBelowOpaque(root, entry.path) : found.kind !== "entry";
    case "hardlink":
      return found?.kind === "entry" && isLinked(root, index, entry);
    case "dir":
      return isSame(entry, found) && (entry.opaque !== true || found.opaque);
    case "symlink":
    case "char":
    case "block":
    case "fifo":
      return isSame(entry, found);
    case "file":
      return isSame(entry, found) && (await hasContent(`${root}/${entry.path}`, entry));
  }
}

function isSame(entry: Entry, found: UpperEntry | undefined): found is Extract<UpperEntry, { kind: "entry" }> {
  // Not every file system keeps nanoseconds.
  return found?.kind === "entry" && hasSameMetadata(entry, found.entry) && timeOf(entry).sec === found.entry.mtimeSec;
}

function readEntry(root: string, path: TreePath): UpperEntry | undefined {
  try {
    return readUpper(root, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    throw error;
  }
}

function isBelowOpaque(root: string, path: TreePath): boolean {
  for (let directory = parentOf(path); directory !== ROOT; directory = parentOf(directory)) {
    const found = readEntry(root, directory);
    if (found?.kind === "entry" && found.opaque) return true;
  }
  return false;
}

/** The same file as its target. One whose target is in a lower layer is a copy of it. */
function isLinked(root: string, index: LayerIndex, entry: Entry): boolean {
  const { link } = entry;
  if (link === undefined || index.find(link as TreePath) < 0) return true;
  const [own, target] = [entry.path, link].map((path) => lstatSync(fsPath(`${root}/${path}`), { throwIfNoEntry: false }));
  return own !== undefined && own.ino === target?.ino;
}

async function hasContent(path: string, entry: Entry): Promise<boolean> {
  if (entry.digest === undefined) return true;
  const running = createHash("sha256");
  for await (const chunk of readData({ kind: "host", path }, entry.size)) running.update(chunk);
  return running.digest("hex") === hexOf(entry.digest);
}
