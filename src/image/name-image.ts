/** Points names of the local store at an image whose blobs are all there, and keeps images that have no name for as long as the cache. */
import { isDigest, type Digest } from "../digest.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";
import { originRef } from "./image-layer.ts";
import { referrersRef } from "./store-referrers.ts";

/** What names are set to: a manifest or an index, and the other blobs of all its images. */
interface NamedImage {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Digest[];
}

/** Records of images without a name, by the digest of what a name would stand for. They age as the cache does. */
const UNTAGGED_SPACE = "image.untagged";

/**
 * Sets or moves `names` (canonical texts), all or none; without names the image is kept untagged. The names keep every blob of the image from the
 * garbage collector, and what is known of their registries: an output describes a layer as its registry does. An image that loses its last name to this one is kept untagged.
 */
export function nameImage(store: Store, { descriptor, blobs }: NamedImage, names: readonly string[]): void {
  const { mediaType, digest, size } = descriptor;
  const needed = [...new Set([digest, ...blobs])];
  const refs = [...needed.map((id): Ref => ({ kind: "blob", id })), ...needed.map(originRef), referrersRef(digest)];
  store.records.batch(() => {
    for (const name of names) {
      const before = store.images.get(name);
      const needs = store.images.refs(name);
      store.images.set({ name, digest, mediaType, size }, refs);
      if (before !== undefined) keepUntagged(store, before.digest, needs);
    }
    keepUntagged(store, digest, refs);
  });
}

/** Keeps an image that no name stands for. */
function keepUntagged(store: Store, digest: Digest, refs: readonly Ref[]): void {
  if (store.images.list().some((named) => named.digest === digest)) store.records.delete(UNTAGGED_SPACE, digest);
  else store.records.put(UNTAGGED_SPACE, digest, {}, refs);
}

/** Takes names of one image away, and with the last of them the image. */
export function forgetImage(store: Store, digest: Digest, names: readonly string[]): void {
  store.records.batch(() => {
    for (const name of names) store.images.delete(name);
    if (!store.images.list().some((named) => named.digest === digest)) store.records.delete(UNTAGGED_SPACE, digest);
  });
}

/** The images without a name. Looking does not make them younger. */
export function untaggedImages(store: Store): Digest[] {
  return store.records.ids(UNTAGGED_SPACE).filter(isDigest);
}

/** Notes that an image is used: without a name it stays for as long as others of the cache from now on. */
export function touchUntagged(store: Store, digest: Digest): void {
  store.records.get(UNTAGGED_SPACE, digest);
}

/** Takes the images without a name away; what they need goes with the next prune, where the cache does not need it. */
export function forgetUntagged(store: Store): void {
  store.records.batch(() => {
    for (const digest of untaggedImages(store)) store.records.delete(UNTAGGED_SPACE, digest);
  });
}
