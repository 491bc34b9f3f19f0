/** The images of the local store: list, inspect, remove, and freeing what nothing needs. */
import { AT_ONCE, pool } from "../async.ts";
import { isDecantError, usageError } from "../errors.ts";
import { contentsOf } from "../facts/index.ts";
import { loadImage, type OpenedImage, predicateTypes } from "../image/index.ts";
import { formatPlatform, formatReference, parseReference } from "../oci/index.ts";
import type { NamedImage, PruneResult, Store } from "../store/index.ts";
import { compressedLayer, layerTree, loadLayers } from "../tree/index.ts";
import { startRun } from "./run-handle.ts";
import { openSession, type StoreOptions } from "../context/index.ts";
import { given } from "../given.ts";
import type { ImageDetails, ImageSummary, Run } from "./types.ts";

/** Every named image of the store, sorted by name. Images whose blobs are gone are left out. */
export async function listImages(options: StoreOptions = {}): Promise<ImageSummary[]> {
  await using session = await openSession(options, "look");
  const named = session.store.images.list().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found = await pool(AT_ONCE, named, (image) => summaryOrNothing(session.store, image, session.platform), options.signal);
  return found.flat();
}

async function summaryOrNothing(store: Store, named: NamedImage, platform: Parameters<typeof loadImage>[2]): Promise<ImageSummary[]> {
  try {
    return [summaryOf(named.name, await loadImage(store, named.name, platform))];
  } catch (error) {
    if (isDecantError(error, "PLATFORM") || isDecantError(error, "BLOB_MISSING")) return [];
    throw error;
  }
}

/** The summary of an opened image. */
export function summaryOf(name: string, image: OpenedImage): ImageSummary {
  const { config, manifest, descriptor } = image;
  return {
    name,
    digest: descriptor.digest,
    configDigest: manifest.config.digest,
    platform: formatPlatform(config),
    ...given({ created: config.created }),
    sizeBytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
  };
}

/** Everything about one image of the store. With `sizes`, layers are compressed as a push would, and their sum told. Throws `IMAGE_NOT_FOUND`. */
export async function inspectImage(options: StoreOptions & { readonly image: string; readonly sizes?: boolean }): Promise<ImageDetails> {
  await using session = await openSession(options, "look");
  const { store } = session;
  const { signal } = options;
  const image = await loadImage(store, options.image, session.platform);
  const layers = await loadLayers(image.layers, signal);
  const contents = contentsOf({ tree: layerTree(layers), config: image.config.config ?? {} });
  const compressed =
    options.sizes === true
      ? await pool(AT_ONCE, layers, (layer, stop) => compressedLayer(store, layer, { compression: "gzip" }, { signal: stop }), signal)
      : undefined;
  const history = (image.config.history ?? []).filter((entry) => entry.empty_layer !== true);
  return {
    name: options.image,
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

/** Takes names from the store; their blobs go with the next `pruneStore`. Gives the names taken. Throws `IMAGE_NOT_FOUND` unless `force`. */
export async function removeImages(
  options: StoreOptions & { readonly images: readonly string[]; readonly force?: boolean },
): Promise<string[]> {
  if (options.images.length === 0) throw usageError("Cannot remove images: none was named");
  await using session = await openSession(options);
  const { images } = session.store;
  const removed: string[] = [];
  for (const image of options.images) {
    const name = formatReference(parseReference(image));
    if (images.delete(name)) removed.push(name);
    // The error with its hint comes from the function that looks names up.
    else if (options.force !== true) await loadImage(session.store, image, session.platform);
  }
  return removed;
}

/** Frees what no image needs: by default everything but the cache; with `olderThanMs` also cache records unused for that long; with `all` the whole cache. */
export function pruneStore(options: StoreOptions & { readonly all?: boolean; readonly olderThanMs?: number } = {}): Run<PruneResult> {
  return startRun(options.signal, async (_emit, signal) => {
    await using session = await openSession(options, "prune");
    return await session.store.prune({
      signal,
      ...given({ all: options.all, olderThanMs: options.olderThanMs }),
    });
  });
}
