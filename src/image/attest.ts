/**
 * Binds statements to an image as BuildKit does (its docs/attestations/attestation-storage.md): an attestation manifest beside the image's own in
 * one index, of platform unknown/unknown so that nobody runs it. The image's manifest keeps its bytes and digest.
 */
import { usageError } from "../errors.ts";
import {
  ATTESTATION_MANIFEST,
  ATTESTATION_TYPE_ANNOTATION,
  ATTESTED_DIGEST_ANNOTATION,
  type Descriptor,
  OCI_CONFIG,
  OCI_INDEX,
  type Platform,
} from "../oci/index.ts";
import type { AssembledImage } from "./assemble.ts";
import { exportError } from "./errors.ts";
import { type Document, documentOf, type ManifestDocument, manifestOf, type MediaTypes } from "./manifest.ts";
import { imageSubjects, MAX_STATEMENT_BYTES, statementOf, type StatementSubject } from "./statement.ts";
import type { Attestation, BuiltImage } from "./types.ts";

/** What an index has besides the image. */
export interface Attached {
  readonly statements: readonly Document[];
  readonly config: Document;
  readonly manifest: ManifestDocument;
  /** What names stand for. */
  readonly index: Document;
}

const UNKNOWN = { architecture: "unknown", os: "unknown" };

/** Adds what the build says of its image; the image as it was where it says nothing. `names` are canonical texts. */
export async function attested(
  image: BuiltImage,
  assembled: AssembledImage,
  { names, mediaTypes }: { readonly names: readonly string[]; readonly mediaTypes: MediaTypes },
): Promise<AssembledImage> {
  const { attestations = [], platform } = image;
  if (attestations.length === 0) return assembled;
  if (mediaTypes === "docker") throw dockerHasNoPlace();
  const statements = await statementsOf(attestations, imageSubjects(names, assembled.manifest.descriptor.digest, platform));
  return attach(assembled, { ...assembled.manifest.descriptor, platform }, statements);
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

/** An index of `image` (the descriptor with its platform) and of `statements` about it. */
export function attach(assembled: AssembledImage, image: Descriptor, statements: readonly Document[]): AssembledImage {
  const layers = statements.map(({ descriptor }) => descriptor);
  const config = documentOf(
    JSON.stringify({ ...UNKNOWN, config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }),
    OCI_CONFIG,
  );
  const manifest = manifestOf(config.descriptor, layers, "oci");
  const { mediaType, digest, size, platform = UNKNOWN } = image;
  const index = documentOf(
    JSON.stringify(
      {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [
          { mediaType, digest, size, platform: ordered(platform) },
          {
            ...manifest.descriptor,
            annotations: { [ATTESTED_DIGEST_ANNOTATION]: digest, [ATTESTATION_TYPE_ANNOTATION]: ATTESTATION_MANIFEST },
            platform: UNKNOWN,
          },
        ],
      },
      undefined,
      2,
    ),
    OCI_INDEX,
  );
  const { annotations } = assembled.descriptor;
  return {
    ...assembled,
    descriptor: { ...index.descriptor, ...(annotations === undefined ? {} : { annotations }) },
    attached: { statements, config, manifest, index },
  };
}

/** In the order of Go's struct that BuildKit marshals. */
function ordered({ architecture, os, variant, ...more }: Platform): Platform {
  return { architecture, os, ...more, ...(variant === undefined ? {} : { variant }) };
}

function dockerHasNoPlace(): Error {
  return usageError(
    "Cannot attach attestations to a manifest of Docker's media types: they have no place for them; wanted OCI media types",
    "Leave out oci-mediatypes=false, or use --output type=oci in place of type=docker",
  );
}
