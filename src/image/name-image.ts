/** Points names of the local store at an image whose blobs are all there. */
import type { Digest } from "../digest.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";

/** What names are set to: a manifest or an index, and the other blobs of all its images. */
interface NamedImage {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Digest[];
}

/** Sets or moves `names` (canonical texts), all or none. The names keep every blob of the image from the garbage collector. */
export function nameImage(store: Store, { descriptor, blobs }: NamedImage, names: readonly string[]): void {
  const { mediaType, digest, size } = descriptor;
  const refs = [...new Set([digest, ...blobs])].map((id): Ref => ({ kind: "blob", id }));
  store.records.batch(() => {
    for (const name of names) store.images.set({ name, digest, mediaType, size }, refs);
  });
}
