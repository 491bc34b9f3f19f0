/**
 * Layers from outside, in one pass: the compressed bytes go to the store and are checked, while they are decompressed on the thread pool,
 * parsed, hashed and indexed, and (when asked) unpacked. The uncompressed tar is not written: most layers never need it.
 */
import { given } from "../given.ts";
import type { ByteStream } from "../bytes.ts";
import type { DiffId, Expected } from "../digest.ts";
import { createHasher, digestMismatch, verified } from "../digest.ts";
import { DecantError } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import { OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from "../oci/index.ts";
import type { KeptBytes, PartialBlob, StagedDirectory, Store } from "../store/index.ts";
import { isRootHere } from "../sys/index.ts";
import { createContentHasher } from "./content-hasher.ts";
import type { CompressionFormat } from "./decompress.ts";
import { decompress, peekCompression } from "./decompress.ts";
import { noteDropped } from "./dropped-attributes.ts";
import { feedTar } from "./feed-tar.ts";
import type { BuiltIndex } from "./index-builder.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { sharedWork } from "./shared-work.ts";
import { createSparseContents, SPARSE_AT, type SparseContents } from "./sparse-contents.ts";
import type { LayerBlob } from "./layer-record.ts";
import { LAYER_DIRS } from "./layer-record.ts";
import { addLayer, findLayer } from "./layer-store.ts";
import { createTarParser } from "./tar-parser.ts";
import type { Entry, Layer } from "./types.ts";
import type { Unpacker } from "./unpacker.ts";
import { createUnpacker, isTaken } from "./unpacker.ts";
import { createFileSink } from "./write-all.ts";

/** A layer blob as an image's manifest and config describe it. */
interface LayerBlobSource {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  /** Opens it, with the bytes that an earlier transfer left at its start. */
  readonly open: (kept: KeptBytes | undefined) => ByteStream;
}

/** How a layer is imported. */
export interface ImportOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the compressed bytes that have come so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Also make the layer's directory, as `unpackLayers` would. Cheaper now than later when a RUN will need it. */
  readonly unpack?: boolean | undefined;
  /**
   * An archive whose files will be read: its plain tar is kept, however it came. What follows the archive's end mark may be anything, as for
   * BuildKit and tar. Default false: it is kept as it came, and must be whole to its last byte.
   */
  readonly archive?: boolean | undefined;
  /** Bound of the uncompressed size. Default 100 GiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * Imports a layer of an image, or finds it in the store. Throws `BLOB_SIZE` and `BLOB_DIGEST` for bytes other than described (also when the
 * tar is not the `diffId`'s), `ARCHIVE`, `TAR`, `PATH_ESCAPE`, `WHITEOUT` for what cannot be a layer; nothing is published then.
 */
export async function importLayerBlob(store: Store, blob: LayerBlobSource, options: ImportOptions = {}): Promise<Layer> {
  const { diffId, descriptor } = blob;
  return sharedWork(
    store,
    `import ${diffId}`,
    async (signal) => {
      await using _lock = await store.locks.acquire(`import-${diffId}`, { signal });
      const known = findLayer(store, diffId);
      if (known !== undefined) return known;
      const take = (source: ByteStream, from: "here" | PartialBlob): Promise<Layer> =>
        digestFirst(verified(source, descriptor), (checked) =>
          ingest(store, checked, { ...options, signal, expected: { descriptor, diffId }, from }),
        );
      // The store checks what it gives by size only: the digest is checked in both cases.
      if (store.blobs.size(descriptor.digest) === descriptor.size) return await take(store.blobs.open(descriptor.digest), "here");
      return await store.blobs.bring(descriptor, (file) => take(blob.open(file.kept), file), signal);
    },
    options.signal,
  );
}

/** What is said of bytes that are no layer. */
const NO_LAYER: ReadonlySet<string> = new Set(["ARCHIVE", "TAR", "PATH_ESCAPE", "WHITEOUT"]);

/** Bytes that are no layer may be other bytes than were asked for: then that is the failure, and whoever sent them is at fault, not the image. */
async function digestFirst<Result>(source: ByteStream, work: (source: ByteStream) => Promise<Result>): Promise<Result> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    // Without `return`: who gives up reading does not close it.
    return await work({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) });
  } catch (error) {
    if (error instanceof DecantError && NO_LAYER.has(error.code)) while ((await iterator.next()).done !== true);
    throw error;
  } finally {
    await iterator.return?.();
  }
}

/** Imports the tar of a root file system, plain or compressed, whose digests nobody told. Throws as `importLayerBlob`. */
export async function importLayerTar(store: Store, stream: ByteStream, options: ImportOptions = {}): Promise<Layer> {
  return ingest(store, stream, options);
}

interface IngestOptions extends ImportOptions {
  readonly expected?: { readonly descriptor: Expected & { readonly mediaType: string }; readonly diffId: DiffId } | undefined;
  /** "here": the compressed blob is in the store already. Else where it goes, and what of it is there. Default: nobody knows of it. */
  readonly from?: "here" | PartialBlob | undefined;
}

async function ingest(store: Store, stream: ByteStream, options: IngestOptions): Promise<Layer> {
  const { signal, expected } = options;
  signal?.throwIfAborted();
  const { format, rest } = await peekCompression(stream);
  const keep = kept(format, options);
  const partial = options.from === "here" ? undefined : options.from;
  const known = keep === "raw" ? partial : undefined;
  await using own = keep === "nothing" || known !== undefined ? undefined : await store.blobs.create();
  const file = known ?? own;
  const keptBytes = known?.kept?.sizeBytes ?? 0;
  await using sink = file === undefined ? undefined : createFileSink(file.fd, "a layer");
  await using contents = await store.blobs.create();
  const sparse = createSparseContents(contents.fd);
  await using staged = options.unpack === true && isRootHere() ? await store.dirs.create(LAYER_DIRS) : undefined;
  using unpacker = staged === undefined ? undefined : createUnpacker(staged.path);
  const rawHash = createHasher();
  const plainHash = createHasher();
  let rawBytes = 0;
  const raw = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of rest) {
      rawBytes += chunk.byteLength;
      if (expected === undefined) rawHash.update(chunk);
      const fresh = chunk.subarray(Math.max(0, keptBytes - (rawBytes - chunk.byteLength)));
      if (keep === "raw" && fresh.byteLength > 0) await sink?.write(fresh);
      options.onProgress?.(rawBytes);
      yield chunk;
    }
  };
  const reader = createLayerReader(unpacker, sparse);
  const parser = createTarParser(reader, { layer: true });
  const plain = decompress(raw(), {
    mayTrail: () => options.archive === true && parser.ended,
    maxBytes: options.maxBytes,
    signal,
  });
  await feedTar(plain, parser, {
    signal,
    onChunk(chunk) {
      plainHash.update(chunk);
      return keep === "plain" ? sink?.write(chunk) : undefined;
    },
  });
  await sink?.flush();
  const diffId = plainHash.digest();
  if (expected !== undefined && diffId !== expected.diffId) throw digestMismatch({ digest: expected.diffId, size: rawBytes }, diffId);
  const rawDigest = expected?.descriptor.digest ?? rawHash.digest();
  const { index, regular } = reader.finish();
  await file?.commit(keep === "plain" ? diffId : rawDigest);
  const sparseContents = sparse.finish();
  if (sparseContents !== undefined) await contents.commit(sparseContents);
  const layer = await addLayer(store, diffId, {
    diffId,
    index,
    ...given({ sparseContents }),
    blobs: keep === "plain" ? [] : blobsOf(format, { digest: rawDigest, size: rawBytes }, expected?.descriptor.mediaType),
  });
  if (staged !== undefined && unpacker !== undefined && regular) await publish(store, staged, unpacker, layer);
  return layer;
}

/** What goes into the store. xz and bzip2 are no compressions of layers: their plain bytes are kept. */
function kept(format: CompressionFormat, options: IngestOptions): "raw" | "plain" | "nothing" {
  if (options.from === "here") return "nothing";
  return format === "xz" || format === "bzip2" || options.archive === true ? "plain" : "raw";
}

async function publish(store: Store, staged: StagedDirectory, unpacker: Unpacker, layer: Layer): Promise<void> {
  unpacker.finish(layer.index);
  noteDropped(store, layer.id, unpacker.dropped);
  await staged.publish(layer.id);
}

function blobsOf(format: CompressionFormat, blob: Expected, mediaType: string | undefined): LayerBlob[] {
  // An uncompressed tar is found by its diffId.
  if (format !== "gzip" && format !== "zstd") return [];
  const descriptor = {
    mediaType: mediaType ?? (format === "gzip" ? OCI_LAYER_GZIP : OCI_LAYER_ZSTD),
    digest: blob.digest,
    size: blob.size,
  };
  return [{ compression: format, level: -1, descriptor }];
}

interface LayerReader {
  entry(entry: Entry, dataOffset: number): void;
  data(chunk: Buffer): void;
  end(): void;
  /** `regular`: what the unpacker made is what the index says. */
  finish(): BuiltIndex;
}

/** Collects the index, hashes the files, and hands them to the unpacker as long as the archive holds no surprises. */
function createLayerReader(unpacker: Unpacker | undefined, sparse: SparseContents): LayerReader {
  const builder = createIndexBuilder();
  const hasher = createContentHasher();
  let record = -1;
  let unpacking = unpacker !== undefined;
  let isOpen = false;
  let isSparse = false;
  return {
    entry(entry, dataOffset) {
      isSparse = entry.kind === "file" && entry.size > 0 && dataOffset < 0;
      record = builder.add(entry, entry.size === 0 ? NO_DATA : isSparse ? SPARSE_AT + sparse.begin() : dataOffset);
      hasher.begin(entry.size);
      // Files without content are made at the end, like all else.
      if (!unpacking || unpacker === undefined || entry.kind !== "file" || entry.size === 0) return;
      try {
        unpacker.begin(entry);
        isOpen = true;
      } catch (error) {
        if (!isTaken(error)) throw error;
        unpacking = false;
      }
    },
    data(chunk) {
      hasher.data(chunk);
      if (isSparse) sparse.data(chunk);
      if (isOpen) unpacker?.data(chunk);
    },
    end() {
      builder.setContent(record, hasher.end());
      if (isOpen) unpacker?.end();
      isOpen = false;
    },
    finish() {
      const { index, regular } = builder.finish();
      return { index, regular: regular && unpacking && !index.needsLower };
    },
  };
}
