/** `inspectImage`: everything about one image, wherever it is. Layers that only a registry has stay there. */
import { AT_ONCE, pool } from "../async.ts";
import { imageContext, openSession, platformOf, type Session } from "../context/index.ts";
import { noEvents } from "../events.ts";
import { contentsOf } from "../facts/index.ts";
import { given } from "../given.ts";
import {
  bringDocuments,
  bringImage,
  findImage,
  type ImageSource,
  loadFound,
  type OpenedImage,
  predicateTypes,
  sizeAtHand,
  unpackedSize,
} from "../image/index.ts";
import {
  attestationsOf,
  type Descriptor,
  formatPlatform,
  isAttestation,
  MAX_MANIFEST_BYTES,
  parseManifestOrIndex,
  type Platform,
} from "../oci/index.ts";
import { imageSourceOf } from "../project/index.ts";
import { compressedLayer, layerTree, loadLayers } from "../tree/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { INSPECT } from "./options/images.ts";
import { checkOptions } from "./options/shape.ts";
import type { ImageDetails, InspectImageOptions } from "./types.ts";

/**
 * Everything about one image. With `sizes`, layers are compressed as a push would, and their sum told. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, and what
 * registries throw.
 */
export async function inspectImage(options: InspectImageOptions): Promise<ImageDetails> {
  checkOptions(INSPECT, options);
  await using session = await openSession(options, "look");
  const { store } = session;
  const signal = options.signal ?? new AbortController().signal;
  const source = await imageSourceOf(session, options.image, options.cwd ?? workingDirectory(), { storeOnly: true });
  const { image, names, top } = await open(session, source, options, signal);
  const history = (image.config.history ?? []).filter((entry) => entry.empty_layer !== true);
  const sizeBytes = await (source.kind === "registry" ? sizeAtHand : unpackedSize)(store, image.layers, signal);
  const isHere = source.kind !== "registry" || sizeBytes !== undefined;
  return {
    name: options.image,
    names,
    ...given({ sizeBytes }),
    digest: image.descriptor.digest,
    configDigest: image.manifest.config.digest,
    platform: formatPlatform(image.config),
    ...(await indexOf(session, top)),
    manifest: image.manifest,
    config: image.config,
    attestations: await predicateTypes(store, image.attestations),
    layers: image.manifest.layers.map((layer, index) => {
      const createdBy = history[index]?.created_by;
      return {
        digest: layer.digest,
        diffId: image.config.rootfs.diff_ids[index] ?? layer.digest,
        sizeBytes: layer.size,
        ...given({ createdBy }),
      };
    }),
    ...given({ contents: isHere ? await contents(session, image, options.sizes === true, signal) : undefined }),
  };
}

interface Opened {
  readonly image: OpenedImage;
  readonly names: readonly string[];
  readonly top: Descriptor;
}

async function open(session: Session, source: ImageSource, options: InspectImageOptions, signal: AbortSignal): Promise<Opened> {
  const { store } = session;
  const platform: Platform = platformOf(session, options.platform);
  if (source.kind === "store") {
    const found = await findImage(store, source.name);
    const image = await loadFound(store, options.image, found, platform);
    return { image, top: found.top, names: found.name === undefined ? found.names : [found.name] };
  }
  const context = imageContext(session, noEvents, "inspect", signal);
  const { top, name, from } = await bringImage(context, source, platform);
  const image = await loadFound(store, options.image, { top }, platform);
  if (from !== undefined) for (const about of image.attestations) await bringDocuments(context, from, about);
  return { image, top, names: name === undefined ? [] : [name] };
}

/** What else the name stands for. */
async function indexOf({ store }: Session, top: Descriptor): Promise<Pick<ImageDetails, "index">> {
  const parsed = parseManifestOrIndex(await store.blobs.read(top.digest, MAX_MANIFEST_BYTES), top.mediaType);
  if (parsed.kind === "manifest") return {};
  const { manifests, annotations } = parsed.index;
  const images = manifests.flatMap((entry) => {
    if (isAttestation(entry)) return [];
    const { digest, platform } = entry;
    const attestations = attestationsOf(parsed.index, digest).map((about) => about.digest);
    return [{ digest, ...given({ platform: platform && formatPlatform(platform), annotations: entry.annotations }), attestations }];
  });
  return { index: { digest: top.digest, mediaType: parsed.mediaType, ...given({ annotations }), images } };
}

async function contents(
  { store }: Session,
  image: OpenedImage,
  withSizes: boolean,
  signal: AbortSignal,
): Promise<NonNullable<ImageDetails["contents"]>> {
  const layers = await loadLayers(image.layers, signal);
  const { unpackedBytes, files, shells, packageManagers } = contentsOf({
    tree: layerTree(layers),
    config: image.config.config ?? {},
  });
  const compressed = withSizes
    ? await pool(AT_ONCE, layers, (layer, stop) => compressedLayer(store, layer, { compression: "gzip" }, { signal: stop }), signal)
    : undefined;
  return {
    ...given({ compressedBytes: compressed?.reduce((sum, { size }) => sum + size, 0) }),
    unpackedBytes,
    files,
    shells,
    packageManagers,
  };
}
