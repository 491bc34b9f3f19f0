/**
 * Media types of image-spec (media-types.md) and Docker's schema 2, and what they say about a blob.
 * Names only: nothing here looks at bytes.
 */

/** image-spec manifest.md. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** image-spec image-index.md. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** image-spec config.md. */
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
/** image-spec layer.md, uncompressed. */
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
/** image-spec layer.md, gzip. */
export const OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
/** image-spec layer.md, zstd. */
export const OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
/** Layers that may not be uploaded (deprecated by image-spec 1.1, still met in Windows images). */
export const OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar";
/** The same, gzip. */
export const OCI_FOREIGN_LAYER_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
/** The same, zstd. */
export const OCI_FOREIGN_LAYER_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
/** The empty JSON object "{}" as config or layer of artifacts. */
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
/** The artifact type of BuildKit's attestations. */
export const ATTESTATION_ARTIFACT = "application/vnd.docker.attestation.manifest.v1+json";
/** Docker schema 2 manifest. */
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
/** Docker's index. */
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
/** Docker's image config. */
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
/** Docker layer, uncompressed. */
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
/** Docker layer, gzip. */
export const DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/** Docker layer, zstd. */
export const DOCKER_LAYER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd";
/** Docker layer that may not be uploaded. */
export const DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar";
/** The same, gzip. */
export const DOCKER_FOREIGN_LAYER_GZIP = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
/** Docker schema 1, which is only recognised in order to refuse it. */
export const DOCKER_SCHEMA1_MANIFEST = "application/vnd.docker.distribution.manifest.v1+json";
/** The same, signed. */
export const DOCKER_SCHEMA1_SIGNED_MANIFEST = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/** in-toto statements: SBOM and provenance (BuildKit's attestation storage). */
export const IN_TOTO = "application/vnd.in-toto+json";

/** On the descriptor of a manifest in an index (BuildKit): what kind of thing it is, if no image. */
export const ATTESTATION_TYPE_ANNOTATION = "vnd.docker.reference.type";
/** The value for attestations. */
export const ATTESTATION_MANIFEST = "attestation-manifest";
/** The manifest that an attestation manifest is about. */
export const ATTESTED_DIGEST_ANNOTATION = "vnd.docker.reference.digest";

/** What an `Accept` header of a manifest request lists, the most specific first. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_MANIFEST];

/** How a layer blob is packed. */
export type LayerCompression = "uncompressed" | "gzip" | "zstd";

/** Each Docker type and the OCI type that means the same. */
const EQUIVALENTS: readonly (readonly [docker: string, oci: string])[] = [
  [DOCKER_MANIFEST, OCI_MANIFEST],
  [DOCKER_MANIFEST_LIST, OCI_INDEX],
  [DOCKER_CONFIG, OCI_CONFIG],
  [DOCKER_LAYER, OCI_LAYER],
  [DOCKER_LAYER_GZIP, OCI_LAYER_GZIP],
  [DOCKER_LAYER_ZSTD, OCI_LAYER_ZSTD],
  [DOCKER_FOREIGN_LAYER, OCI_FOREIGN_LAYER],
  [DOCKER_FOREIGN_LAYER_GZIP, OCI_FOREIGN_LAYER_GZIP],
];
const TO_OCI: ReadonlyMap<string, string> = new Map(EQUIVALENTS);
const TO_DOCKER: ReadonlyMap<string, string> = new Map(EQUIVALENTS.map(([docker, oci]) => [oci, docker]));

const COMPRESSIONS: ReadonlyMap<string, LayerCompression> = new Map<string, LayerCompression>([
  [OCI_LAYER, "uncompressed"],
  [OCI_LAYER_GZIP, "gzip"],
  [OCI_LAYER_ZSTD, "zstd"],
  [OCI_FOREIGN_LAYER, "uncompressed"],
  [OCI_FOREIGN_LAYER_GZIP, "gzip"],
  [OCI_FOREIGN_LAYER_ZSTD, "zstd"],
  [DOCKER_LAYER, "uncompressed"],
  [DOCKER_LAYER_GZIP, "gzip"],
  [DOCKER_LAYER_ZSTD, "zstd"],
  [DOCKER_FOREIGN_LAYER, "uncompressed"],
  [DOCKER_FOREIGN_LAYER_GZIP, "gzip"],
]);
const FOREIGN: ReadonlySet<string> = new Set([
  OCI_FOREIGN_LAYER,
  OCI_FOREIGN_LAYER_GZIP,
  OCI_FOREIGN_LAYER_ZSTD,
  DOCKER_FOREIGN_LAYER,
  DOCKER_FOREIGN_LAYER_GZIP,
]);

/** True for an OCI index and for Docker's manifest list. */
export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** True for an OCI manifest and for Docker's schema 2 manifest. */
export function isManifest(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** True for an image config, OCI or Docker. */
export function isImageConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

/** True for layers that may not be uploaded and are fetched from their `urls`. */
export function isForeignLayer(mediaType: string): boolean {
  return FOREIGN.has(mediaType);
}

/** How a layer of this media type is packed; undefined when it is no file system layer that we know. */
export function layerCompressionOf(mediaType: string): LayerCompression | undefined {
  return COMPRESSIONS.get(mediaType);
}

/** On an eStargz layer: the digest of its table of contents, by which a snapshotter trusts it. */
export const ESTARGZ_TOC_ANNOTATION = "containerd.io/snapshot/stargz/toc.digest";
/** On an eStargz layer: the size of its tar. */
export const ESTARGZ_SIZE_ANNOTATION = "io.containers.estargz.uncompressed-size";

/** The OCI name of a Docker media type; every other name stays as it is. */
export function toOciMediaType(mediaType: string): string {
  return TO_OCI.get(mediaType) ?? mediaType;
}

/** The Docker name of an OCI media type; names without an equivalent stay as they are. */
export function toDockerMediaType(mediaType: string): string {
  return TO_DOCKER.get(mediaType) ?? mediaType;
}
