/** What a build knows from others, and what it has found itself, as the engine asks and tells it. */
import type { Digest } from "../digest.ts";
import type { SharedResults, UsedMount } from "../engine/index.ts";
import type { LayerSource } from "../tree/index.ts";
import type { ImportedResults } from "./import.ts";

/** What a build has found, by key. */
interface Findings {
  readonly results: Map<Digest, LayerSource>;
  readonly selections: Map<Digest, Digest>;
  /** Cache mounts of steps that ran. */
  readonly mounts: Map<Digest, UsedMount>;
  /** What cache mounts started with, by key: digests of blobs. */
  readonly brought: ReadonlyMap<Digest, ReadonlySet<Digest>>;
}

/** Makes the engine's view of caches, and the collection of what the build finds. */
export function shareResults(imported: ImportedResults): { readonly shared: SharedResults; readonly found: Findings } {
  const brought = new Map(
    [...imported.mounts].map(([key, { packs }]) => [key, new Set(packs.map(({ descriptor }) => descriptor.digest))] as const),
  );
  const found: Findings = { results: new Map(), selections: new Map(), mounts: new Map(), brought };
  const shared: SharedResults = {
    action: (key) => imported.results.get(key),
    selection: (memo) => imported.selections.get(memo),
    tookAction: (key, layer) => void found.results.set(key, layer),
    tookSelection: (memo, digest) => void found.selections.set(memo, digest),
    mount: (key) => imported.mounts.get(key)?.packs.flatMap(({ source }) => (source === undefined ? [] : [source])),
    usedMount: (key, mount) => void found.mounts.set(key, mount),
  };
  return { shared, found };
}
