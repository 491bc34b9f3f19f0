/** `decant push`: an image of the local store to registries. */
import { AT_ONCE, pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import { usageError } from "../errors.ts";
import { given } from "../given.ts";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, type Descriptor, type Platform } from "../oci/index.ts";
import type { LayerSource } from "../tree/index.ts";
import type { AssembledImage } from "./assembled-image.ts";
import { attach, type IndexParts } from "./attest.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { findImage } from "./find-image.ts";
import { isStored } from "./image-layer.ts";
import { type ExportLayer, exportLayer, suits } from "./layers.ts";
import { loadImage } from "./load-image.ts";
import { type Document, type ManifestDocument, manifestOf } from "./manifest.ts";
import { pushNames } from "./names.ts";
import type { OpenedImage } from "./open-image.ts";
import { pushAssembled } from "./push-assembled.ts";
import { areArtifacts, readStatements } from "./read-statements.ts";
import { imageSubjects, statementFor } from "./statement.ts";
import type { CompressionOptions, ImageContext } from "./types.ts";

/** Options of `pushImage`. */
interface PushOptions extends CompressionOptions {
  /** Chooses from an index. */
  readonly platform: Platform;
}

/**
 * Pushes `image` (a name or digest of the local store) under `names`, default its own. Layers that are stored uncompressed go as gzip,
 * unless `compression` says otherwise; when nothing has to change, the manifest keeps its bytes and digest. Gives what was pushed.
 * Throws what `loadImage`, `REFERENCE` and registries throw.
 */
export async function pushImage(
  ctx: ImageContext,
  image: string,
  names: readonly string[],
  options: PushOptions,
): Promise<{ readonly descriptor: Descriptor; readonly names: readonly string[] }> {
  const found = names.length === 0 ? await findImage(ctx.store, image) : undefined;
  if (found !== undefined && found.name === undefined)
    throw usageError(`Cannot push "${image}": it is the ID of an image; wanted a name to push to`, `Run: decant push ${image} NAME`);
  const targets = pushNames(names.length === 0 ? [image] : names);
  const opened = await loadImage(ctx.store, image, options.platform);
  const packed = await packedForPush(ctx, opened, options);
  const statements = await statementsFor(ctx, opened, packed.manifest.descriptor.digest, targets);
  const manifest = { ...packed.manifest.descriptor, platform: platformOf(opened) };
  const ociArtifact = await areArtifacts(ctx.store, opened.attestations);
  const parts = { ...indexParts(opened, statements), ociArtifact };
  const assembled = statements.length === 0 && opened.index === undefined ? packed : attach(packed, manifest, parts);
  await pushAssembled(ctx, assembled, targets);
  const { mediaType, digest, size } = assembled.descriptor;
  const descriptor = { mediaType, digest, size };
  for (const name of targets) ctx.emit({ type: "result", kind: "image", name, digest: descriptor.digest });
  return { descriptor, names: targets };
}

/** The index has the form and the annotations that it has in the store. */
function indexParts({ index }: OpenedImage, statements: readonly Document[]): IndexParts {
  return {
    statements,
    mediaTypes: index?.mediaType === DOCKER_MANIFEST_LIST ? "docker" : "oci",
    annotations: {
      ...(index?.annotations === undefined ? {} : { index: index.annotations }),
      ...(index?.manifestAnnotations === undefined ? {} : { manifestDescriptor: index.manifestAnnotations }),
    },
  };
}

/** What the store has about the image; said of the new manifest where packing layers changed it. */
async function statementsFor(
  { store }: ImageContext,
  opened: OpenedImage,
  digest: Digest,
  names: readonly string[],
): Promise<readonly Document[]> {
  const statements: Document[] = [];
  for (const { descriptor, bytes } of await readStatements(store, opened.attestations)) {
    const isSame = digest === opened.descriptor.digest;
    const statement = isSame ? { descriptor, bytes } : statementFor(bytes, imageSubjects(names, digest, platformOf(opened)));
    if (statement !== undefined) statements.push(statement);
  }
  return statements;
}

function platformOf({ descriptor, config }: OpenedImage): Platform {
  const { os, architecture, variant } = config;
  return descriptor.platform ?? { os, architecture, ...given({ variant }) };
}

async function packedForPush(ctx: ImageContext, opened: OpenedImage, options: CompressionOptions): Promise<AssembledImage> {
  const { manifest, manifestBytes, configBytes, descriptor } = opened;
  const layers = await pool(
    AT_ONCE,
    opened.layers,
    (source, signal, at) => {
      const kept = manifest.layers[at];
      // `loadImage` gives as many sources as the manifest has layers.
      return kept !== undefined && suits(kept, options) ? keptLayer(ctx, source, kept) : exportLayer(ctx, source, options, signal);
    },
    ctx.signal,
  );
  const isSame = layers.every((layer, at) => layer.descriptor.digest === manifest.layers[at]?.digest);
  const { mediaType, digest, size } = descriptor;
  const pushed: ManifestDocument = isSame
    ? { manifest, bytes: manifestBytes, descriptor: { mediaType, digest, size } }
    : manifestOf(
        manifest.config,
        layers.map((layer) => layer.descriptor),
        mediaType === DOCKER_MANIFEST ? "docker" : "oci",
        manifest.annotations,
      );
  return { layers, config: { bytes: configBytes, descriptor: manifest.config }, manifest: pushed, descriptor: pushed.descriptor };
}

/** A layer whose blob goes as it is: it is in the store, or its registry has it. */
async function keptLayer(ctx: ImageContext, source: LayerSource, descriptor: Descriptor): Promise<ExportLayer> {
  const { remote, key, diffId = key } = source;
  return {
    descriptor,
    diffId,
    ...given({ remote }),
    ensure: async (signal) => {
      if (!isStored(ctx.store, descriptor) && remote !== undefined) await fetchBlob(ctx, remote, signal);
    },
  };
}
