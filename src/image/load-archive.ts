/**
 * `decant load`: the images of an archive into the store, under the names that the archive gives them. It reads OCI layouts (image-spec
 * image-layout.md) and docker's archives of all its versions since 1.10, also those of podman, skopeo, crane, kaniko and Bazel.
 */
import * as v from "valibot";
import { DecantError, isDecantError } from "../errors.ts";
import {
  type Descriptor,
  DOCKER_CONFIG,
  formatReference,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  parseImageConfig,
  parseManifestOrIndex,
  parseReference,
  type Platform,
} from "../oci/index.ts";
import { sha256, type Digest } from "../digest.ts";
import { loadLayers, sniffCompression } from "../tree/index.ts";
import { type ArchiveFiles, blobPath } from "./archive-files.ts";
import { contentDigests, type ImageContent, storedContent } from "./content.ts";
import { IMAGE_NAME_ANNOTATION, REF_NAME_ANNOTATION } from "./exporters/layout.ts";
import { loadFound } from "./load-image.ts";
import { manifestOf } from "./manifest.ts";
import { nameImage } from "./name-image.ts";
import { targetName } from "./names.ts";
import type { ImageContext } from "./types.ts";

/** An image that was loaded. */
export interface LoadedImage {
  readonly descriptor: Descriptor;
  /** The image ID of its first image. */
  readonly id: Digest;
  /** Canonical texts. */
  readonly names: readonly string[];
}

/** What an archive has under one digest. */
interface Top {
  readonly descriptor: Descriptor;
  readonly names: readonly string[];
}

const MAX_DEPTH = 5;
const dockerManifest = v.array(
  v.looseObject({ Config: v.string(), RepoTags: v.optional(v.nullable(v.array(v.string()))), Layers: v.nullable(v.array(v.string())) }),
);
type DockerManifest = v.InferOutput<typeof dockerManifest>;

/**
 * Loads all images of an archive, or none: each is checked, with its layers, before the first has its name. Throws `MANIFEST` for what is no image
 * archive, `BLOB_*`, `TAR`, `ARCHIVE`.
 */
export async function loadArchive(ctx: ImageContext, files: ArchiveFiles, host: Platform): Promise<readonly LoadedImage[]> {
  const index = await files.read("index.json", MAX_MANIFEST_BYTES);
  const docker = await readDockerManifest(files);
  const tops = index === undefined ? await dockerTops(ctx, files, docker) : await layoutTops(ctx, files, index);
  const loaded: { readonly content: ImageContent; readonly names: readonly string[] }[] = [];
  for (const { descriptor, names } of tops) {
    const content = await storedContent(ctx, descriptor);
    await checkImages(ctx, content, files.name, host);
    loaded.push({ content, names: names.length > 0 ? names : dockerNames(docker, content) });
  }
  if (loaded.every(({ content }) => content.images.length === 0))
    throw new DecantError("MANIFEST", `Cannot load "${files.name}": there is no image in it`);
  return loaded.map(({ content, names }) => {
    nameImage(ctx.store, { descriptor: content.descriptor, blobs: contentDigests(content) }, names);
    return { descriptor: content.descriptor, id: content.images[0]?.config.digest ?? content.descriptor.digest, names };
  });
}

async function readDockerManifest(files: ArchiveFiles): Promise<DockerManifest> {
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

/** The images that index.json lists, with all their blobs in the store. */
async function layoutTops(ctx: ImageContext, files: ArchiveFiles, bytes: Buffer): Promise<readonly Top[]> {
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot load "${files.name}": its index.json is no index`);
  const tops = new Map<Digest, { readonly descriptor: Descriptor; readonly names: string[] }>();
  for (const { annotations, ...descriptor } of parsed.index.manifests) {
    const known = tops.get(descriptor.digest);
    if (known === undefined && !(await bring(ctx, files, descriptor, MAX_DEPTH)))
      throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the manifest "${descriptor.digest}"`);
    const top = known ?? { descriptor, names: new Array<string>() };
    tops.set(descriptor.digest, top);
    // Other tools write a tag alone, which names no repository.
    const refName = annotations?.[REF_NAME_ANNOTATION];
    const name = imageName(annotations?.[IMAGE_NAME_ANNOTATION] ?? (refName !== undefined && /[/:]/.test(refName) ? refName : undefined));
    if (name !== undefined && !top.names.includes(name)) top.names.push(name);
  }
  return [...tops.values()];
}

/** Brings a manifest or index and all that it names into the store. False where it is not there, as other platforms of an index may be. */
async function bring(ctx: ImageContext, files: ArchiveFiles, at: Descriptor, depth: number): Promise<boolean> {
  ctx.signal.throwIfAborted();
  if ((await files.keep(blobPath(at.digest), at)) === undefined) return false;
  const parsed = parseManifestOrIndex(await ctx.store.blobs.read(at.digest, MAX_MANIFEST_BYTES), at.mediaType);
  if (parsed.kind === "index") {
    if (depth === 0)
      throw new DecantError("MANIFEST", `Cannot load "${files.name}": it has indexes in indexes, more than ${MAX_DEPTH} deep`);
    let isAny = false;
    for (const entry of parsed.index.manifests) isAny = (await bring(ctx, files, entry, depth - 1)) || isAny;
    return isAny;
  }
  const { config, layers } = parsed.manifest;
  for (const blob of [config, ...layers]) {
    if ((await files.keep(blobPath(blob.digest), blob)) !== undefined || blob.urls !== undefined) continue;
    throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the blob "${blob.digest}" of one of its images`);
  }
  return true;
}

/** The images of manifest.json, each with a manifest that is made here: such archives have none. */
async function dockerTops(ctx: ImageContext, files: ArchiveFiles, docker: DockerManifest): Promise<readonly Top[]> {
  if (docker.length === 0)
    throw new DecantError(
      "MANIFEST",
      `Cannot load "${files.name}": it is no archive of images: it has neither index.json nor manifest.json`,
      {
        hint: "For the files of a root file system: decant import FILE NAME",
      },
    );
  const tops: Top[] = [];
  for (const { Config: path, RepoTags: tags, Layers: layers } of docker) {
    const bytes = await files.read(path, MAX_CONFIG_BYTES);
    if (bytes === undefined) throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the configuration "${path}"`);
    // Says what is wrong with it.
    parseImageConfig(bytes);
    await ctx.store.blobs.put(bytes);
    const descriptors: Descriptor[] = [];
    for (const layer of layers ?? []) descriptors.push(await keepLayer(ctx, files, layer));
    const config = { mediaType: DOCKER_CONFIG, digest: sha256(bytes), size: bytes.byteLength };
    const manifest = manifestOf(config, descriptors, "oci");
    await ctx.store.blobs.put(manifest.bytes);
    tops.push({ descriptor: manifest.descriptor, names: (tags ?? []).flatMap((tag) => imageName(tag) ?? []) });
  }
  return tops;
}

async function keepLayer({ store }: ImageContext, files: ArchiveFiles, path: string): Promise<Descriptor> {
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

/** Reads every layer: its digest and the diffId that its configuration tells are right, and commands know its files. */
async function checkImages(ctx: ImageContext, { images }: ImageContent, name: string, host: Platform): Promise<void> {
  for (const { manifest } of images) {
    const opened = await loadFound(ctx.store, name, { top: manifest }, host);
    await loadLayers(opened.layers, ctx.signal);
  }
}

/** The names that manifest.json has for an image that index.json has no name for. */
function dockerNames(docker: DockerManifest, { images }: ImageContent): readonly string[] {
  const hexes = images.map(({ config }) => config.digest.slice(config.digest.indexOf(":") + 1));
  const tags = docker.filter(({ Config: path }) => hexes.some((hex) => path.includes(hex))).flatMap(({ RepoTags }) => RepoTags ?? []);
  return [...new Set(tags.flatMap((tag) => imageName(tag) ?? []))];
}

/** The canonical text of a name; what is none names nothing. */
function imageName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return formatReference(targetName(formatReference(parseReference(text))));
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return undefined;
    throw error;
  }
}
