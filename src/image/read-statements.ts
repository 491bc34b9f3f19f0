/** The statements of attestation manifests that the store has. */
import { type Descriptor, IN_TOTO, MAX_MANIFEST_BYTES, parseManifestOrIndex } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import type { Document } from "./manifest.ts";
import { MAX_STATEMENT_BYTES, predicateTypeOf } from "./statement.ts";

/** Reads all statements, in order; layers of other types are passed over, as BuildKit's rules want. Throws `BLOB_MISSING`, `MANIFEST`. */
export async function readStatements(store: Store, manifests: readonly Descriptor[]): Promise<readonly Document[]> {
  const statements: Document[] = [];
  for (const descriptor of await statementDescriptors(store, manifests)) {
    statements.push({ descriptor, bytes: await store.blobs.read(descriptor.digest, MAX_STATEMENT_BYTES) });
  }
  return statements;
}

/** What the statements are about, by their annotations: "https://spdx.dev/Document". Manifests that the store lacks say nothing. */
export async function predicateTypes(store: Store, manifests: readonly Descriptor[]): Promise<readonly string[]> {
  const here = manifests.filter(({ digest }) => store.blobs.size(digest) !== undefined);
  return (await statementDescriptors(store, here)).flatMap(({ annotations }) => predicateTypeOf(annotations) ?? []);
}

async function statementDescriptors(store: Store, manifests: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  for (const { digest, mediaType } of manifests) {
    const parsed = parseManifestOrIndex(await store.blobs.read(digest, MAX_MANIFEST_BYTES), mediaType);
    if (parsed.kind === "manifest") found.push(...parsed.manifest.layers.filter((layer) => layer.mediaType === IN_TOTO));
  }
  return found;
}
