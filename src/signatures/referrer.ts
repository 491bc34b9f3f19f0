/** A bundle as a manifest about an image (OCI 1.1): as cosign 3 stores it, and where it is found. */
import { collect } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { documentOf, type ImageContent, type ImageContext, storedReferrers } from "../image/index.ts";
import {
  atDigest,
  type Descriptor,
  type Manifest,
  MAX_MANIFEST_BYTES,
  OCI_EMPTY,
  OCI_MANIFEST,
  parseManifestOrIndex,
  type Reference,
} from "../oci/index.ts";
import { SIGN_PREDICATE } from "./signed-statement.ts";

/** The media type and artifact type of bundles. */
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** Of older ones, too. */
const BUNDLE_TYPES = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.\d)?\+json/;
const PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType";
/** A larger one is no signature. */
export const MAX_BUNDLE_BYTES: number = 1024 * 1024;
/** More are not looked at: anybody who may push can add some. */
export const MAX_SIGNATURES: number = 100;

/** A bundle that is about an image. */
export interface FoundBundle {
  /** Of the manifest that holds it. */
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** What is signed, where the bundle has it not. */
  readonly payload?: Buffer;
}

/** The manifest of a signature, with its bundle. `created`: RFC 3339. */
export function signatureContent(bundle: Buffer, { mediaType, digest, size }: Descriptor, created: string): ImageContent {
  const config = documentOf("{}", OCI_EMPTY);
  const layer = { bytes: bundle, descriptor: documentOf(bundle.toString("utf8"), BUNDLE_TYPE).descriptor };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE_TYPE,
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: { mediaType, digest, size },
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      [PREDICATE_ANNOTATION]: SIGN_PREDICATE,
      "org.opencontainers.image.created": created,
    },
  };
  const document = documentOf(JSON.stringify(manifest), OCI_MANIFEST);
  return { descriptor: document.descriptor, manifests: [document], documents: [config, layer], layers: [], images: [] };
}

/** The bundles that the store keeps with an image. */
export async function* bundlesInStore({ store }: ImageContext, subject: Digest): AsyncGenerator<FoundBundle, void, undefined> {
  const read = (descriptor: Descriptor, maxBytes: number): Promise<Buffer> => store.blobs.read(descriptor.digest, maxBytes);
  yield* bundlesOf(storedReferrers(store, subject), subject, { manifest: (one) => read(one, MAX_MANIFEST_BYTES), blob: read });
}

/** The bundles that a registry has about an image. Throws what registries throw. */
export async function* bundlesInRegistry(
  { registry, signal }: ImageContext,
  reference: Reference,
  subject: Digest,
): AsyncGenerator<FoundBundle, void, undefined> {
  const client = await registry();
  const referrers = await client.referrers(reference, subject, { signal }).catch((error: unknown) => {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return [];
    throw error;
  });
  yield* bundlesOf(referrers, subject, {
    manifest: async ({ digest }) => (await client.manifest(atDigest(reference, digest), { signal })).bytes,
    blob: (descriptor, maxBytes) => collect(client.blob(reference, descriptor, { signal }), maxBytes, "signature"),
  });
}

interface ReadBundle {
  readonly manifest: (descriptor: Descriptor) => Promise<Buffer>;
  readonly blob: (descriptor: Descriptor, maxBytes: number) => Promise<Buffer>;
}

/** Those that say what they are and are none are passed over; what a list says of itself is no proof. */
async function* bundlesOf(
  referrers: readonly Descriptor[],
  subject: Digest,
  read: ReadBundle,
): AsyncGenerator<FoundBundle, void, undefined> {
  // Under the referrers tag, cosign lists its signatures by the type of their configuration and without annotations.
  const likely = referrers.filter((one) => one.artifactType === undefined || one.artifactType === OCI_EMPTY || isSignature(one));
  for (const descriptor of likely.slice(0, MAX_SIGNATURES)) {
    const parsed = parseManifestOrIndex(await read.manifest(descriptor), descriptor.mediaType);
    if (parsed.kind !== "manifest" || parsed.manifest.subject?.digest !== subject || !isSignature(parsed.manifest)) continue;
    for (const layer of parsed.manifest.layers.filter(({ mediaType }) => BUNDLE_TYPES.test(mediaType)))
      yield { digest: descriptor.digest, bytes: await read.blob(layer, MAX_BUNDLE_BYTES) };
  }
}

function isSignature({ artifactType, annotations = {} }: Pick<Descriptor, "artifactType" | "annotations">): boolean {
  const predicate = annotations[PREDICATE_ANNOTATION];
  return BUNDLE_TYPES.test(artifactType ?? "") && (predicate === undefined || predicate === SIGN_PREDICATE);
}
