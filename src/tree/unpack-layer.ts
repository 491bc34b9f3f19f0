/** A layer as a directory in overlayfs form, for the steps that need a file system (decision 2). */
import { readSync, closeSync } from "node:fs";
import { createTurns } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import type { Store } from "../store/index.ts";
import { DecantError } from "../errors.ts";
import { isOnOverlay } from "../sys/index.ts";
import type { TreePath } from "../paths.ts";
import { displayPath, fromText } from "../paths.ts";
import { readData } from "./data.ts";
import { noteDropped } from "./dropped-attributes.ts";
import { changedWhileRead, writeFailure } from "./errors.ts";
import { openForReading } from "./host-files.ts";
import { checkLockedDirectory, layerDirectory, lockLayerDirectory } from "./layer-directory.ts";
import { locatedIndex } from "./layer-positions.ts";
import { joinedDirectory, layersToJoin } from "./join-layers.ts";
import { LAYERS, LAYER_DIRS } from "./layer-record.ts";
import { sparseContentsPath } from "./layer-store.ts";
import { openTar } from "./layer-tar.ts";
import { isRebased } from "./rebase.ts";
import { sharedWork } from "./shared-work.ts";
import { SPARSE_AT } from "./sparse-contents.ts";
import { findTar } from "./tar-source.ts";
import type { Entry, Layer, LayerIndex, Tree } from "./types.ts";
import { layerTree, rebaseLayers } from "./layer-tree.ts";
import type { Unpacker } from "./unpacker.ts";
import { createUnpacker } from "./unpacker.ts";

const REBASED = "layer-rebased";
const CHUNK = 1024 * 1024;

/**
 * The directories of a stack of layers, bottom first, that together show what `layerTree` shows. There may be fewer than layers: empty
 * ones are left out, of a layer that comes twice only the upper place counts, where it hides the lower (overlayfs refuses a directory twice), and
 * the lowest of more than can be mounted are joined into one. In a store on an overlay it is one directory for all of them.
 * Throws `STORE_FULL`, `STORE_CORRUPT`, `BLOB_MISSING`, and `TAR` for hard links to what is not there.
 */
export async function unpackLayers(
  store: Store,
  layers: readonly Layer[],
  { signal, around = (_, unpack) => unpack() }: UnpackLayersOptions = {},
): Promise<string[]> {
  const stack = rebaseLayers(layers);
  const needed = neededLayers(stack);
  const missing = withoutDirectory(store, needed);
  const unpack = async (onProgress?: OnUnpacked): Promise<string[]> => {
    const paths: string[] = [];
    for (const { layer, number } of needed) {
      const lower = (): Tree => layerTree(stack.slice(0, number));
      paths.push(layerDirectory(store, layer.id) ?? (await unpackLayer(store, layer, { lower, signal, onProgress })));
    }
    const toJoin = isOnOverlay(store.root) ? needed.length : layersToJoin(needed.length);
    const lowest = needed.slice(0, toJoin).map(({ layer }, at) => ({ layer, path: paths[at] ?? "" }));
    if (lowest.length === 0) return paths;
    return [await joinedDirectory(store, lowest, signal), ...paths.slice(lowest.length)];
  };
  return missing.length === 0 ? await unpack() : await around(missing, unpack);
}

/** The layers of a stack that `unpackLayers` would have to unpack. */
export function layersToUnpack(store: Store, layers: readonly Layer[]): Layer[] {
  return withoutDirectory(store, neededLayers(rebaseLayers(layers)));
}

interface NeededLayer {
  readonly layer: Layer;
  readonly number: number;
}

function neededLayers(stack: readonly Layer[]): NeededLayer[] {
  const last = new Map(stack.map((layer, number) => [layer.id, number]));
  return stack.flatMap((layer, number) => (layer.index.count === 0 || last.get(layer.id) !== number ? [] : [{ layer, number }]));
}

function withoutDirectory(store: Store, needed: readonly NeededLayer[]): Layer[] {
  return needed.filter(({ layer }) => layerDirectory(store, layer.id) === undefined).map(({ layer }) => layer);
}

/** Called with the bytes of a layer's files that are unpacked so far. */
export type OnUnpacked = (layer: Layer, bytes: number) => void;

/** How layers are unpacked. */
export interface UnpackLayersOptions {
  readonly signal?: AbortSignal | undefined;
  /** Runs `unpack` where there are layers without a directory, which is work: to tell of it. */
  readonly around?: ((missing: readonly Layer[], unpack: (onProgress?: OnUnpacked) => Promise<string[]>) => Promise<string[]>) | undefined;
}

interface UnpackOptions {
  readonly signal: AbortSignal | undefined;
  /** What is below the layer. */
  readonly lower: () => Tree;
  readonly onProgress: OnUnpacked | undefined;
}

async function unpackLayer(store: Store, layer: Layer, { signal, ...options }: UnpackOptions): Promise<string> {
  return sharedWork(store, `unpack ${layer.id}`, (stop) => unpackLocked(store, layer, { signal: stop, ...options }), signal);
}

async function unpackLocked(store: Store, layer: Layer, { signal, lower, onProgress }: UnpackOptions): Promise<string> {
  await using _lock = await lockLayerDirectory(store, layer, signal);
  const original = isRebased(layer) ? layer.original : layer;
  const known = await checkLockedDirectory(store, layer, { original, signal });
  if (known !== undefined) return known;
  const index = isRebased(layer) ? layer.index : await locatedIndex(store, layer, signal);
  await using staged = await store.dirs.create(LAYER_DIRS);
  using unpacker = createUnpacker(staged.path);
  try {
    await unpackFiles(
      store,
      { index, original },
      onProgress === undefined ? unpacker : told(unpacker, (bytes) => onProgress(layer, bytes)),
      signal,
    );
    await copyFromBelow(index, unpacker, lower());
    unpacker.finish(index);
  } catch (error) {
    throw writeFailure(error, `the directory of layer "${layer.id}"`);
  }
  signal?.throwIfAborted();
  noteDropped(store, original.id, unpacker.dropped);
  if (isRebased(layer)) {
    store.records.put(REBASED, layer.id, original.id, [
      { kind: "dir", space: LAYER_DIRS, id: layer.id },
      { kind: "record", space: LAYERS, id: original.id },
    ]);
  }
  return await staged.publish(layer.id);
}

/** Tells of the bytes that go through. */
function told(unpacker: Unpacker, onProgress: (bytes: number) => void): Unpacker {
  let done = 0;
  return {
    ...unpacker,
    data(chunk) {
      unpacker.data(chunk);
      done += chunk.byteLength;
      onProgress(done);
    },
  };
}

/** Positions of the files with content, in the order of the tar. */
function filesInTarOrder(index: LayerIndex): number[] {
  const positions: number[] = [];
  let sorted = true;
  let last = -1;
  for (let position = 0; position < index.count; position += 1) {
    if (index.kind(position) !== "file") continue;
    const offset = index.dataOffset(position);
    if (offset < 0) continue;
    sorted &&= offset >= last;
    last = offset;
    positions.push(position);
  }
  return sorted ? positions : positions.sort((a, b) => index.dataOffset(a) - index.dataOffset(b));
}

async function unpackFiles(
  store: Store,
  { index, original }: { readonly index: LayerIndex; readonly original: Layer },
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const all = filesInTarOrder(index);
  // They come last, by their positions.
  const firstSparse = all.findIndex((position) => index.dataOffset(position) >= SPARSE_AT);
  const files = firstSparse < 0 ? all : all.slice(0, firstSparse);
  if (firstSparse >= 0) {
    const path = fromText(sparseContentsPath(store, original));
    const moved: LayerIndex = { ...index, dataOffset: (position) => index.dataOffset(position) - SPARSE_AT };
    await unpackSlices(path, moved, all.slice(firstSparse), unpacker, signal);
  }
  if (files.length === 0) return;
  const tar = findTar(store, original);
  if (tar === undefined) await unpackStream(await openTar(store, original, signal), index, files, unpacker, signal);
  else await unpackSlices(fromText(tar.path), index, files, unpacker, signal);
}

/** From the tar as a file: only what is needed is read. */
async function unpackSlices(
  path: string,
  index: LayerIndex,
  files: readonly number[],
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fd = openForReading(path);
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let bufferAt = 0;
  let buffered = 0;
  const turns = createTurns(signal);
  try {
    for (const position of files) {
      const entry = index.at(position);
      const offset = index.dataOffset(position);
      unpacker.begin(entry);
      for (let done = 0; done < entry.size;) {
        const at = offset + done;
        if (at < bufferAt || at >= bufferAt + buffered) {
          buffered = readSync(fd, buffer, 0, CHUNK, at);
          bufferAt = at;
          if (buffered === 0) throw changedWhileRead(path, entry.size, done);
        }
        const size = Math.min(entry.size - done, bufferAt + buffered - at);
        unpacker.data(buffer.subarray(at - bufferAt, at - bufferAt + size));
        done += size;
        if (turns.isDue) await turns.give();
      }
      unpacker.end();
    }
  } finally {
    closeSync(fd);
  }
}

/** From the tar as it is decompressed. */
async function unpackStream(
  stream: ByteStream,
  index: LayerIndex,
  files: readonly number[],
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  let entry: Entry | undefined;
  let start = 0;
  let chunkAt = 0;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    const chunkEnd = chunkAt + chunk.byteLength;
    for (;;) {
      if (entry === undefined) {
        const position = files[next];
        if (position === undefined || index.dataOffset(position) >= chunkEnd) break;
        entry = index.at(position);
        start = index.dataOffset(position);
        unpacker.begin(entry);
      }
      const end = Math.min(start + entry.size, chunkEnd);
      unpacker.data(chunk.subarray(Math.max(start, chunkAt) - chunkAt, end - chunkAt));
      if (end < start + entry.size) break;
      unpacker.end();
      entry = undefined;
      next += 1;
    }
    chunkAt = chunkEnd;
  }
  const position = files[next];
  if (position !== undefined) throw changedWhileRead(index.path(position), index.size(position), 0);
}

/** overlayfs cannot link to a file of another directory: the name gets a copy. */
async function copyFromBelow(index: LayerIndex, unpacker: Unpacker, lower: Tree): Promise<void> {
  for (let position = 0; position < index.count; position += 1) {
    if (index.kind(position) !== "hardlink") continue;
    const link = index.at(position);
    const target = link.link as TreePath;
    if (index.find(target) >= 0) continue;
    const file = lower.lookup(target);
    if (file?.kind !== "file") {
      throw new DecantError(
        "TAR",
        `Cannot unpack hard link "${displayPath(link.path)}": its target "${displayPath(target)}" is not in the image`,
      );
    }
    unpacker.begin({ ...file, path: link.path });
    for await (const chunk of readData(await lower.data(file), file.size)) unpacker.data(chunk);
    unpacker.end();
  }
}
