/**
 * Layers in the store. A layer that exists as a tar has its diffId as id; a layer that RUN made exists as a directory, and its id is the
 * digest of its index. Its bytes are in the uncompressed tar, in the directory, or in a compressed blob only; `data` takes the cheapest.
 */
import { readFileSync } from "node:fs";
import type { DiffId, Digest } from "../digest.ts";
import { sha256 } from "../digest.ts";
import { DecantError, InternalError, errnoOf } from "../errors.ts";
import { given } from "../given.ts";
import { isRootHere } from "../sys/index.ts";
import { fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { contentDigest } from "./content-digest.ts";
import { corruptIndex, layerMissing } from "./errors.ts";
import { checkedLayerDirectory, layerDirectory } from "./layer-directory.ts";
import type { StoredIndex } from "./layer-index.ts";
import { decodeIndex } from "./layer-index.ts";
import type { LayerBlob, LayerRecord } from "./layer-record.ts";
import { LAYER_DIRS, getLayerRecord, layerIdOf, putLayerRecord } from "./layer-record.ts";
import { locatedIndex } from "./layer-positions.ts";
import { layerTar } from "./layer-tar.ts";
import { SPARSE_AT } from "./sparse-contents.ts";
import type { DataSource, Entry, Layer, LayerSource, RemoteBlob, RootOwner } from "./types.ts";

/** A layer whose index knows positions in the tar. */
interface StoredLayer extends Layer {
  readonly index: StoredIndex;
}

/** What a new layer consists of; its bytes are in the store already. */
interface NewLayer {
  /** Absent: the digest of the index (RUN layers). */
  readonly diffId?: DiffId;
  readonly index: StoredIndex;
  readonly rootOwner?: RootOwner;
  readonly blobs?: readonly LayerBlob[];
  /** See `LayerRecord`. */
  readonly sparseContents?: Digest;
}

const opened = new WeakMap<Store, Map<Digest, WeakRef<StoredLayer>>>();

/** Puts index and record of a new layer and opens it. */
export async function addLayer(store: Store, id: Digest, layer: NewLayer): Promise<StoredLayer> {
  const { digest } = await store.blobs.put(layer.index.bytes);
  const record = putLayerRecord(store, id, {
    contentDigest: contentDigest(layer.index, layer.rootOwner),
    index: digest,
    ...given({ rootOwner: layer.rootOwner, diffId: layer.diffId, sparseContents: layer.sparseContents }),
    blobs: layer.blobs ?? [],
  });
  return remember(store, makeLayer(store, id, record, layer.index));
}

/** The layer with this id, or undefined when it or its bytes are not here. */
export function openLayer(store: Store, id: Digest): Layer | undefined {
  return openStoredLayer(store, id);
}

/** `openLayer` with positions. */
function openStoredLayer(store: Store, id: Digest): StoredLayer | undefined {
  const record = getLayerRecord(store, id);
  if (record === undefined || store.blobs.size(record.index) === undefined || !hasBytes(store, id, record)) return undefined;
  const known = opened.get(store)?.get(id)?.deref();
  return known ?? remember(store, makeLayer(store, id, record));
}

/** The layer with this diffId, or undefined when it is not here. */
export function findLayer(store: Store, diffId: DiffId): Layer | undefined {
  return openStoredLayer(store, layerIdOf(store, diffId)) ?? openStoredLayer(store, diffId);
}

/** Can files of the layer be read without unpacking it first? A pulled layer may be here in its compressed form only. */
export function hasLayerFiles(store: Store, layer: Layer): boolean {
  const { diffId } = layer;
  return (diffId !== undefined && store.blobs.size(diffId) !== undefined) || store.dirs.find(LAYER_DIRS, layer.id) !== undefined;
}

/** The layer's diffId: known, or found out by making its tar. */
export async function layerDiffId(store: Store, layer: Layer, signal?: AbortSignal): Promise<DiffId> {
  return layer.diffId ?? (await layerTar(store, layer, signal)).diffId;
}

/** A layer that is here, as what build results are lists of. `key` defaults to the content digest, as for layers that were built. */
export function layerSource(layer: Layer, options: { readonly key?: Digest; readonly remote?: RemoteBlob } = {}): LayerSource {
  const { remote } = options;
  return {
    key: options.key ?? layer.contentDigest,
    get diffId() {
      return layer.diffId;
    },
    ...given({ remote }),
    layer,
    load: (signal) => {
      signal?.throwIfAborted();
      return Promise.resolve(layer);
    },
  };
}

function hasBytes(store: Store, id: Digest, record: LayerRecord): boolean {
  return (
    (record.diffId !== undefined && store.blobs.size(record.diffId) !== undefined) ||
    record.blobs.some((blob) => store.blobs.size(blob.descriptor.digest) !== undefined) ||
    store.dirs.find(LAYER_DIRS, id) !== undefined
  );
}

function remember(store: Store, layer: StoredLayer): StoredLayer {
  let layers = opened.get(store);
  if (layers === undefined) {
    layers = new Map();
    opened.set(store, layers);
  }
  layers.set(layer.id, new WeakRef(layer));
  return layer;
}

function makeLayer(store: Store, id: Digest, record: LayerRecord, index?: StoredIndex): StoredLayer {
  let loaded = index;
  const layer: StoredLayer = {
    id,
    contentDigest: record.contentDigest,
    rootOwner: record.rootOwner,
    get diffId() {
      // Becomes known when the tar is made.
      return record.diffId ?? getLayerRecord(store, id)?.diffId;
    },
    get index() {
      loaded ??= loadIndex(store, record.index);
      return loaded;
    },
    data: (entry) => entryData(store, layer, entry),
  };
  return layer;
}

function loadIndex(store: Store, digest: Digest): StoredIndex {
  let bytes: Buffer;
  try {
    bytes = readFileSync(store.blobs.path(digest));
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      throw new DecantError("BLOB_MISSING", `Cannot read layer index "${digest}": it is not in the store`, { cause: error });
    throw error;
  }
  if (sha256(bytes) !== digest) throw corruptIndex("its content has another digest");
  return decodeIndex(bytes);
}

/** Where a file of the layer is; `entry` may be a hard link. */
function entryData(store: Store, layer: StoredLayer, entry: Entry): DataSource | Promise<DataSource> {
  const path = entry.kind === "hardlink" && entry.link !== undefined ? entry.link : entry.path;
  const position = layer.index.find(path as typeof entry.path);
  if (position < 0 || layer.index.kind(position) !== "file") throw new InternalError(`layer ${layer.id} has no file "${path}"`);
  const file = layer.index.at(position);
  if (file.size === 0) return { kind: "bytes", bytes: new Uint8Array(0) };
  const offset = layer.index.dataOffset(position);
  if (offset >= SPARSE_AT) return { kind: "slice", path: fromText(sparseContentsPath(store, layer)), offset: offset - SPARSE_AT };
  const { diffId } = layer;
  if (diffId !== undefined && offset >= 0 && store.blobs.size(diffId) !== undefined) {
    return { kind: "slice", path: fromText(store.blobs.path(diffId)), offset };
  }
  const directory = isRootHere() ? layerDirectory(store, layer.id) : undefined;
  if (directory !== undefined) return { kind: "host", path: `${fromText(directory)}/${file.path}` };
  return slowData(store, layer, file);
}

/** The file with the contents of the layer's sparse files. Throws `BLOB_MISSING`. */
export function sparseContentsPath(store: Store, layer: Layer): string {
  const digest = getLayerRecord(store, layer.id)?.sparseContents;
  if (digest === undefined || store.blobs.size(digest) === undefined) throw layerMissing(layer.id);
  return store.blobs.path(digest);
}

async function slowData(store: Store, layer: StoredLayer, file: Entry): Promise<DataSource> {
  const directory = await checkedLayerDirectory(store, layer);
  if (directory !== undefined) return { kind: "host", path: `${fromText(directory)}/${file.path}` };
  const index = await locatedIndex(store, layer);
  const tar = await layerTar(store, layer);
  return { kind: "slice", path: fromText(tar.path), offset: index.dataOffset(index.find(file.path)) };
}
