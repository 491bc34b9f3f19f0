/**
 * type=docker without dest, `--load`: an image into a running daemon. What the daemon has is not sent again, nor even fetched or packed: an image that
 * it has is only named. Layers of our own go uncompressed, because nobody reads them over a wire; so its digest is that of the store's.
 */
import type { Digest } from "../../digest.ts";
import type { Daemon, KnownImage, WantedImage } from "../../daemon/index.ts";
import { InternalError, isDecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { formatPlatform, hostPlatform, MAX_MANIFEST_BYTES, parseManifestOrIndex, platformRank } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { startProgress } from "../../transfer.ts";
import { archiveBytes, archiveSize } from "../archive.ts";
import type { AssembledResult } from "../assembled-image.ts";
import { contentOf } from "../content.ts";
import { exportError } from "../errors.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { type ExportLayer, exportLayers, heldLayers } from "../layers.ts";
import { targetNames } from "../names.ts";
import type { BuiltImage, DockerOutput, ExportContext, ExportResult } from "../types.ts";
import { archiveEntries } from "./layout.ts";

/** What a daemon got from us: the blobs of the layers, by the digest of the manifest. */
const LOADED_SPACE = "daemon.image";

/** Loads the image, of several platforms that of this machine, and names it. Throws `EXPORT`, `REFERENCE`. */
export async function exportToDaemon(
  images: readonly BuiltImage[],
  output: DockerOutput,
  daemon: Daemon,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = targetNames(output.names);
  const image = await imageFor(images, daemon, ctx);
  const { compression = "uncompressed" } = output;
  const packed = await packImages([image], (one) => exportLayers(ctx, one, { ...output, compression }));
  const assembled = await finishedImages(packed, { output, names, followed: ctx.followed });
  const [only] = assembled.images;
  if (only === undefined) throw new InternalError("an image without images");
  const { layers, manifest, config, about } = only;
  const wanted: WantedImage = {
    ids: about === undefined ? [manifest.descriptor.digest, config.descriptor.digest] : [assembled.descriptor.digest],
    layers: layers.map(({ descriptor, diffId }) => ({ digest: descriptor.digest, diffId })),
    names,
  };
  const known = (await daemon.find(wanted, ctx.signal)) ?? (await load(ctx, daemon, assembled, wanted));
  for (const name of names) if (!known.names.includes(name)) await daemon.tag(known.id, name, ctx.signal);
  return { output, names, daemon: `${daemon.kind} (${daemon.address})`, ...identity(assembled, output) };
}

/** One platform, with what is said of it where the daemon has a place for that. */
async function imageFor(images: readonly BuiltImage[], daemon: Daemon, { emit, signal }: ExportContext): Promise<BuiltImage> {
  const { kind } = daemon;
  const host = hostPlatform({ arch: process.arch });
  const rank = ({ platform }: BuiltImage): number => platformRank(host, platform) ?? Number.POSITIVE_INFINITY;
  const [image] = images.toSorted((a, b) => rank(a) - rank(b));
  if (image === undefined) throw new InternalError("there is no image to load");
  const { attestations = [], inIndex = false, annotations, ...alone } = image;
  const said = attestations.length === 0 || (await daemon.holdsAttestations(signal)) ? attestations : [];
  // Those of the index stay out with it; where there is none, the build was refused.
  const isPart = inIndex || images.length > 1 || said.length < attestations.length;
  const { manifest, manifestDescriptor } = annotations ?? {};
  const own = isPart ? given({ manifest, manifestDescriptor }) : annotations;
  if (images.length > 1)
    emit({
      type: "warning",
      code: "OnePlatformLoaded",
      message: `${kind} gets the image for ${formatPlatform(image.platform)} only, and not the index of ${images.length} platforms`,
    });
  if (said.length < attestations.length)
    emit({
      type: "warning",
      code: "AttestationsNotLoaded",
      message: `${kind} gets the image without its attestations: it keeps images alone`,
    });
  return { ...alone, ...given({ annotations: own }), attestations: said };
}

/** Without the layers that the daemon has; whole when it turns out not to have them. */
async function load(ctx: ExportContext, daemon: Daemon, assembled: AssembledResult, wanted: WantedImage): Promise<KnownImage> {
  const layers = assembled.images.flatMap((image) => image.layers);
  const there = await daemon.layersThere(wanted, (id) => layersOf(ctx.store, id), ctx.signal);
  const lacking = layers.filter(({ descriptor }) => !there.has(descriptor.digest));
  const sent = async (some: readonly ExportLayer[]): Promise<KnownImage | undefined> => {
    await send(ctx, daemon, assembled, { names: wanted.names.slice(0, 1), layers: some });
    return await daemon.find(wanted, ctx.signal);
  };
  let known: KnownImage | undefined;
  try {
    known = await sent(lacking);
  } catch (error) {
    if (!isDecantError(error, "EXPORT") || lacking.length === layers.length) throw error;
  }
  known ??= await sent(layers);
  if (known === undefined) throw exportError("load the image into", daemon.address, "it took the image and does not have it");
  const [id] = wanted.ids;
  if (id !== undefined) {
    const digests = layers.map(({ descriptor }) => descriptor.digest);
    ctx.store.records.put(LOADED_SPACE, id, digests);
  }
  return known;
}

interface Sent {
  /** The first alone: Podman does not take an archive of an image with several. */
  readonly names: readonly string[];
  readonly layers: readonly ExportLayer[];
}

async function send(ctx: ExportContext, daemon: Daemon, assembled: AssembledResult, { names, layers }: Sent): Promise<void> {
  const held = await heldLayers(ctx, layers);
  const content = { ...contentOf(assembled), layers: held };
  const { entries } = archiveEntries(ctx.store, [{ content, names }], {});
  const totalBytes = archiveSize(entries);
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: daemon.address, action: "write", totalBytes });
  const isIndex = assembled.index !== undefined;
  await daemon.load({ sizeBytes: totalBytes, isIndex, open: () => archiveBytes(entries, progress.add) }, ctx.signal);
  progress.end();
}

/** The blobs of layers that an image of a daemon is made of, where we know it: we loaded it, or its documents are in the store. */
async function layersOf(store: Store, id: Digest): Promise<readonly Digest[]> {
  const loaded = store.records.get(LOADED_SPACE, id);
  if (Array.isArray(loaded)) return loaded as Digest[];
  if (store.blobs.size(id) === undefined) return [];
  try {
    const parsed = parseManifestOrIndex(await store.blobs.read(id, MAX_MANIFEST_BYTES), "");
    if (parsed.kind === "manifest") return parsed.manifest.layers.map(({ digest }) => digest);
    const digests: Digest[] = [];
    for (const { digest } of parsed.index.manifests) digests.push(...(await layersOf(store, digest)));
    return digests;
  } catch (error) {
    // A blob of that digest that is no manifest says nothing.
    if (isDecantError(error)) return [];
    throw error;
  }
}
