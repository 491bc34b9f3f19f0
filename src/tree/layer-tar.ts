/** The uncompressed tar of a layer, as a stream or as a blob of the store: from the tar itself, a compressed blob, or its directory. */
import type { ByteStream } from "../bytes.ts";
import type { DiffId, Digest } from "../digest.ts";
import { createHasher, digestMismatch, hexOf } from "../digest.ts";
import { fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { decompress } from "./decompress.ts";
import { layerDamaged, layerMissing } from "./errors.ts";
import { checkedLayerDirectory } from "./layer-directory.ts";
import { getLayerRecord, putLayerRecord } from "./layer-record.ts";
import { sharedWork } from "./shared-work.ts";
import { findTar, findTarBlob, type LayerTar } from "./tar-source.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { tarChunks } from "./tar-chunks.ts";
import type { Layer } from "./types.ts";
import { createFileSink } from "./write-all.ts";

/** The layer's uncompressed tar as a blob, made when it is not there yet. Throws `BLOB_MISSING`, `BLOB_DIGEST`, `STORE_CORRUPT`, `STORE_FULL`. */
export async function layerTar(
  store: Store,
  layer: Layer,
  signal?: AbortSignal,
  /** Called with the bytes written so far; not at all when the tar is there. */
  onProgress?: (bytes: number) => void,
): Promise<LayerTar> {
  return findTar(store, layer) ?? sharedWork(store, `tar ${layer.id}`, (stop) => makeTar(store, layer, stop, onProgress), signal);
}

async function makeTar(
  store: Store,
  layer: Layer,
  signal: AbortSignal,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<LayerTar> {
  const known = findTar(store, layer);
  if (known !== undefined) return known;
  await using file = await store.blobs.create();
  await using sink = createFileSink(file.fd, `the tar of layer "${layer.id}"`);
  const hasher = createHasher();
  let size = 0;
  for await (const chunk of await openTar(store, layer, signal)) {
    signal.throwIfAborted();
    await sink.write(chunk);
    hasher.update(chunk);
    size += chunk.byteLength;
    onProgress?.(size);
  }
  await sink.flush();
  const diffId = hasher.digest();
  if (layer.diffId !== undefined && diffId !== layer.diffId) throw digestMismatch({ digest: layer.diffId, size }, diffId);
  await file.commit(diffId);
  recordDiffId(store, layer.id, diffId);
  return { diffId, size, path: store.blobs.path(diffId) };
}

/** Tells the record of a layer what its tar's digest is, and that the tar may be there. */
function recordDiffId(store: Store, id: Digest, diffId: DiffId): void {
  const record = getLayerRecord(store, id);
  if (record !== undefined) putLayerRecord(store, id, { ...record, diffId });
}

/** The tar as a stream; chunks are valid until the second next is asked for. The caller checks its digest. */
export async function openTar(store: Store, layer: Layer, signal?: AbortSignal): Promise<ByteStream> {
  const tar = findTar(store, layer);
  if (tar !== undefined) return store.blobs.open(tar.diffId);
  const blob = findTarBlob(store, layer);
  if (blob !== undefined) return decompress(store.blobs.open(blob.descriptor.digest), { signal });
  const directory = await checkedLayerDirectory(store, layer, { signal });
  if (directory === undefined) throw layerMissing(layer.id);
  return tarChunks(directoryItems(layer, directory), {
    signal,
    onEntry(entry, _, digestHex) {
      if (entry.digest !== undefined && digestHex !== undefined && digestHex !== hexOf(entry.digest))
        throw layerDamaged(layer.id, entry.path);
    },
  });
}

function* directoryItems(layer: Layer, directory: string): Generator<LayerItem, void, undefined> {
  const root = fromText(directory);
  for (let position = 0; position < layer.index.count; position += 1) {
    const entry = layer.index.at(position);
    yield entry.kind === "file" ? { entry, data: { kind: "host", path: `${root}/${entry.path}` } } : { entry };
  }
}
