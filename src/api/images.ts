/** The images of the local store: inspect, remove, and freeing what nothing needs. */
import { AT_ONCE, pool } from "../async.ts";
import { runningContainers } from "../containers/index.ts";
import { usageError } from "../errors.ts";
import { contentsOf } from "../facts/index.ts";
import {
  findImage,
  forgetUntagged,
  loadFound,
  predicateTypes,
  removeImages as removeStored,
  storedImages,
  unpackedSize,
} from "../image/index.ts";
import { formatPlatform } from "../oci/index.ts";
import { readGcPolicy, STORE_CONFIG } from "../project/index.ts";
import type { PruneResult } from "../store/index.ts";
import { compressedLayer, layerTree, loadLayers } from "../tree/index.ts";
import { checkOptions } from "./options/shape.ts";
import { COLLECT, INSPECT, PRUNE, REMOVE, USAGE } from "./options/images.ts";
import { startRun } from "./run-handle.ts";
import { openSession, type StoreOptions } from "../context/index.ts";
import { given } from "../given.ts";
import type {
  CollectCacheOptions,
  ImageDetails,
  InspectImageOptions,
  PruneStoreOptions,
  RemoveImagesOptions,
  Run,
  StoreUsage,
} from "./types.ts";

/** Everything about one image of the store. With `sizes`, layers are compressed as a push would, and their sum told. Throws `IMAGE_NOT_FOUND`. */
export async function inspectImage(options: InspectImageOptions): Promise<ImageDetails> {
  checkOptions(INSPECT, options);
  await using session = await openSession(options, "look");
  const { store } = session;
  const { signal } = options;
  const found = await findImage(store, options.image);
  const image = await loadFound(store, options.image, found, session.platform);
  const layers = await loadLayers(image.layers, signal);
  const contents = contentsOf({ tree: layerTree(layers), config: image.config.config ?? {} });
  const compressed =
    options.sizes === true
      ? await pool(AT_ONCE, layers, (layer, stop) => compressedLayer(store, layer, { compression: "gzip" }, { signal: stop }), signal)
      : undefined;
  const history = (image.config.history ?? []).filter((entry) => entry.empty_layer !== true);
  return {
    name: options.image,
    names: found.name === undefined ? found.names : [found.name],
    ...given({ sizeBytes: await unpackedSize(store, image.layers, signal) }),
    digest: image.descriptor.digest,
    configDigest: image.manifest.config.digest,
    platform: formatPlatform(image.config),
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
    contents: {
      ...(compressed === undefined ? {} : { compressedBytes: compressed.reduce((sum, { size }) => sum + size, 0) }),
      unpackedBytes: contents.unpackedBytes,
      files: contents.files,
      shells: contents.shells,
      packageManagers: contents.packageManagers,
    },
  };
}

/**
 * Takes names from the store; an ID or digest takes the image with its name. Blobs go with the next `pruneStore`. Gives what went: names, and
 * digests of images without a name. Throws `IMAGE_NOT_FOUND` unless `force`, and `USAGE` for the ID of an image with several names unless `force`.
 */
export async function removeImages(options: RemoveImagesOptions): Promise<string[]> {
  checkOptions(REMOVE, options);
  if (options.images.length === 0) throw usageError("Cannot remove images: none was named");
  await using session = await openSession(options);
  return await removeStored(session.store, options.images, { force: options.force });
}

/** Frees what no image needs: by default everything but the cache; with `olderThanMs` also cache records unused for that long; with `all` the whole cache. */
export function pruneStore(options: PruneStoreOptions = {}): Run<PruneResult> {
  return startRun(PRUNE, options, async (_emit, signal) => {
    await using session = await openSession(options, "prune");
    if (options.untagged === true) forgetUntagged(session.store);
    return await session.store.prune({
      signal,
      ...given({ all: options.all, olderThanMs: options.olderThanMs }),
    });
  });
}

/** Brings the build cache within a policy: what was used least recently goes first. Rejects with `USAGE` where there is no policy. */
export function collectCache(options: CollectCacheOptions = {}): Run<PruneResult> {
  return startRun(COLLECT, options, async (_emit, signal) => {
    await using session = await openSession(options, "prune");
    const policy = { ...(await readGcPolicy(session.store.root)), ...options.policy };
    if (Object.keys(policy).length === 0)
      throw usageError(
        "Cannot collect the cache: there is no policy",
        `Say what it may hold, such as --max-used-space 20GB, or write a policy into ${STORE_CONFIG} of the store`,
      );
    return await session.store.prune({ policy, signal });
  });
}

/** How much of the disk images and the build cache hold. Reads the whole store: seconds for millions of files. */
export async function storeUsage(options: StoreOptions = {}): Promise<StoreUsage> {
  checkOptions(USAGE, options);
  await using session = await openSession(options, "look");
  const { store } = session;
  const images = await storedImages(store, options.signal);
  return { images: images.length, containers: runningContainers(store).length, ...(await store.measure(options.signal)) };
}
