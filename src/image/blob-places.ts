/** Which repositories were seen to have a blob, so that a push to a neighbour of one of them mounts it instead of sending it. */
import * as v from "valibot";
import type { Digest } from "../digest.ts";
import type { Store } from "../store/index.ts";

/** A repository of a registry. */
export interface BlobPlace {
  readonly registry: string;
  readonly repository: string;
}

const SPACE = "image.places";
/** Each may cost two requests that lead to nothing, where the blob is gone meanwhile. */
const MAX_PLACES = 4;
const schema = v.array(v.object({ registry: v.string(), repository: v.string() }));

/** Newest first. They may not have it any more. */
export function placesOf(store: Store, digest: Digest): readonly BlobPlace[] {
  const parsed = v.safeParse(schema, store.records.get(SPACE, digest));
  return parsed.success ? parsed.output : [];
}

/** Notes that a repository has these blobs. The notes keep no blob in the store. */
export function notePlaces(store: Store, { registry, repository }: BlobPlace, digests: readonly Digest[]): void {
  store.records.batch(() => {
    for (const digest of digests) {
      const known = placesOf(store, digest);
      if (known.some((place) => isSame(place, { registry, repository }))) continue;
      // Those of other registries do not count here.
      const [same, others] = [known.filter((place) => place.registry === registry), known.filter((place) => place.registry !== registry)];
      store.records.put(SPACE, digest, [{ registry, repository }, ...same.slice(0, MAX_PLACES - 1), ...others]);
    }
  });
}

/** Each place once, in order. */
export function withoutRepeats(places: readonly BlobPlace[]): BlobPlace[] {
  return places.filter((place, at) => places.findIndex((other) => isSame(other, place)) === at);
}

function isSame(a: BlobPlace, b: BlobPlace): boolean {
  return a.registry === b.registry && a.repository === b.repository;
}
