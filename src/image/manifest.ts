/** The manifest of an image (image-spec manifest.md), and the descriptor that names it. */
import { sha256 } from "../digest.ts";
import { given } from "../given.ts";
import { sortedAnnotations } from "./annotations.ts";
import {
  type Annotations,
  type Descriptor,
  type Manifest,
  type Platform,
  OCI_MANIFEST,
  toDockerMediaType,
  toOciMediaType,
} from "../oci/index.ts";

/** Which family of media types a manifest and all that it names have. */
export type MediaTypes = "oci" | "docker";

/** A document as it is stored: its descriptor is that of exactly these bytes. */
export interface Document {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** A manifest's bytes, descriptor and value. */
export interface ManifestDocument extends Document {
  readonly manifest: Manifest;
}

/**
 * Writes a manifest in BuildKit's layout. Media types of config and layers are changed to those of the family; digests stay.
 * Docker's manifest has no annotations: with some, the family is always "oci", as in BuildKit.
 */
export function manifestOf(
  config: Descriptor,
  layers: readonly Descriptor[],
  mediaTypes: MediaTypes,
  annotations: Annotations = {},
): ManifestDocument {
  const annotated = Object.keys(annotations).length > 0;
  const typed = mediaTypes === "docker" && !annotated ? toDockerMediaType : toOciMediaType;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: typed(OCI_MANIFEST),
    config: { mediaType: typed(config.mediaType), digest: config.digest, size: config.size },
    layers: layers.map((layer) => ({
      mediaType: typed(layer.mediaType),
      digest: layer.digest,
      size: layer.size,
      ...given({ urls: layer.urls }),
      ...(layer.annotations === undefined || typed === toDockerMediaType ? {} : { annotations: layer.annotations }),
    })),
    ...(annotated ? { annotations: sortedAnnotations(annotations) ?? {} } : {}),
  };
  // An empty list of Go is null, and the digest is to be BuildKit's.
  const written = { ...manifest, layers: layers.length === 0 ? null : manifest.layers };
  return { manifest, ...documentOf(JSON.stringify(written, undefined, 2), typed(OCI_MANIFEST)) };
}

/** Text and the descriptor of its bytes. */
export function documentOf(text: string, mediaType: string): Document {
  const bytes = Buffer.from(text, "utf8");
  return { bytes, descriptor: { mediaType, digest: sha256(bytes), size: bytes.byteLength } };
}

/** The descriptor under which an index.json, a metadata file and results name a manifest, with the facts that buildx adds. */
export function namedDescriptor(
  manifest: Descriptor,
  { created, platform }: { readonly created?: string; readonly platform: Platform },
  more: Annotations = {},
): Descriptor {
  // Whole seconds, as buildx writes it. What was never made keeps one descriptor; BuildKit tells the time of the build then.
  const own = created === undefined ? {} : { "org.opencontainers.image.created": created.replace(/\.\d+/, "") };
  const annotations = sortedAnnotations(own, more);
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    ...given({ annotations }),
    platform: orderedPlatform(platform),
  };
}

/** In the order of Go's struct that BuildKit marshals. */
export function orderedPlatform({ architecture, os, variant, ...more }: Platform): Platform {
  return { architecture, os, ...more, ...given({ variant }) };
}
