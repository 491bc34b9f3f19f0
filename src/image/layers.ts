/**
 * Turns the layers of a build into blobs with descriptors, moving as little as possible: a base layer whose packing suits is used by
 * the descriptor that its registry knows, and its bytes are fetched only when the output turns out to need them (decision 2).
 */
import { AT_ONCE, pool } from "../async.ts";
import type { DiffId } from "../digest.ts";
import { DecantError, InternalError, isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { type Descriptor, ESTARGZ_TOC_ANNOTATION, isForeignLayer, layerCompressionOf } from "../oci/index.ts";
import { type Layer, type LayerSource, type RemoteBlob, compressedLayer, estargzLayer, layerDiffId } from "../tree/index.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { isStored, sizedDescriptor } from "./image-layer.ts";
import { startProgress } from "../transfer.ts";
import type { BuiltImage, CompressionOptions, ImageContext } from "./types.ts";

/** A layer as an output writes it. */
export interface ExportLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  /** The registry that has exactly this blob. */
  readonly remote?: RemoteBlob;
  /** Puts the blob into the store, where it is not there yet; gives its descriptor, with the size that it has. */
  readonly ensure: (signal: AbortSignal) => Promise<Descriptor>;
}

const DEFAULT_COMPRESSION = "gzip";

/** Layers with the history that tells how they were made. */
type Layers = Pick<BuiltImage, "layers" | "history" | "epochSec">;

/** The layers as blobs of the wanted compression. Blobs of our own are in the store when this returns. Throws `WHITEOUT`, with the step. */
export function exportLayers(ctx: ImageContext, image: Layers, options: CompressionOptions): Promise<ExportLayer[]> {
  // The bytes of ISA-L differ between kinds of processors: a build that is to give the same bytes anywhere is without it.
  const { encoder = image.epochSec === undefined ? undefined : "zlib" } = options;
  return eachLayer(ctx, image, (source, signal) => exportLayer(ctx, source, { ...options, encoder }, signal));
}

/** The layers as the local store keeps them: those that came from elsewhere as they came, our own uncompressed. All are in the store. Throws `WHITEOUT`, with the step. */
export function storedLayers(ctx: ImageContext, image: Layers): Promise<ExportLayer[]> {
  return eachLayer(ctx, image, async (source, signal) =>
    packed(ctx, await source.load(signal, { vertex: ctx.vertex }), source.diffId, { compression: "uncompressed" }, signal),
  );
}

function eachLayer(
  ctx: ImageContext,
  { layers, history }: Layers,
  work: (source: LayerSource, signal: AbortSignal) => Promise<ExportLayer>,
): Promise<ExportLayer[]> {
  const steps = history.filter((item) => item.empty_layer !== true);
  const named = layers.map((source, at) => ({ source, step: steps[at]?.created_by }));
  const one = async (item: (typeof named)[number], signal: AbortSignal): Promise<ExportLayer> => {
    try {
      return await work(item.source, signal);
    } catch (error) {
      // A RUN may make any name: only its tar cannot have it, and that is made here.
      if (!isDecantError(error, "WHITEOUT") || item.step === undefined) throw error;
      throw new DecantError(error.code, `Cannot make a layer of step "${item.step}": ${error.message}`, { hint: error.hint, cause: error });
    }
  };
  return pool(AT_ONCE, named, one, ctx.signal);
}

/** One layer as a blob of the wanted compression. */
export async function exportLayer(
  ctx: ImageContext,
  source: LayerSource,
  options: CompressionOptions,
  signal: AbortSignal,
): Promise<ExportLayer> {
  if (source.remote !== undefined && source.diffId !== undefined && suits(source.remote.descriptor, options)) {
    return await remoteLayer(ctx, source.remote, source.diffId, signal);
  }
  return packed(ctx, await source.load(signal, { vertex: ctx.vertex }), source.diffId, options, signal);
}

/** Can a blob of this packing be used as it is? Without `force`, what is compressed stays as it is, as in BuildKit. */
export function suits(descriptor: Descriptor, { compression = DEFAULT_COMPRESSION, force = false }: CompressionOptions): boolean {
  // Licences forbid to upload these as anything else.
  if (isForeignLayer(descriptor.mediaType)) return true;
  const has = isEstargz(descriptor) ? "estargz" : layerCompressionOf(descriptor.mediaType);
  // To readers that do not know it, estargz is gzip.
  if (has === "estargz" && compression === "gzip") return true;
  return has === compression || (!force && has !== undefined && has !== "uncompressed");
}

async function remoteLayer(ctx: ImageContext, found: RemoteBlob, diffId: DiffId, signal: AbortSignal): Promise<ExportLayer> {
  const known = sizedDescriptor(ctx.store, found.descriptor);
  // A manifest without sizes: ours is to have them.
  const size = known.size > 0 ? known.size : ((await (await ctx.registry()).blobSize(found, known.digest, { signal })) ?? 0);
  const remote = { ...found, descriptor: { ...known, size } };
  return { descriptor: remote.descriptor, diffId, remote, ensure: (signal) => fetchBlob(ctx, remote, signal) };
}

/** The same with all blobs that are `wanted` in the store, and descriptors that have their sizes: for outputs that hold them. Default: all. */
export function heldLayers(
  ctx: ImageContext,
  layers: readonly ExportLayer[],
  wanted: (descriptor: Descriptor) => boolean = () => true,
): Promise<ExportLayer[]> {
  const hold = async (layer: ExportLayer, signal: AbortSignal): Promise<ExportLayer> => {
    if (!wanted(layer.descriptor)) return layer;
    const descriptor = await layer.ensure(signal);
    return { ...layer, descriptor, ensure: () => Promise.resolve(descriptor) };
  };
  return pool(AT_ONCE, layers, hold, ctx.signal);
}

async function packed(
  ctx: ImageContext,
  layer: Layer,
  known: DiffId | undefined,
  { compression = DEFAULT_COMPRESSION, level, force, encoder }: CompressionOptions,
  signal: AbortSignal,
): Promise<ExportLayer> {
  if (compression === "estargz") return await packedEstargz(ctx, layer, level, signal);
  const progress = startProgress(ctx.emit, {
    vertex: ctx.vertex,
    id: layer.id,
    action: compression === "uncompressed" ? "write" : "compress",
  });
  const descriptor = await compressedLayer(
    ctx.store,
    layer,
    { compression, ...given({ level, force, encoder }) },
    { signal, onProgress: progress.at },
  );
  progress.end();
  const diffId = known ?? (await layerDiffId(ctx.store, layer, signal));
  return { descriptor, diffId, ensure: () => assertStored(ctx, descriptor) };
}

/** Its tar has a table of contents besides the layer's files, and so another diffId. */
async function packedEstargz(ctx: ImageContext, layer: Layer, level: number | undefined, signal: AbortSignal): Promise<ExportLayer> {
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: layer.id, action: "compress" });
  const { descriptor, diffId } = await estargzLayer(ctx.store, layer, { level, signal, onProgress: progress.at });
  progress.end();
  return { descriptor, diffId, ensure: () => assertStored(ctx, descriptor) };
}

function isEstargz({ annotations }: Descriptor): boolean {
  return annotations?.[ESTARGZ_TOC_ANNOTATION] !== undefined;
}

async function assertStored({ store }: ImageContext, descriptor: Descriptor): Promise<Descriptor> {
  if (!isStored(store, descriptor)) throw new InternalError(`layer blob ${descriptor.digest} is not in the store`);
  return descriptor;
}
