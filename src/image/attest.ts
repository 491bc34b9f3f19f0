/**
 * Binds statements to an image as BuildKit does (its docs/attestations/attestation-storage.md): an attestation manifest beside the image's own in
 * one index, of platform unknown/unknown so that nobody runs it. The image's manifest keeps its bytes and digest.
 */
import { usageError } from "../errors.ts";
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
import { type ImageAnnotations, sortedAnnotations, wantsIndex } from "./annotations.ts";
import type { AssembledImage, Attached } from "./assembled-image.ts";
import { exportError } from "./errors.ts";
import { type Document, documentOf, manifestOf, type MediaTypes } from "./manifest.ts";
import { imageSubjects, MAX_STATEMENT_BYTES, statementOf, type StatementSubject } from "./statement.ts";
import type { Attestation, BuiltImage } from "./types.ts";

const CREATED_ANNOTATION = "org.opencontainers.image.created";
const UNKNOWN = { architecture: "unknown", os: "unknown" };

/** How an output wants its attestations. */
interface AttestOptions {
  readonly names: readonly string[];
  readonly mediaTypes: MediaTypes;
  /** Default false. */
  readonly ociArtifact?: boolean | undefined;
}

/** Adds what the build says of its image; the image as it was where it says nothing. `names` are canonical texts. */
export async function attested(
  image: BuiltImage,
  assembled: AssembledImage,
  { names, mediaTypes, ociArtifact = false }: AttestOptions,
): Promise<AssembledImage> {
  const { attestations = [], annotations = {}, platform, inIndex = false } = image;
  if (mediaTypes === "docker" && (wantsIndex(annotations) || annotations.manifestDescriptor !== undefined))
    throw usageError(
      "Cannot export annotations of these levels with Docker's media types: they have no place for them; wanted OCI media types",
      "Leave out oci-mediatypes=false, or the levels: annotations of manifests are possible",
    );
  if (attestations.length === 0 && !inIndex) {
    if (wantsIndex(annotations)) throw noIndex();
    return assembled;
  }
  if (mediaTypes === "docker" && attestations.length > 0) throw dockerHasNoPlace();
  const statements = await statementsOf(attestations, imageSubjects(names, assembled.manifest.descriptor.digest, platform));
  return attach(assembled, { ...assembled.manifest.descriptor, platform }, { statements, annotations, mediaTypes, ociArtifact });
}

/** The statements of a build about `subjects`, in its order. Throws `EXPORT` for one that nobody would read. */
export async function statementsOf(attestations: readonly Attestation[], subjects: readonly StatementSubject[]): Promise<Document[]> {
  const statements: Document[] = [];
  for (const { predicateType, predicate } of attestations) {
    const statement = statementOf(predicateType, await predicate(), subjects);
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

/** What an index is made of, besides the image. */
export interface IndexParts {
  readonly statements: readonly Document[];
  readonly annotations?: ImageAnnotations;
  /** Default: "oci". */
  readonly mediaTypes?: MediaTypes;
  /** Default false. */
  readonly ociArtifact?: boolean;
}

/** An index of `image` (the descriptor with its platform), and of statements about it where there are some. */
export function attach(assembled: AssembledImage, image: Descriptor, parts: IndexParts): AssembledImage {
  const { statements, annotations = {}, mediaTypes = "oci", ociArtifact = false } = parts;
  const { mediaType, digest, size, platform = UNKNOWN } = image;
  const about = statements.length === 0 ? undefined : attestationManifest(statements, ociArtifact ? image : undefined);
  const beside = sortedAnnotations(annotations.manifestDescriptor);
  const own = sortedAnnotations(annotations.index);
  const index = documentOf(
    JSON.stringify(
      {
        schemaVersion: 2,
        mediaType: mediaTypes === "docker" ? DOCKER_MANIFEST_LIST : OCI_INDEX,
        manifests: [
          { mediaType, digest, size, ...given({ annotations: beside }), platform: ordered(platform) },
          ...(about === undefined
            ? []
            : [
                {
                  ...about.manifest.descriptor,
                  annotations: { [ATTESTED_DIGEST_ANNOTATION]: digest, [ATTESTATION_TYPE_ANNOTATION]: ATTESTATION_MANIFEST },
                  platform: UNKNOWN,
                },
              ]),
        ],
        ...given({ annotations: own }),
      },
      undefined,
      2,
    ),
    mediaTypes === "docker" ? DOCKER_MANIFEST_LIST : OCI_INDEX,
  );
  const named = sortedAnnotations(createdOf(assembled.descriptor), annotations.indexDescriptor);
  return {
    ...assembled,
    descriptor: { ...index.descriptor, ...given({ annotations: named }) },
    attached: { statements, ...given({ about }), index },
  };
}

/** With a `subject` an OCI artifact about it, as newer BuildKits write it; else an image that nothing can run. */
function attestationManifest(statements: readonly Document[], subject: Descriptor | undefined): NonNullable<Attached["about"]> {
  const layers = statements.map(({ descriptor }) => descriptor);
  if (subject !== undefined) return artifact(layers, subject);
  const config = documentOf(
    JSON.stringify({ ...UNKNOWN, config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }),
    OCI_CONFIG,
  );
  return { config, manifest: manifestOf(config.descriptor, layers, "oci") };
}

function artifact(layers: readonly Descriptor[], { mediaType, digest, size }: Descriptor): NonNullable<Attached["about"]> {
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

/** In the order of Go's struct that BuildKit marshals. */
function ordered({ architecture, os, variant, ...more }: Platform): Platform {
  return { architecture, os, ...more, ...given({ variant }) };
}

function dockerHasNoPlace(): Error {
  return usageError(
    "Cannot attach attestations to a manifest of Docker's media types: they have no place for them; wanted OCI media types",
    "Leave out oci-mediatypes=false, or use --output type=oci in place of type=docker",
  );
}

function noIndex(): Error {
  return usageError(
    "Cannot put annotations on an index: the result has none (index annotations not supported for single platform export)",
    "Pass --build-arg BUILDKIT_MULTI_PLATFORM=1 or --provenance=true for an index, or leave the level out",
  );
}
