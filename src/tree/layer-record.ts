/** What the store's records say of a layer: space "layer" by layer id, and "layer-diff" from diffId to layer id for layers made by RUN. */
import * as v from "valibot";
import type { DiffId, Digest } from "../digest.ts";
import { isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";
import type { RootOwner } from "./types.ts";

/** Space of layer records. */
export const LAYERS = "layer";
/** Space of directories with a layer's files in overlayfs form, by layer id. */
export const LAYER_DIRS = "layer-fs";
const DIFFS = "layer-diff";

/** How a layer's tar is compressed as a blob. */
export type Compression = "uncompressed" | "gzip" | "zstd";

/** A blob of the layer's tar; `level` -1: made elsewhere. */
export interface LayerBlob {
  readonly compression: Compression;
  readonly level: number;
  /** What made a gzip blob of our own. */
  readonly encoder?: "isal" | "zlib" | undefined;
  readonly descriptor: Descriptor;
}

/** A layer record. */
export interface LayerRecord {
  readonly contentDigest: Digest;
  /** See `Layer`. */
  readonly rootOwner?: RootOwner;
  /** The blob with the encoded index. */
  readonly index: Digest;
  readonly diffId?: DiffId;
  /** The blob with the contents of files that are sparse in its tar. */
  readonly sparseContents?: Digest;
  /** Blobs of its tar other than the uncompressed one. */
  readonly blobs: readonly LayerBlob[];
}

const DigestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
/** Raised when the same tar gives another index than before: older layers are made anew. */
const FORMAT = 2;
const RecordSchema = v.object({
  format: v.literal(FORMAT),
  contentDigest: DigestSchema,
  rootOwner: v.exactOptional(v.object({ uid: v.number(), gid: v.number() })),
  index: DigestSchema,
  diffId: v.exactOptional(DigestSchema),
  sparseContents: v.exactOptional(DigestSchema),
  blobs: v.array(
    v.object({
      compression: v.picklist(["uncompressed", "gzip", "zstd"]),
      level: v.number(),
      encoder: v.exactOptional(v.picklist(["isal", "zlib"])),
      descriptor: v.object({ mediaType: v.string(), digest: DigestSchema, size: v.number() }),
    }),
  ),
});

/** Reads a record; undefined when there is none, or one of another version. */
export function getLayerRecord(store: Store, id: Digest): LayerRecord | undefined {
  const parsed = v.safeParse(RecordSchema, store.records.get(LAYERS, id));
  if (!parsed.success) return undefined;
  const { format: _format, ...record } = parsed.output;
  return record;
}

/** Blobs of a layer's tar that were made or came here, other than the uncompressed one. By its diffId. */
export function packedBlobs(store: Store, diffId: DiffId): readonly Descriptor[] {
  return getLayerRecord(store, layerIdOf(store, diffId))?.blobs.map(({ descriptor }) => descriptor) ?? [];
}

/** Writes or merges a record, in one transaction, so that two processes keep what both know. Gives what is stored. */
export function putLayerRecord(store: Store, id: Digest, record: LayerRecord): LayerRecord {
  let merged = record;
  store.records.batch(() => {
    const known = getLayerRecord(store, id);
    if (known !== undefined && known.index === record.index) merged = merge(known, record);
    store.records.put(LAYERS, id, { format: FORMAT, ...merged }, refsOf(store, id, merged));
    // The tar does not tell the root's owner: whoever brings the same tar gets the layer that it says.
    if (merged.diffId !== undefined && merged.diffId !== id && merged.rootOwner === undefined) {
      store.records.put(DIFFS, merged.diffId, id, [{ kind: "record", space: LAYERS, id }]);
    }
  });
  return merged;
}

/** Forgets a layer, e.g. because its directory is damaged. */
export function deleteLayerRecord(store: Store, id: Digest): void {
  store.records.delete(LAYERS, id);
}

/** The id of the layer with this diffId: itself, unless the layer was made by RUN. */
export function layerIdOf(store: Store, diffId: DiffId): Digest {
  const id = store.records.get(DIFFS, diffId);
  return typeof id === "string" && isDigest(id) ? id : diffId;
}

function merge(known: LayerRecord, added: LayerRecord): LayerRecord {
  const diffId = added.diffId ?? known.diffId;
  const sparseContents = added.sparseContents ?? known.sparseContents;
  const blobs = new Map(known.blobs.map((blob) => [blobKey(blob), blob]));
  for (const blob of added.blobs) blobs.set(blobKey(blob), blob);
  return {
    contentDigest: added.contentDigest,
    index: added.index,
    ...given({ rootOwner: added.rootOwner, diffId, sparseContents }),
    blobs: [...blobs.values()],
  };
}

function blobKey(blob: LayerBlob): string {
  return `${blob.compression} ${blob.level} ${blob.level < 0 ? blob.descriptor.digest : ""}`;
}

/** What the layer needs. The tar and the directory are listed whether or not they exist yet. */
function refsOf(store: Store, id: Digest, record: LayerRecord): Ref[] {
  const refs: Ref[] = [{ kind: "blob", id: record.index }];
  if (record.diffId !== undefined && store.blobs.size(record.diffId) !== undefined) refs.push({ kind: "blob", id: record.diffId });
  if (record.sparseContents !== undefined) refs.push({ kind: "blob", id: record.sparseContents });
  for (const blob of record.blobs) refs.push({ kind: "blob", id: blob.descriptor.digest });
  refs.push({ kind: "dir", space: LAYER_DIRS, id });
  return refs;
}
