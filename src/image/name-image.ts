/** Points names of the local store at an image whose blobs are all there. */
import type { Digest } from "../digest.ts";
import type { Descriptor, Manifest } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";

/** What names are set to. `descriptor` is the manifest's own, or that of an index that has it; `more` are the other blobs of the index. */
interface NamedImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly more?: readonly Digest[];
}

/** Sets or moves `names` (canonical texts), all or none. The names keep every blob of the image from the garbage collector. */
export function nameImage(store: Store, { descriptor, manifest, more = [] }: NamedImage, names: readonly string[]): void {
  const { mediaType, digest, size } = descriptor;
  const blobs = new Set<Digest>([digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest), ...more]);
  const refs = [...blobs].map((id): Ref => ({ kind: "blob", id }));
  store.records.batch(() => {
    for (const name of names) store.images.set({ name, digest, mediaType, size }, refs);
  });
}
