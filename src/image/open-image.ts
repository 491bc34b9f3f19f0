/** From a name's descriptor to manifest and configuration, through indexes, whatever holds the documents. */
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import {
  type Annotations,
  type Descriptor,
  type ImageConfig,
  type Manifest,
  type Platform,
  attestationsOf,
  isImageConfig,
  parseImageConfig,
  parseManifestOrIndex,
  selectManifest,
} from "../oci/index.ts";
import type { LayerSource } from "../tree/index.ts";

/** An image with its documents read, and layers that load when asked. */
export interface OpenedImage {
  /** The manifest's, of the platform that was asked for. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  /** The exact bytes, so that a copy keeps its digest. */
  readonly manifestBytes: Buffer;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
  /** Absent where its name stands for no index. */
  readonly index?: OpenedIndex;
  /** The manifests of its index that say something of it (SBOM, provenance); none where its name stands for no index. */
  readonly attestations: readonly Descriptor[];
  readonly layers: readonly LayerSource[];
}

/** What the index of an image says besides. */
interface OpenedIndex {
  /** It has other images, too. */
  readonly isShared: boolean;
  readonly mediaType: string;
  readonly annotations?: Annotations;
  /** Beside the digest of the manifest. */
  readonly manifestAnnotations?: Annotations;
}

/** The documents of an image. */
type ImageDocuments = Omit<OpenedImage, "layers">;

/** Reads a document and checks it against its descriptor. */
export type ReadDocument = (descriptor: Descriptor) => Promise<Buffer>;

/** Indexes in indexes: more than the field has ever needed, and an end for a circle of a liar. */
const MAX_INDEXES = 4;

/** Follows `top` to the manifest for `platform`. Throws `MANIFEST`, `PLATFORM`, and what `read` throws. */
export async function openDocuments(name: string, top: Descriptor, platform: Platform, read: ReadDocument): Promise<ImageDocuments> {
  let descriptor = top;
  let attestations: readonly Descriptor[] = [];
  let around: OpenedIndex | undefined;
  for (let depth = 0; depth <= MAX_INDEXES; depth += 1) {
    const bytes = await read(descriptor);
    const parsed = parseManifestOrIndex(bytes, descriptor.mediaType);
    if (parsed.kind === "manifest") {
      const { manifest } = parsed;
      if (!isImageConfig(manifest.config.mediaType)) {
        throw new DecantError("MANIFEST", `Cannot use "${name}" as an image: it is an artifact of type "${manifest.config.mediaType}"`);
      }
      const configBytes = await read(manifest.config);
      return {
        descriptor: { mediaType: parsed.mediaType, digest: descriptor.digest, size: bytes.byteLength, ...platformOf(descriptor) },
        manifest,
        manifestBytes: bytes,
        config: parseImageConfig(configBytes),
        configBytes,
        ...given({ index: around }),
        attestations,
      };
    }
    descriptor = selectManifest(parsed.index, platform, name);
    attestations = attestationsOf(parsed.index, descriptor.digest);
    around = {
      isShared: parsed.index.manifests.length !== 1 + attestations.length,
      mediaType: parsed.mediaType,
      ...given({ annotations: parsed.index.annotations, manifestAnnotations: descriptor.annotations }),
    };
  }
  throw new DecantError("MANIFEST", `Cannot use image "${name}": it has indexes in indexes, more than ${MAX_INDEXES} deep`);
}

function platformOf({ platform }: Descriptor): { readonly platform?: Platform } {
  return given({ platform });
}
