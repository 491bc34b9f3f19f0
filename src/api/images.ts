/** The images of the local store: removing, and freeing what nothing needs. */
import { runningContainers } from "../containers/index.ts";
import { existsSync } from "node:fs";
import { unsupported, usageError } from "../errors.ts";
import { forgetUntagged, removeImages as removeStored, storedImages } from "../image/index.ts";
import { imagePlaceOf, readGcPolicy, STORE_CONFIG } from "../project/index.ts";
import type { PruneResult } from "../store/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { checkOptions } from "./options/shape.ts";
import { COLLECT, PRUNE, REMOVE, USAGE } from "./options/images.ts";
import { startRun } from "./run-handle.ts";
import { openSession, type StoreOptions } from "../context/index.ts";
import { given } from "../given.ts";
import type { CollectCacheOptions, PruneStoreOptions, RemoveImagesOptions, Run, StoreUsage } from "./types.ts";

/**
 * Takes names from the store; an ID or digest takes the image with its name. Blobs go with the next `pruneStore`. Gives what went: names, and
 * digests of images without a name. Throws `IMAGE_NOT_FOUND` unless `force`, and `USAGE` for the ID of an image with several names unless `force`.
 */
export async function removeImages(options: RemoveImagesOptions): Promise<string[]> {
  checkOptions(REMOVE, options);
  if (options.images.length === 0) throw usageError("Cannot remove images: none was named");
  const names = options.images.map(storedName);
  await using session = await openSession(options);
  return await removeStored(session.store, names, { force: options.force });
}

/** What the store calls the image. Throws `UNSUPPORTED` for one of elsewhere. */
function storedName(image: string): string {
  const place = imagePlaceOf(image, workingDirectory());
  switch (place.kind) {
    case "name":
    case "store":
      return place.name;
    case "registry":
      throw unsupported(`Removing "${image}" from its registry`, {
        hint: "Use the page or the API of the registry: a manifest goes with all of its tags, and most registries say who may do that",
      });
    case "oci":
    case "oci-archive":
    case "docker-archive":
      if (!existsSync(place.path)) return image;
      throw unsupported(`Removing an image from "${place.path}"`, {
        hint: `Remove the file or the folder, or copy what stays into a new one: decant copy`,
      });
  }
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
