/** The statements of attestation manifests that the store has. */
import { type Descriptor, IN_TOTO, type Manifest, MAX_MANIFEST_BYTES, parseManifestOrIndex } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import type { Document } from "./manifest.ts";
import { MAX_STATEMENT_BYTES, predicateTypeOf } from "./statement.ts";

/** Reads all statements, in order; layers of other types are passed over, as BuildKit's rules want. Throws `BLOB_MISSING`, `MANIFEST`. */
export async function readStatements(store: Store, manifests: readonly Descriptor[]): Promise<readonly Document[]> {
  const statements: Document[] = [];
  for (const descriptor of (await readManifests(store, manifests)).flatMap(statementLayers)) {
    statements.push({ descriptor, bytes: await store.blobs.read(descriptor.digest, MAX_STATEMENT_BYTES) });
  }
  return statements;
}

/** Are attestations stored as artifacts, and not as images of an unknown platform? */
export async function areArtifacts(store: Store, manifests: readonly Descriptor[]): Promise<boolean> {
  return (await readManifests(store, manifests)).some(({ artifactType }) => artifactType !== undefined);
}

/** What the statements are about, by their annotations: "https://spdx.dev/Document". Manifests that the store lacks say nothing. */
export async function predicateTypes(store: Store, manifests: readonly Descriptor[]): Promise<readonly string[]> {
  const here = manifests.filter(({ digest }) => store.blobs.size(digest) !== undefined);
  const layers = (await readManifests(store, here)).flatMap(statementLayers);
  return layers.flatMap(({ annotations }) => predicateTypeOf(annotations) ?? []);
}

async function readManifests(store: Store, manifests: readonly Descriptor[]): Promise<readonly Manifest[]> {
  const found: Manifest[] = [];
  for (const { digest, mediaType } of manifests) {
    const parsed = parseManifestOrIndex(await store.blobs.read(digest, MAX_MANIFEST_BYTES), mediaType);
    if (parsed.kind === "manifest") found.push(parsed.manifest);
  }
  return found;
}

function statementLayers({ layers }: Manifest): readonly Descriptor[] {
  return layers.filter(({ mediaType }) => mediaType === IN_TOTO);
}
