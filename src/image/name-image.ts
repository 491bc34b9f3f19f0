/** Points names of the local store at an image whose blobs are all there. */
import type { Digest } from "../digest.ts";
import type { Descriptor, Manifest } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";

/** Sets or moves `names` (canonical texts), all or none. The names keep every blob of the image from the garbage collector. */
export function nameImage(
  store: Store,
  { descriptor, manifest }: { readonly descriptor: Descriptor; readonly manifest: Manifest },
  names: readonly string[],
): void {
  const { mediaType, digest, size } = descriptor;
  const blobs = new Set<Digest>([digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]);
  const refs = [...blobs].map((id): Ref => ({ kind: "blob", id }));
  store.records.batch(() => {
    for (const name of names) store.images.set({ name, digest, mediaType, size }, refs);
  });
}
