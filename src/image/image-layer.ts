/** The layers of an image that exists already, as `LayerSource`s: read or pulled when something needs their files. */
import * as v from "valibot";
import { AT_ONCE, createSemaphore, createShared, type Semaphore } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import { type Digest, type DiffId } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { Descriptor, ImageConfig, Manifest } from "../oci/index.ts";
import type { KeptBytes, Ref, Store } from "../store/index.ts";
import { type Layer, type LayerSource, type RemoteBlob, findLayer, importLayerBlob } from "../tree/index.ts";

/** Opens the bytes of a layer blob from wherever they are. `vertex` of its options: the step that wants them, where it is not the one that named the image. */
type OpenLayer = (descriptor: Descriptor, signal: AbortSignal, options: OpenLayerOptions) => ByteStream;

interface OpenLayerOptions {
  readonly vertex: string | undefined;
  /** What an earlier transfer left: it comes first, and need not be fetched. */
  readonly kept: KeptBytes | undefined;
}

/** Looks how large a layer blob is where it is; undefined where that cannot be seen. */
export type SizeOfLayer = (descriptor: Descriptor, signal: AbortSignal) => Promise<number | undefined>;

/** Where the layers of an image are. */
interface LayerPlace {
  readonly name: string;
  readonly open: OpenLayer;
  /** For manifests that have it wrong. Default: what they say must be right. */
  readonly sizeOf?: SizeOfLayer;
  readonly remote: (descriptor: Descriptor) => RemoteBlob | undefined;
}

const ORIGIN_SPACE = "image.origin";
const originSchema = v.object({ registry: v.string(), repository: v.string() });

/** One source for each layer. Throws `MANIFEST` when manifest and configuration disagree on their number. */
export function imageLayers(
  store: Store,
  { manifest, config }: { readonly manifest: Manifest; readonly config: ImageConfig },
  from: LayerPlace,
): LayerSource[] {
  const diffIds = config.rootfs.diff_ids;
  if (manifest.layers.length !== diffIds.length) {
    throw new DecantError(
      "MANIFEST",
      `Cannot use image "${from.name}": its manifest has ${manifest.layers.length} layers; its configuration has ${diffIds.length}`,
    );
  }
  const places = createSemaphore(AT_ONCE);
  const loads = createShared<DiffId, Layer>({ cancel: "last" });
  return diffIds.map((diffId, at) => {
    // Both lists have the same length.
    const descriptor = manifest.layers[at] as Descriptor;
    const remote = from.remote(descriptor);
    return {
      key: diffId,
      diffId,
      ...given({ remote }),
      load: (signal, options = {}) =>
        loads.run(diffId, (stop) => loadLayer(store, { descriptor, diffId, remote, from, ...options }, places, stop), signal),
    };
  });
}

interface WantedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  readonly remote: RemoteBlob | undefined;
  readonly from: LayerPlace;
  readonly unpack?: boolean | undefined;
  readonly vertex?: string | undefined;
}

async function loadLayer(store: Store, wanted: WantedLayer, places: Semaphore, signal: AbortSignal): Promise<Layer> {
  const { descriptor, diffId, remote, from, unpack = false, vertex } = wanted;
  const known = findLayer(store, diffId);
  if (known !== undefined) return known;
  using _place = await places.acquire(signal);
  // Looks among the store's blobs first, and lets one of several processes do the work.
  const layer = await withTrueSize(descriptor, signal, from.sizeOf, (sized) =>
    importLayerBlob(store, { descriptor: sized, diffId, open: (kept) => from.open(sized, signal, { vertex, kept }) }, { signal, unpack }),
  );
  if (remote !== undefined) rememberOrigin(store, remote);
  return layer;
}

/**
 * Does `work` with a blob; again with the size that it has where the manifest is wrong about it. Its digest is checked in any case. Throws what `work`
 * throws.
 */
export async function withTrueSize<Result>(
  descriptor: Descriptor,
  signal: AbortSignal,
  sizeOf: SizeOfLayer = () => Promise.resolve(undefined),
  work: (sized: Descriptor) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(descriptor);
  } catch (error) {
    if (!isDecantError(error, "BLOB_SIZE")) throw error;
    const size = await sizeOf(descriptor, signal);
    if (size === undefined || size === descriptor.size) throw error;
    return await work({ ...descriptor, size });
  }
}

/** The descriptor with the size that the blob has, where the store has it. */
export function sizedDescriptor<Blob extends Descriptor>(store: Store, descriptor: Blob): Blob {
  const size = store.blobs.size(descriptor.digest) ?? descriptor.size;
  return size === descriptor.size ? descriptor : { ...descriptor, size };
}

/** Is exactly this blob among the store's? */
export function isStored(store: Store, { digest, size }: Descriptor): boolean {
  return store.blobs.size(digest) === size;
}

/** Notes which registry has a blob, so that a push back to it moves no bytes, also from another process; the blob stays as long as the note. */
export function rememberOrigin(store: Store, { descriptor, registry, repository }: RemoteBlob): void {
  store.records.put(ORIGIN_SPACE, descriptor.digest, { registry, repository }, [{ kind: "blob", id: descriptor.digest }]);
}

/** Keeps the note on a blob, if there is one. */
export function originRef(blob: Digest): Ref {
  return { kind: "record", space: ORIGIN_SPACE, id: blob };
}

/** The registry that a blob came from, when we know. */
export function originOf(store: Store, digest: Digest): { readonly registry: string; readonly repository: string } | undefined {
  const parsed = v.safeParse(originSchema, store.records.get(ORIGIN_SPACE, digest));
  return parsed.success ? parsed.output : undefined;
}
