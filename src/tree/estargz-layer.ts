/** The eStargz blob of a layer: made once for each level, and kept as long as the layer is. */
import * as v from "valibot";
import { createHasher, type Digest, isDigest } from "../digest.ts";
import { type Descriptor, ESTARGZ_SIZE_ANNOTATION, ESTARGZ_TOC_ANNOTATION, OCI_LAYER_GZIP } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { compressionLevel } from "./compress.ts";
import { writeEstargz } from "./estargz.ts";
import { LAYERS } from "./layer-record.ts";
import { openTar } from "./layer-tar.ts";
import { sharedWork } from "./shared-work.ts";
import type { Layer } from "./types.ts";
import { createFileSink } from "./write-all.ts";

/** A blob, and the diffId that it has as a layer. */
interface EstargzLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

const SPACE = "layer.estargz";
const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const schema = v.object({
  descriptor: v.object({ mediaType: v.string(), digest, size: v.number(), annotations: v.record(v.string(), v.string()) }),
  diffId: digest,
});

/** Makes or finds it; it is in `store.blobs` then. Throws `USAGE` for an impossible level, and what `writeEstargz` throws. */
export async function estargzLayer(
  store: Store,
  layer: Layer,
  { level: wanted, signal, onProgress }: { readonly level?: number | undefined } & EstargzOptions,
): Promise<EstargzLayer> {
  const level = compressionLevel("gzip", wanted);
  const id = `${layer.id} ${level}`;
  const known = v.safeParse(schema, store.records.get(SPACE, id));
  if (known.success && store.blobs.size(known.output.descriptor.digest) !== undefined) return known.output;
  return await sharedWork(store, `estargz ${id}`, (stop) => makeBlob(store, layer, { id, level, onProgress, signal: stop }), signal);
}

interface EstargzOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the blob made so far; not at all when the blob is there. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

async function makeBlob(
  store: Store,
  layer: Layer,
  { id, level, signal, onProgress }: EstargzOptions & { readonly id: string; readonly level: number },
): Promise<EstargzLayer> {
  await using file = await store.blobs.create();
  await using sink = createFileSink(file.fd, `layer "${layer.id}"`);
  const hasher = createHasher();
  let size = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    await sink.write(bytes);
    hasher.update(bytes);
    size += bytes.byteLength;
    onProgress?.(size);
  };
  const { diffId, tocDigest, uncompressedBytes } = await writeEstargz(await openTar(store, layer, signal), write, { level, signal });
  await sink.flush();
  const blob = hasher.digest();
  await file.commit(blob);
  const annotations = { [ESTARGZ_TOC_ANNOTATION]: tocDigest, [ESTARGZ_SIZE_ANNOTATION]: String(uncompressedBytes) };
  const made = { descriptor: { mediaType: OCI_LAYER_GZIP, digest: blob, size, annotations }, diffId };
  store.records.put(SPACE, id, made, [
    { kind: "blob", id: blob },
    { kind: "record", space: LAYERS, id: layer.id },
  ]);
  return made;
}
