/** Artifacts in a place that is no registry and only keeps bytes by name: an object store, or the cache of a CI service. */
import { AT_ONCE, pool } from "../async.ts";
import { type ByteStream, bytesOf, collect } from "../bytes.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { startProgress } from "../transfer.ts";
import type { ExportLayer } from "./layers.ts";
import type { Document } from "./manifest.ts";
import type { ImageContext } from "./types.ts";

/** How bytes move. */
interface Moving {
  readonly signal: AbortSignal;
  /** So many bytes are through. */
  readonly onProgress: (bytes: number) => void;
}

/** What keeps the bytes. Its methods throw what its service says as `DecantError`. */
export interface ArtifactObjects {
  /** For messages. */
  readonly name: string;
  /** How many blobs go there at once. Default 4. */
  readonly atOnce?: number | undefined;
  /** The manifest under the artifact's name; undefined where there is none. */
  manifest(signal: AbortSignal): Promise<Buffer | undefined>;
  /** Puts it there. True: whoever writes after us has seen it. False: another writer may have been faster, or may come after. Look again. */
  setManifest(bytes: Buffer, signal: AbortSignal): Promise<boolean>;
  /** Is this blob there, and will it stay for now? */
  has(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** Its bytes, unchecked. */
  open(blob: Descriptor, moving: Moving): ByteStream;
  put(blob: Descriptor, open: (start: number, length: number) => ByteStream, moving: Moving): Promise<void>;
}

/** Opens a layer there, for the step that wants it. */
export async function* openObject(
  { emit, vertex }: Pick<ImageContext, "emit" | "vertex">,
  objects: ArtifactObjects,
  blob: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const progress = startProgress(emit, { vertex, id: blob.digest, action: "pull", totalBytes: blob.size });
  yield* objects.open(blob, { signal, onProgress: progress.at });
  progress.end();
}

/** The document of an artifact. */
export async function objectDocument(objects: ArtifactObjects, blob: Descriptor, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  return await collect(objects.open(blob, { signal, onProgress: () => undefined }), maxBytes, "document of an artifact");
}

/** Sends the layers that are missing. They are in the store then. */
export async function packObjects(ctx: ImageContext, objects: ArtifactObjects, layers: readonly ExportLayer[]): Promise<ExportLayer[]> {
  const { atOnce = AT_ONCE } = objects;
  return await pool(
    atOnce,
    layers,
    async (layer, signal) => {
      if (await objects.has(layer.descriptor, signal)) return layer;
      const descriptor = await layer.ensure(signal);
      await send(ctx, objects, descriptor, { open: openStored(ctx.store, descriptor), signal });
      return { ...layer, descriptor };
    },
    ctx.signal,
  );
}

/** Writes the documents of an artifact, the manifest last. Gives what `setManifest` gives. */
export async function writeObjects(ctx: ImageContext, objects: ArtifactObjects, config: Document, manifest: Document): Promise<boolean> {
  const { signal } = ctx;
  const open = (start: number, length: number): ByteStream => bytesOf(config.bytes.subarray(start, start + length));
  if (!(await objects.has(config.descriptor, signal))) await send(ctx, objects, config.descriptor, { open, signal });
  return await objects.setManifest(manifest.bytes, signal);
}

function openStored({ blobs }: Store, { digest }: Descriptor): Parameters<ArtifactObjects["put"]>[1] {
  return (start, length) => blobs.open(digest, { start, length });
}

async function send(
  { emit, vertex }: ImageContext,
  objects: ArtifactObjects,
  blob: Descriptor,
  { open, signal }: { readonly open: Parameters<ArtifactObjects["put"]>[1]; readonly signal: AbortSignal },
): Promise<void> {
  const progress = startProgress(emit, { vertex, id: blob.digest, action: "push", totalBytes: blob.size });
  await objects.put(blob, open, { signal, onProgress: progress.at });
  progress.at(blob.size);
  progress.end();
}
