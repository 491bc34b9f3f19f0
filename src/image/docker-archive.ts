/**
 * Docker's archives (docker save before version 25, podman, skopeo, crane, kaniko, Bazel): a manifest.json that names a configuration and layers by
 * their paths. Such archives have no manifests: each image gets one here.
 */
import * as v from "valibot";
import { type Digest, sha256 } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import {
  type Descriptor,
  DOCKER_CONFIG,
  formatReference,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  parseImageConfig,
  parseReference,
} from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { sniffCompression } from "../tree/index.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import type { ImageContent } from "./content.ts";
import { manifestOf } from "./manifest.ts";
import { targetName } from "./names.ts";

/** What an archive has under one digest. */
export interface ArchivedTop {
  readonly descriptor: Descriptor;
  readonly names: readonly string[];
  /** Tags that name no repository. */
  readonly tags?: readonly string[];
  /** It is no image, but about one: a signature. */
  readonly subject?: Digest;
}

const dockerManifest = v.array(
  v.looseObject({ Config: v.string(), RepoTags: v.optional(v.nullable(v.array(v.string()))), Layers: v.nullable(v.array(v.string())) }),
);
/** An image of manifest.json. */
interface DockerImage {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null | undefined;
  readonly Layers: readonly string[] | null;
}

/** Reads manifest.json; without one the list is empty. Throws `MANIFEST`. */
export async function readDockerManifest(files: ArchiveFiles): Promise<readonly DockerImage[]> {
  const bytes = await files.read("manifest.json", MAX_MANIFEST_BYTES);
  if (bytes === undefined) return [];
  const parsed = v.safeParse(dockerManifest, parseJson(files.name, bytes));
  if (parsed.success) return parsed.output;
  throw new DecantError("MANIFEST", `Cannot load "${files.name}": its manifest.json is not a list of images`);
}

function parseJson(name: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new DecantError("MANIFEST", `Cannot load "${name}": its manifest.json is no JSON`, { cause: error });
  }
}

/** The images of manifest.json, each with a manifest that is made here: such archives have none. */
export async function dockerTops(store: Store, files: ArchiveFiles, docker: readonly DockerImage[]): Promise<readonly ArchivedTop[]> {
  if (docker.length === 0)
    throw new DecantError(
      "MANIFEST",
      `Cannot load "${files.name}": it is no archive of images: it has neither index.json nor manifest.json`,
      {
        hint: "For the files of a root file system: decant import FILE NAME",
      },
    );
  const tops: ArchivedTop[] = [];
  for (const { Config: path, RepoTags: tags, Layers: layers } of docker) {
    const bytes = await files.read(path, MAX_CONFIG_BYTES);
    if (bytes === undefined) throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the configuration "${path}"`);
    // Says what is wrong with it.
    parseImageConfig(bytes);
    await store.blobs.put(bytes);
    const descriptors: Descriptor[] = [];
    for (const layer of layers ?? []) descriptors.push(await keepLayer(store, files, layer));
    const config = { mediaType: DOCKER_CONFIG, digest: sha256(bytes), size: bytes.byteLength };
    const manifest = manifestOf(config, descriptors, "oci");
    await store.blobs.put(manifest.bytes);
    tops.push({ descriptor: manifest.descriptor, names: (tags ?? []).flatMap((tag) => imageName(tag) ?? []) });
  }
  return tops;
}

async function keepLayer(store: Store, files: ArchiveFiles, path: string): Promise<Descriptor> {
  const blob = await files.keep(path);
  if (blob === undefined) throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the layer "${path}"`);
  const [head = Buffer.alloc(0)] = await Array.fromAsync(store.blobs.open(blob.digest, { start: 0, length: 16 }));
  const format = sniffCompression(head);
  if (format === "xz" || format === "bzip2")
    throw new DecantError(
      "MEDIA_TYPE",
      `Cannot load "${files.name}": its layer "${path}" has compression ${format}, which no image may have`,
    );
  const mediaType = format === "gzip" ? OCI_LAYER_GZIP : format === "zstd" ? OCI_LAYER_ZSTD : OCI_LAYER;
  return { mediaType, ...blob };
}

/** The names that manifest.json has for an image that index.json has no name for. */
export function dockerNames(docker: readonly DockerImage[], { images }: ImageContent): readonly string[] {
  const hexes = images.map(({ config }) => config.digest.slice(config.digest.indexOf(":") + 1));
  const tags = docker.filter(({ Config: path }) => hexes.some((hex) => path.includes(hex))).flatMap(({ RepoTags }) => RepoTags ?? []);
  return [...new Set(tags.flatMap((tag) => imageName(tag) ?? []))];
}

/** The canonical text of a name; what is none names nothing. */
export function imageName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return formatReference(targetName(formatReference(parseReference(text))));
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return undefined;
    throw error;
  }
}
