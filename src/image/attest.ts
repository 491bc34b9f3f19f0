/**
 * Binds statements to an image as BuildKit does (its docs/attestations/attestation-storage.md): an attestation manifest beside the image's own in
 * one index, of platform unknown/unknown so that nobody runs it. The image's manifest keeps its bytes and digest.
 */
import { namedPlatform } from "./named-platform.ts";
import type { Digest } from "../digest.ts";
import { InternalError } from "../errors.ts";
import { given } from "../given.ts";
import {
  ATTESTATION_ARTIFACT,
  ATTESTATION_MANIFEST,
  ATTESTATION_TYPE_ANNOTATION,
  ATTESTED_DIGEST_ANNOTATION,
  type Annotations,
  type Descriptor,
  DOCKER_MANIFEST_LIST,
  type Manifest,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
  type Platform,
} from "../oci/index.ts";
import { sortedAnnotations } from "./annotations.ts";
import { type About, type AssembledImage, type AssembledResult, onlyImage } from "./assembled-image.ts";
import { exportError } from "./errors.ts";
import { type Document, documentOf, manifestOf, type MediaTypes, orderedPlatform } from "./manifest.ts";
import { imageSubjects, MAX_STATEMENT_BYTES, statementOf, type StatementSubject } from "./statement.ts";
import type { Attestation, BuiltImage } from "./types.ts";

const CREATED_ANNOTATION = "org.opencontainers.image.created";
const UNKNOWN = { architecture: "unknown", os: "unknown" };

/** A built image, and its documents. */
interface AssembledBuild {
  readonly image: BuiltImage;
  readonly assembled: AssembledImage;
}

/** How an output wants its attestations. */
interface AttestOptions {
  readonly names: readonly string[];
  readonly mediaTypes: MediaTypes;
  /** Default false. */
  readonly ociArtifact?: boolean | undefined;
}

/**
 * Adds what a build says of its images, one for each platform, which `outputForm` lets pass; one image as it was where it says nothing. `names` are
 * canonical texts.
 */
export async function attested(
  builds: readonly AssembledBuild[],
  { names, mediaTypes, ociArtifact = false }: AttestOptions,
): Promise<AssembledResult> {
  const [first] = builds;
  if (first === undefined) throw new InternalError("there is no image to attest");
  const { annotations = {} } = first.image;
  const isSaid = builds.some(({ image }) => (image.attestations ?? []).length > 0);
  if (builds.length === 1 && !isSaid && first.image.inIndex !== true) return onlyImage(first.assembled);
  const members: IndexMember[] = [];
  for (const { image, assembled } of builds) {
    const { attestations = [], annotations: own = {} } = image;
    const platform = namedPlatform(image);
    const layers = assembled.layers.map(({ descriptor }) => descriptor);
    const statements = await statementsOf(attestations, imageSubjects(names, assembled.manifest.descriptor.digest, platform), layers);
    members.push({ assembled, platform, statements, annotations: own.manifestDescriptor });
  }
  const [created] = builds.map(({ assembled }) => createdOf(assembled.descriptor)).toSorted(byCreated);
  const named = sortedAnnotations(created, annotations.indexDescriptor);
  return indexOf(members, { annotations: annotations.index, named, mediaTypes, ociArtifact });
}

/** The statements of a build about `subjects`, in its order; `layers`: of the image, if it is one. Throws `EXPORT` for one that nobody would read. */
export async function statementsOf(
  attestations: readonly Attestation[],
  subjects: readonly StatementSubject[],
  layers: readonly Descriptor[] = [],
): Promise<Document[]> {
  const statements: Document[] = [];
  for (const { predicateType, predicate } of attestations) {
    const statement = statementOf(predicateType, await predicate(layers), subjects);
    if (statement.descriptor.size > MAX_STATEMENT_BYTES) {
      const { size } = statement.descriptor;
      throw exportError("attach", predicateType, `it has ${size} bytes; at most ${MAX_STATEMENT_BYTES} are read`, {
        hint: "Use --sbom files=false",
      });
    }
    statements.push(statement);
  }
  return statements;
}

/** An image of an index. */
export interface IndexMember {
  readonly assembled: AssembledImage;
  readonly platform: Platform;
  /** What is said of it. */
  readonly statements: readonly Document[];
  /** Beside its digest. */
  readonly annotations?: Annotations | undefined;
}

/** How an index is written. */
interface IndexOptions {
  readonly annotations?: Annotations | undefined;
  /** Where the index itself is named. */
  readonly named?: Annotations | undefined;
  readonly mediaTypes: MediaTypes;
  readonly ociArtifact: boolean;
}

/** An index of images in their order, and after them of what is said of each. */
export function indexOf(members: readonly IndexMember[], options: IndexOptions): AssembledResult {
  const { named, mediaTypes, ociArtifact } = options;
  const annotations = sortedAnnotations(options.annotations);
  const images = members.map(({ assembled, statements }): AssembledImage => {
    if (statements.length === 0) return assembled;
    return { ...assembled, about: attestationManifest(statements, ociArtifact ? assembled.manifest.descriptor : undefined) };
  });
  const mediaType = mediaTypes === "docker" ? DOCKER_MANIFEST_LIST : OCI_INDEX;
  const manifests = [
    ...members.map(({ assembled, platform, annotations: beside }): Descriptor => {
      const { mediaType: type, digest, size } = assembled.manifest.descriptor;
      return { mediaType: type, digest, size, ...given({ annotations: sortedAnnotations(beside) }), platform: orderedPlatform(platform) };
    }),
    ...images.flatMap(({ manifest, about }) => (about === undefined ? [] : [aboutDescriptor(about, manifest.descriptor.digest)])),
  ];
  const index = documentOf(JSON.stringify({ schemaVersion: 2, mediaType, manifests, ...given({ annotations }) }, undefined, 2), mediaType);
  return { images, index, descriptor: { ...index.descriptor, ...given({ annotations: named }) } };
}

function aboutDescriptor({ manifest }: About, subject: Digest): Descriptor {
  const annotations = { [ATTESTED_DIGEST_ANNOTATION]: subject, [ATTESTATION_TYPE_ANNOTATION]: ATTESTATION_MANIFEST };
  return { ...manifest.descriptor, annotations, platform: UNKNOWN };
}

/** With a `subject` an OCI artifact about it, as newer BuildKits write it; else an image that nothing can run. */
function attestationManifest(statements: readonly Document[], subject: Descriptor | undefined): About {
  const layers = statements.map(({ descriptor }) => descriptor);
  if (subject !== undefined) return { statements, ...artifact(layers, subject) };
  const config = documentOf(
    JSON.stringify({ ...UNKNOWN, config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }),
    OCI_CONFIG,
  );
  return { statements, config, manifest: manifestOf(config.descriptor, layers, "oci") };
}

function artifact(layers: readonly Descriptor[], { mediaType, digest, size }: Descriptor): Omit<About, "statements"> {
  const empty = documentOf("{}", OCI_EMPTY);
  const config = { ...empty, descriptor: { ...empty.descriptor, data: empty.bytes.toString("base64") } };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: ATTESTATION_ARTIFACT,
    config: config.descriptor,
    layers,
    subject: { mediaType, digest, size },
  };
  return { config, manifest: { manifest, ...documentOf(JSON.stringify(manifest, undefined, 2), OCI_MANIFEST) } };
}

/** The time is that of the result, whichever document it is; other annotations are the manifest's. */
function createdOf({ annotations = {} }: Descriptor): Annotations {
  const created = annotations[CREATED_ANNOTATION];
  return given({ [CREATED_ANNOTATION]: created });
}

/** The newest first. */
function byCreated(a: Annotations, b: Annotations): number {
  const [left = "", right = ""] = [a[CREATED_ANNOTATION], b[CREATED_ANNOTATION]];
  return left < right ? 1 : left > right ? -1 : 0;
}
