/**
 * What a RUN changed, as a layer: the upper directory of its overlay, read with BuildKit's rules (S121 to S124, S127, S128). The directory
 * itself becomes the layer's directory: nothing is copied, and no tar is made before one is needed.
 */
import { createHash, hash } from "node:crypto";
import { closeSync, lstatSync, readSync } from "node:fs";
import { createTurns } from "../async.ts";
import type { Digest } from "../digest.ts";
import { framedDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, baseName, fromText, joinTreePath } from "../paths.ts";
import type { StagedDirectory, Store } from "../store/index.ts";
import { changedWhileRead } from "./errors.ts";
import { openForReading } from "./host-files.ts";
import type { BuiltIndex } from "./index-builder.ts";
import { addLayer } from "./layer-store.ts";
import type { LayerItem } from "./tar-chunks.ts";
import type { Entry, Layer, LayerIndex, RootOwner, Tree } from "./types.ts";
import { createUpperChanges } from "./upper-changes.ts";
import { hasSameMetadata, hasSameTime, readUpper, upperNames } from "./upper-scan.ts";
import { writeLayer } from "./write-layer.ts";

const CHUNK = 1024 * 1024;
const EMPTY = `sha256:${hash("sha256", "", "hex")}` as Digest;

/**
 * Makes the layer and publishes the directory. `lower` is what the RUN saw before: entries that are the same there are left out, and opaque
 * directories become single whiteouts. Of the root's own metadata a new owner is kept, as BuildKit does. Throws `UNSUPPORTED` for uses of
 * overlayfs that cannot be read, `STORE_FULL`, and the signal's reason.
 */
export async function layerFromUpper(store: Store, upper: StagedDirectory, lower: Tree, signal?: AbortSignal): Promise<Layer> {
  signal?.throwIfAborted();
  const { index } = await scanUpper(fromText(upper.path), lower, signal);
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
  const { index } = await scanUpper(root, lower, signal);
  return await writeLayer(store, itemsOf(index, root), { signal, rootOwner: newRootOwner(upper, lower) });
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

/** The index of what is in `root` and not in `lower`. */
async function scanUpper(root: string, lower: Tree, signal: AbortSignal | undefined): Promise<BuiltIndex> {
  const changes = createUpperChanges();
  const turns = createTurns(signal);
  const hasher = createFileHasher(turns);

  /** The entry with its digest when it is another than below, or undefined. Rule S124. */
  const compared = async (entry: Entry, below: Entry | undefined): Promise<{ readonly entry: Entry; readonly isChanged: boolean }> => {
    const isSame = below !== undefined && hasSameMetadata(entry, below);
    if (entry.kind === "dir") return { entry, isChanged: !isSame };
    const sameTime = below !== undefined && hasSameTime(entry, below);
    // A time without nanoseconds came from a tar, and programs can set it: look at the content.
    if (isSame && sameTime && (entry.kind !== "file" || entry.mtimeNsec !== 0)) {
      return { entry: below.digest === undefined ? entry : { ...entry, digest: below.digest }, isChanged: false };
    }
    if (entry.kind !== "file") return { entry, isChanged: true };
    const digest = await hasher.digest(`${root}/${entry.path}`, entry.size);
    return { entry: { ...entry, digest }, isChanged: !(isSame && sameTime && (await lower.digest(below)) === digest) };
  };

  /** `isHidden`: what `lower` has below is not visible any more. */
  const directory = async (path: TreePath, isHidden: boolean): Promise<void> => {
    const names = upperNames(root, path);
    if (isHidden) {
      // BuildKit writes no opaque marks (rule S121).
      const present = new Set(names);
      for (const { path: below } of lower.readdir(path)) if (!present.has(baseName(below))) changes.addWhiteout(below);
    }
    for (const name of names) {
      const child = joinTreePath(path, name);
      const found = readUpper(root, child);
      const below = lower.lookup(child);
      if (found.kind !== "entry") {
        // A whiteout for nothing is not written (rule S122); a socket hides what was there (rule S128).
        if (below !== undefined) changes.addWhiteout(child);
        continue;
      }
      const { entry, isChanged } = await compared(found.entry, below);
      if (entry.kind !== "dir") changes.addLeaf(entry, isChanged, found.inode);
      else {
        changes.enter(entry, isChanged);
        await directory(child, below?.kind === "dir" && (isHidden || found.opaque));
        changes.leave(child);
      }
      if (turns.isDue) await turns.give();
    }
  };

  await directory(ROOT, false);
  return changes.finish();
}

interface FileHasher {
  /** The digest of a file that has `size` bytes. Throws `CONTEXT` when it has others. */
  digest(path: string, size: number): Promise<Digest>;
}

/** Files are hashed one after the other, through one buffer. */
function createFileHasher(turns: ReturnType<typeof createTurns>): FileHasher {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  return {
    async digest(path, size) {
      if (size === 0) return EMPTY;
      const fd = openForReading(path);
      try {
        let done = readSync(fd, buffer, 0, CHUNK, null);
        if (done === size) return `sha256:${hash("sha256", buffer.subarray(0, done), "hex")}` as Digest;
        const running = createHash("sha256");
        for (let read = done; read > 0 && done <= size; done += read) {
          running.update(buffer.subarray(0, read));
          if (turns.isDue) await turns.give();
          read = readSync(fd, buffer, 0, CHUNK, null);
        }
        if (done !== size) throw changedWhileRead(path, size, done);
        return `sha256:${running.digest("hex")}` as Digest;
      } finally {
        closeSync(fd);
      }
    },
  };
}
