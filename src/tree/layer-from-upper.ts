/**
 * What a RUN changed, as a layer: the upper directory of its overlay, read with BuildKit's rules (S121 to S124, S127, S128). The directory
 * itself becomes the layer's directory: nothing is copied, and no tar is made before one is needed.
 */
import { createHash, hash } from "node:crypto";
import { closeSync, lstatSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Digest } from "../digest.ts";
import { framedDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, baseName, fromText, joinTreePath, parentOf } from "../paths.ts";
import type { StagedDirectory, Store } from "../store/index.ts";
import { changedWhileRead } from "./errors.ts";
import { openForReading } from "./host-files.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { addLayer } from "./layer-store.ts";
import type { LayerItem } from "./tar-chunks.ts";
import type { Entry, Layer, LayerIndex, RootOwner, Tree } from "./types.ts";
import { hasSameMetadata, hasSameTime, readUpper, upperNames } from "./upper-scan.ts";
import { writeLayer } from "./write-layer.ts";

const TURN_MS = 8;
const CHUNK = 1024 * 1024;

/**
 * Makes the layer and publishes the directory. `lower` is what the RUN saw before: entries that are the same there are left out, and opaque
 * directories become single whiteouts. Of the root's own metadata a new owner is kept, as BuildKit does. Throws `UNSUPPORTED` for uses of
 * overlayfs that cannot be read, `STORE_FULL`, and the signal's reason.
 */
export async function layerFromUpper(store: Store, upper: StagedDirectory, lower: Tree, signal?: AbortSignal): Promise<Layer> {
  signal?.throwIfAborted();
  const scan = createScan(fromText(upper.path), lower, signal);
  await scan.directory(ROOT, false);
  const { index } = scan.finish();
  const rootOwner = newRootOwner(upper.path, lower);
  const id = framedDigest(["decant.run", index.bytes, ...(rootOwner === undefined ? [] : [`${rootOwner.uid}:${rootOwner.gid}`])]);
  await upper.publish(id);
  return addLayer(store, id, { index, ...given({ rootOwner }) });
}

/**
 * The same for an upper directory in memory, which goes with its step: what it holds is written as the layer's tar. Throws as
 * `layerFromUpper`.
 */
export async function layerFromMemory(store: Store, upper: string, lower: Tree, signal?: AbortSignal): Promise<Layer> {
  signal?.throwIfAborted();
  const root = fromText(upper);
  const scan = createScan(root, lower, signal);
  await scan.directory(ROOT, false);
  return await writeLayer(store, itemsOf(scan.finish().index, root), { signal, rootOwner: newRootOwner(upper, lower) });
}

function* itemsOf(index: LayerIndex, root: string): Generator<LayerItem> {
  for (let position = 0; position < index.count; position += 1) {
    const entry = index.at(position);
    yield entry.kind === "file" && entry.size > 0 ? { entry, data: { kind: "host", path: `${root}/${entry.path}` } } : { entry };
  }
}

function newRootOwner(upper: string, lower: Tree): RootOwner | undefined {
  const { uid, gid } = lstatSync(upper);
  const before = lower.lookup(ROOT);
  return uid === (before?.uid ?? 0) && gid === (before?.gid ?? 0) ? undefined : { uid, gid };
}

interface Scan {
  /** `isHidden`: what `lower` has below is not visible any more. */
  directory(path: TreePath, isHidden: boolean): Promise<void>;
  finish(): ReturnType<ReturnType<typeof createIndexBuilder>["finish"]>;
}

/** A file with several names that was met before. */
interface FirstName {
  readonly entry: Entry;
  isAdded: boolean;
}

function createScan(root: string, lower: Tree, signal: AbortSignal | undefined): Scan {
  const builder = createIndexBuilder();
  /** Directories around the current one that were not added: they are when something below them is. */
  const waiting = new Map<TreePath, Entry>();
  const inodes = new Map<string, FirstName>();
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let turn = performance.now();

  const breathe = async (): Promise<void> => {
    if (performance.now() - turn < TURN_MS) return;
    await setImmediate();
    signal?.throwIfAborted();
    turn = performance.now();
  };

  const addParents = (path: TreePath): void => {
    if (path === ROOT) return;
    addParents(parentOf(path));
    const entry = waiting.get(path);
    if (entry === undefined) return;
    builder.add(entry, NO_DATA);
    waiting.delete(path);
  };
  const add = (entry: Entry): void => {
    addParents(parentOf(entry.path));
    builder.add(entry, NO_DATA);
  };
  const addWhiteout = (path: TreePath): void =>
    add({ path, kind: "whiteout", mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 });

  const hashFile = async (path: TreePath, size: number): Promise<Digest> => {
    if (size === 0) return EMPTY;
    const fd = openForReading(`${root}/${path}`);
    try {
      let done = readSync(fd, buffer, 0, CHUNK, null);
      if (done === size) return `sha256:${hash("sha256", buffer.subarray(0, done), "hex")}` as Digest;
      const running = createHash("sha256");
      for (let read = done; read > 0 && done <= size; done += read) {
        running.update(buffer.subarray(0, read));
        await breathe();
        read = readSync(fd, buffer, 0, CHUNK, null);
      }
      if (done !== size) throw changedWhileRead(`${root}/${path}`, size, done);
      return `sha256:${running.digest("hex")}` as Digest;
    } finally {
      closeSync(fd);
    }
  };

  /** The entry with its digest when it is another than below, or undefined. Rule S124. */
  const changed = async (entry: Entry, below: Entry | undefined): Promise<{ readonly entry: Entry; readonly isChanged: boolean }> => {
    const isSame = below !== undefined && hasSameMetadata(entry, below);
    if (entry.kind === "dir") return { entry, isChanged: !isSame };
    const sameTime = below !== undefined && hasSameTime(entry, below);
    // A time without nanoseconds came from a tar, and programs can set it: look at the content.
    if (isSame && sameTime && (entry.kind !== "file" || entry.mtimeNsec !== 0)) {
      return { entry: below.digest === undefined ? entry : { ...entry, digest: below.digest }, isChanged: false };
    }
    if (entry.kind !== "file") return { entry, isChanged: true };
    const digest = await hashFile(entry.path, entry.size);
    return { entry: { ...entry, digest }, isChanged: !(isSame && sameTime && (await lower.digest(below)) === digest) };
  };

  const addChanged = (entry: Entry, isChanged: boolean, inode: string | undefined): void => {
    const first = inode === undefined ? undefined : inodes.get(inode);
    if (first === undefined) {
      if (inode !== undefined) inodes.set(inode, { entry, isAdded: isChanged });
      if (isChanged) add(entry);
      return;
    }
    if (!isChanged) return;
    // The new name must be a link to what was there before (rule S127).
    if (!first.isAdded) add(first.entry);
    first.isAdded = true;
    add({ ...entry, kind: "hardlink", size: 0, link: first.entry.path });
  };

  const directory = async (path: TreePath, isHidden: boolean): Promise<void> => {
    const names = upperNames(root, path);
    if (isHidden) {
      // BuildKit writes no opaque marks (rule S121).
      const present = new Set(names);
      for (const { path: below } of lower.readdir(path)) if (!present.has(baseName(below))) addWhiteout(below);
    }
    for (const name of names) {
      const child = joinTreePath(path, name);
      const found = readUpper(root, child);
      const below = lower.lookup(child);
      if (found.kind !== "entry") {
        // A whiteout for nothing is not written (rule S122); a socket hides what was there (rule S128).
        if (below !== undefined) addWhiteout(child);
        continue;
      }
      const { entry, isChanged } = await changed(found.entry, below);
      if (entry.kind !== "dir") addChanged(entry, isChanged, found.inode);
      else {
        if (isChanged) add(entry);
        else waiting.set(child, entry);
        await directory(child, below?.kind === "dir" && (isHidden || found.opaque));
        // A later link may need it still: it stays when links are about.
        if (inodes.size === 0) waiting.delete(child);
      }
      await breathe();
    }
  };

  return { directory, finish: () => builder.finish() };
}

const EMPTY = `sha256:${hash("sha256", "", "hex")}` as Digest;
