/** The blob of a layer as a manifest will name it: found again when it was made before, or came from a registry (decision 2). */
import { createTurns } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import { createHasher, digestMismatch } from "../digest.ts";
import type { Descriptor } from "../oci/index.ts";
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { compress, type CompressFormat, compressionLevel, gzipEncoder, type GzipEncoder } from "./compress.ts";
import { given } from "../given.ts";
import { layerMissing } from "./errors.ts";
import type { Compression, LayerBlob } from "./layer-record.ts";
import { getLayerRecord, putLayerRecord } from "./layer-record.ts";
import { layerTar, openTar } from "./layer-tar.ts";
import { sharedWork } from "./shared-work.ts";
import type { Layer } from "./types.ts";
import { createFileSink } from "./write-all.ts";

/** What blob is wanted. */
interface CompressionChoice {
  readonly compression: Compression;
  /** gzip 0 to 9, default 4 of zlib, or 3 of ISA-L; zstd 1 to 22, default 3. */
  readonly level?: number;
  /** Of gzip. Default: as `gzipEncoder` says. */
  readonly encoder?: GzipEncoder | undefined;
  /** Default false: a layer that came compressed from elsewhere stays as it came, as BuildKit has it. */
  readonly force?: boolean;
}

/** How it is made. */
interface CompressedLayerOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the blob made so far; not at all when the blob is there. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Makes or finds the layer's blob; it is in `store.blobs` then. Throws `USAGE` for an impossible level, and what reading the layer throws. */
export async function compressedLayer(
  store: Store,
  layer: Layer,
  choice: CompressionChoice,
  options: CompressedLayerOptions = {},
): Promise<Descriptor> {
  const { compression } = choice;
  const encoder = compression === "gzip" ? (choice.encoder ?? (await gzipEncoder(choice.level))) : undefined;
  const known = findBlob(store, layer, { ...choice, encoder });
  if (known !== undefined) return known.descriptor;
  if (compression === "uncompressed") {
    const { diffId, size } = await layerTar(store, layer, options.signal, options.onProgress);
    return { mediaType: OCI_LAYER, digest: diffId, size };
  }
  const level = compressionLevel(compression, choice.level);
  const key = `compress ${layer.id} ${compression} ${level} ${encoder ?? ""}`;
  return sharedWork(
    store,
    key,
    (signal) => makeBlob(store, layer, { compression, level, encoder }, { ...options, signal }),
    options.signal,
  );
}

function findBlob(store: Store, layer: Layer, choice: CompressionChoice): LayerBlob | undefined {
  const blobs = (getLayerRecord(store, layer.id)?.blobs ?? []).filter(
    ({ descriptor }) => store.blobs.size(descriptor.digest) !== undefined,
  );
  const isForeign = (blob: LayerBlob): boolean => blob.level < 0;
  if (choice.force !== true) {
    const foreign = blobs.find((blob) => isForeign(blob) && blob.compression === choice.compression) ?? blobs.find(isForeign);
    if (foreign !== undefined) return foreign;
  }
  if (choice.compression === "uncompressed") return undefined;
  const level = compressionLevel(choice.compression, choice.level);
  return blobs.find(
    (blob) =>
      blob.compression === choice.compression &&
      ((blob.level === level && blob.encoder === choice.encoder) || (isForeign(blob) && choice.level === undefined)),
  );
}

async function makeBlob(store: Store, layer: Layer, format: CompressFormat, options: CompressedLayerOptions): Promise<Descriptor> {
  const { signal } = options;
  await using file = await store.blobs.create();
  await using sink = createFileSink(file.fd, `layer "${layer.id}"`);
  const plainHash = createHasher();
  const hasher = createHasher();
  let plainBytes = 0;
  let size = 0;
  // The tar of a RUN layer is not written: its digest is taken on the way.
  const plain = async function* (source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
    const turns = createTurns(signal);
    for await (const chunk of source) {
      plainHash.update(chunk);
      plainBytes += chunk.byteLength;
      if (turns.isDue) await turns.give();
      yield chunk;
    }
  };
  for await (const chunk of compress(plain(await openTar(store, layer, signal)), format)) {
    await sink.write(chunk);
    hasher.update(chunk);
    size += chunk.byteLength;
    options.onProgress?.(size);
  }
  await sink.flush();
  const diffId = plainHash.digest();
  if (layer.diffId !== undefined && diffId !== layer.diffId) throw digestMismatch({ digest: layer.diffId, size: plainBytes }, diffId);
  const digest = hasher.digest();
  await file.commit(digest);
  const record = getLayerRecord(store, layer.id);
  if (record === undefined) throw layerMissing(layer.id);
  const descriptor = { mediaType: format.compression === "gzip" ? OCI_LAYER_GZIP : OCI_LAYER_ZSTD, digest, size };
  putLayerRecord(store, layer.id, {
    ...record,
    diffId,
    blobs: [{ compression: format.compression, level: format.level, ...given({ encoder: format.encoder }), descriptor }],
  });
  return descriptor;
}
