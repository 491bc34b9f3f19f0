/**
 * Artifacts of layers that are no image (image-spec manifest.md, "Guidelines for Artifact Usage"): a document as configuration, and layers beside
 * it. In a registry under a tag, or in a layout directory. As image manifests, which every registry takes.
 */
import { AT_ONCE, pool } from "../async.ts";
import { collect } from "../bytes.ts";
import type { DiffId } from "../digest.ts";
import { type Descriptor, formatReference, type Manifest, OCI_MANIFEST, parseManifestOrIndex, type Reference } from "../oci/index.ts";
import { isDecantError } from "../errors.ts";
import type { LayerSource } from "../tree/index.ts";
import { type ArtifactObjects, objectDocument, openObject, packObjects, writeObjects } from "./artifact-objects.ts";
import { onlyImage } from "./assembled-image.ts";
import { contentOf } from "./content.ts";
import { blobEntries, indexEntries, layerEntries } from "./exporters/layout.ts";
import { writeLayoutDirectory } from "./exporters/layout-directory.ts";
import { imageLayers } from "./image-layer.ts";
import { type ExportLayer, exportLayer, heldLayers } from "./layers.ts";
import { documentOf, manifestOf } from "./manifest.ts";
import { layoutAt } from "./oci-layout.ts";
import { pushAt, pushLayers } from "./push-content.ts";
import { startProgress } from "../transfer.ts";
import type { CompressionOptions, ImageContext } from "./types.ts";

/** Where an artifact is. */
export type ArtifactPlace =
  | { readonly kind: "registry"; readonly reference: Reference }
  | { readonly kind: "objects"; readonly objects: ArtifactObjects }
  /** `selector`: a tag, or a digest to read. */
  | { readonly kind: "folder"; readonly path: string; readonly selector: string };

/** An artifact that was read: its document, and layers that come when they are needed. */
interface OpenedArtifact {
  readonly layers: readonly Descriptor[];
  readonly document: Buffer;
  /** Sources of its layers; the document knows their diffIds. Throws `MANIFEST` when there are not as many. */
  sources(diffIds: readonly DiffId[]): readonly LayerSource[];
}

/** Which artifacts are wanted. */
interface ArtifactKind {
  /** Of the document. */
  readonly mediaType: string;
  readonly maxBytes: number;
}

/** A layer that is where its artifact is, or will be. */
type ArtifactLayer = Pick<ExportLayer, "descriptor" | "diffId">;

/** Reads an artifact; undefined where there is none, or one of another kind. Throws what registries throw, `MANIFEST`, `BLOB_*`. */
export async function openArtifact(ctx: ImageContext, place: ArtifactPlace, kind: ArtifactKind): Promise<OpenedArtifact | undefined> {
  try {
    if (place.kind === "registry") return await openRemote(ctx, place.reference, kind);
    return place.kind === "objects" ? await openObjects(ctx, place.objects, kind) : await openFolder(ctx, place, kind);
  } catch (error) {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return undefined;
    throw error;
  }
}

/**
 * Brings layers to where an artifact is to be, in the order given. Only what the place lacks is sent. Throws what registries throw, and `EXPORT`.
 */
export async function packArtifact(
  ctx: ImageContext,
  place: ArtifactPlace,
  sources: readonly LayerSource[],
  compression: CompressionOptions,
): Promise<readonly ArtifactLayer[]> {
  const layers = await pool(AT_ONCE, sources, (layer, signal) => exportLayer(ctx, layer, compression, signal), ctx.signal);
  if (place.kind === "registry") {
    await pushLayers(ctx, place.reference, layers);
    return layers;
  }
  if (place.kind === "objects") return await packObjects(ctx, place.objects, layers);
  const held = await heldLayers(ctx, layers);
  await writeLayoutDirectory(ctx, folderOf(place), { blobs: layerEntries(ctx.store, held), index: [] });
  return held;
}

/**
 * Names an artifact of layers that are there. The tag moves last. Gives false where a writer at the same time may win: look again. Throws what registries
 * throw, and `EXPORT`.
 */
export async function writeArtifact(
  ctx: ImageContext,
  place: ArtifactPlace,
  content: { readonly mediaType: string; readonly layers: readonly Descriptor[]; readonly document: string },
): Promise<boolean> {
  const config = documentOf(content.document, content.mediaType);
  const manifest = manifestOf(config.descriptor, content.layers, "oci");
  if (place.kind === "objects") return await writeObjects(ctx, place.objects, config, manifest);
  const { descriptor } = manifest;
  const documents = contentOf(onlyImage({ layers: [], config, manifest, descriptor }));
  if (place.kind === "registry") {
    await pushAt(ctx, await ctx.registry(), documents, place.reference);
    return false;
  }
  await writeLayoutDirectory(ctx, folderOf(place), {
    blobs: blobEntries(ctx.store, [documents]),
    index: indexEntries(descriptor, [`cache:${place.selector}`]),
  });
  return true;
}

function folderOf({ path }: { readonly path: string }): { readonly type: string; readonly dest: string } {
  return { type: "oci", dest: path };
}

async function openRemote(ctx: ImageContext, reference: Reference, kind: ArtifactKind): Promise<OpenedArtifact | undefined> {
  const { signal, store, vertex } = ctx;
  const client = await ctx.registry();
  const { bytes, descriptor } = await client.manifest(reference, { signal });
  const manifest = manifestOfKind(bytes, descriptor, kind);
  if (manifest === undefined) return undefined;
  const document = await collect(client.blob(reference, manifest.config, { signal }), kind.maxBytes, "document of an artifact");
  const { registry, repository } = reference;
  const sources = (diffIds: readonly DiffId[]): LayerSource[] =>
    imageLayers(store, withDiffIds(manifest, diffIds), {
      name: formatReference(reference),
      async *open(layer, stop, { vertex: step = vertex, kept }) {
        const progress = startProgress(ctx.emit, { vertex: step, id: layer.digest, action: "pull", totalBytes: layer.size });
        yield* client.blob(reference, layer, { kept, signal: stop, onProgress: progress.at });
        progress.end();
      },
      remote: (layer) => ({ descriptor: layer, registry, repository }),
    });
  return { layers: manifest.layers, document, sources };
}

async function openObjects(ctx: ImageContext, objects: ArtifactObjects, kind: ArtifactKind): Promise<OpenedArtifact | undefined> {
  const { signal, store } = ctx;
  const bytes = await objects.manifest(signal);
  const manifest = bytes === undefined ? undefined : manifestOfKind(bytes, { mediaType: OCI_MANIFEST }, kind);
  if (manifest === undefined) return undefined;
  const document = await objectDocument(objects, manifest.config, kind.maxBytes, signal);
  const sources = (diffIds: readonly DiffId[]): LayerSource[] =>
    imageLayers(store, withDiffIds(manifest, diffIds), {
      name: objects.name,
      open: (layer, stop, { vertex = ctx.vertex }) => openObject({ ...ctx, vertex }, objects, layer, stop),
      remote: () => undefined,
    });
  return { layers: manifest.layers, document, sources };
}

async function openFolder(
  { store }: ImageContext,
  { path, selector }: Extract<ArtifactPlace, { readonly kind: "folder" }>,
  kind: ArtifactKind,
): Promise<OpenedArtifact | undefined> {
  const layout = layoutAt(path);
  const descriptor = await layout.top(selector);
  const manifest = manifestOfKind(await layout.read(descriptor), descriptor, kind);
  if (manifest === undefined) return undefined;
  const document = await layout.read(manifest.config, kind.maxBytes);
  const sources = (diffIds: readonly DiffId[]): LayerSource[] =>
    imageLayers(store, withDiffIds(manifest, diffIds), { ...layout, remote: () => undefined });
  return { layers: manifest.layers, document, sources };
}

function manifestOfKind(bytes: Buffer, { mediaType }: Pick<Descriptor, "mediaType">, kind: ArtifactKind): Manifest | undefined {
  const parsed = parseManifestOrIndex(bytes, mediaType);
  return parsed.kind === "manifest" && parsed.manifest.config.mediaType === kind.mediaType ? parsed.manifest : undefined;
}

function withDiffIds(manifest: Manifest, diffIds: readonly DiffId[]): Parameters<typeof imageLayers>[1] {
  return { manifest, config: { architecture: "", os: "", rootfs: { type: "layers", diff_ids: [...diffIds] } } };
}
