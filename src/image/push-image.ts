/** `decant push`: an image of the local store to registries. */
import { AT_ONCE, pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import { InternalError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, type Descriptor, type ImageConfig, type Platform } from "../oci/index.ts";
import type { GzipEncoder, LayerSource } from "../tree/index.ts";
import { type AssembledImage, type AssembledResult, onlyImage } from "./assembled-image.ts";
import { type IndexMember, indexOf } from "./attest.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { findImage } from "./find-image.ts";
import { isStored } from "./image-layer.ts";
import { REWRITTEN_ANNOTATION } from "./assemble.ts";
import { type ExportLayer, exportLayer, suits } from "./layers.ts";
import { loadImages } from "./load-image.ts";
import { type Document, type ManifestDocument, manifestOf } from "./manifest.ts";
import { pushNames, targetName } from "./names.ts";
import { pushReferrers, referrersOf } from "./copy-referrers.ts";
import { storedReferrers } from "./store-referrers.ts";
import type { OpenedImage } from "./open-image.ts";
import { type PushForms, pushForms } from "./push-forms.ts";
import { areArtifacts, readStatements } from "./read-statements.ts";
import { imageSubjects, statementFor } from "./statement.ts";
import type { CompressionOptions, ImageContext } from "./types.ts";
import { contentOf } from "./content.ts";

/** Options of `pushImage`. */
interface PushOptions extends CompressionOptions {
  /** Only this platform of an index. Default: all that the store has. */
  readonly platform?: Platform | undefined;
  /** Chooses where an index does not say its platforms. */
  readonly host: Platform;
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
  const assembled = await pushForms(ctx, await formsForPush(ctx, image, targets, options), targets);
  const content = contentOf(assembled);
  const referrers = await referrersOf(ctx, content, undefined);
  for (const target of targets) await pushReferrers(ctx, referrers, targetName(target));
  if (referrers.length === 0) await warnOfOther(ctx, image, assembled.descriptor.digest);
  const { mediaType, digest, size } = assembled.descriptor;
  const descriptor = { mediaType, digest, size };
  for (const name of targets) ctx.emit({ type: "result", kind: "image", name, digest: descriptor.digest });
  return { descriptor, names: targets };
}

/** Says so where the image is signed, and what was pushed is not: another compression, other attestations, or one image of an index. */
async function warnOfOther({ store, emit }: ImageContext, image: string, pushed: Digest): Promise<void> {
  const { top } = await findImage(store, image);
  if (top.digest === pushed || storedReferrers(store, top.digest).length === 0) return;
  emit({
    type: "warning",
    code: "SignaturesLeft",
    message: `The signatures of "${image}" stay behind: they are of ${top.digest}, and the push made ${pushed} of it. Sign what is pushed`,
  });
}

/** The image as a push sends it to `names` (canonical texts). Layers that are stored uncompressed are compressed now, and kept for the push. */
export async function assembledForPush(
  ctx: ImageContext,
  image: string,
  names: readonly string[],
  options: PushOptions,
): Promise<AssembledResult> {
  return (await formsForPush(ctx, image, names, options)).wanted;
}

async function formsForPush(ctx: ImageContext, image: string, names: readonly string[], options: PushOptions): Promise<PushForms> {
  const opened = await loadImages(ctx.store, image, options.platform, options.host);
  const members: IndexMember[] = [];
  for (const one of opened) members.push(await memberFor(ctx, one, names, options));
  const said = opened.find(({ attestations }) => attestations.length > 0);
  const ociArtifact = await areArtifacts(ctx.store, said?.attestations ?? []);
  const wanted = resultFor(opened, members, ociArtifact);
  if (members.every(({ statements }) => statements.length === 0)) return { wanted };
  const bare = members.map((member) => ({ ...member, statements: [] }));
  return {
    wanted,
    asImages: ociArtifact ? async () => resultFor(opened, members, false) : undefined,
    without: async () => withoutStatements(opened, bare),
  };
}

async function memberFor(ctx: ImageContext, one: OpenedImage, names: readonly string[], options: PushOptions): Promise<IndexMember> {
  const assembled = await packedForPush(ctx, one, options);
  const statements = await statementsFor(ctx, one, assembled.manifest.descriptor.digest, names);
  return { assembled, platform: platformOf(one), statements, annotations: one.index?.manifestAnnotations };
}

/** An index that is only there for what was said of its one image goes, too, unless it says something itself. */
function withoutStatements(opened: readonly OpenedImage[], bare: readonly IndexMember[]): AssembledResult {
  const [only] = bare;
  const isNeeded = Object.keys(opened[0]?.index?.annotations ?? {}).length > 0;
  return bare.length === 1 && only !== undefined && !isNeeded ? onlyImage(only.assembled) : resultFor(opened, bare, false);
}

/** An index has the form and the annotations that it has in the store. */
function resultFor(opened: readonly OpenedImage[], members: readonly IndexMember[], ociArtifact: boolean): AssembledResult {
  const [first] = opened;
  const [member] = members;
  if (first === undefined || member === undefined) throw new InternalError("an image without images");
  // One of several platforms goes without the index of all.
  const index = opened.length === 1 && first.index?.isShared === true ? undefined : first.index;
  if (index === undefined && member.statements.length === 0) return onlyImage(member.assembled);
  return indexOf(members, {
    annotations: index?.annotations,
    mediaTypes: index?.mediaType === DOCKER_MANIFEST_LIST ? "docker" : "oci",
    ociArtifact,
  });
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

async function packedForPush(ctx: ImageContext, opened: OpenedImage, wanted: CompressionOptions): Promise<AssembledImage> {
  const { manifest, manifestBytes, config, configBytes, descriptor } = opened;
  const options = { ...wanted, encoder: wanted.encoder ?? encoderFor(config) };
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
        layers.map(({ descriptor: packed }, at) => withTimes(packed, manifest.layers[at])),
        mediaType === DOCKER_MANIFEST ? "docker" : "oci",
        manifest.annotations,
      );
  return { layers, config: { bytes: configBytes, descriptor: manifest.config }, manifest: pushed, descriptor: pushed.descriptor };
}

/** Another packing has the same times. */
function withTimes(packed: Descriptor, before: Descriptor | undefined): Descriptor {
  const times = before?.annotations?.[REWRITTEN_ANNOTATION];
  return times === undefined ? packed : { ...packed, annotations: { ...packed.annotations, [REWRITTEN_ANNOTATION]: times } };
}

/**
 * An image of a build with SOURCE_DATE_EPOCH gives the same bytes anywhere: without ISA-L, whose bytes differ between kinds of processors. Its time is
 * in whole seconds, and that of any other build of ours in milliseconds.
 */
function encoderFor({ created }: ImageConfig): GzipEncoder | undefined {
  return created !== undefined && !created.includes(".") ? "zlib" : undefined;
}

/** A layer whose blob goes as it is: it is in the store, or its registry has it. */
async function keptLayer(ctx: ImageContext, source: LayerSource, descriptor: Descriptor): Promise<ExportLayer> {
  const { remote, key, diffId = key } = source;
  return {
    descriptor,
    diffId,
    ...given({ remote }),
    ensure: async (signal) => {
      return isStored(ctx.store, descriptor) || remote === undefined ? descriptor : await fetchBlob(ctx, remote, signal);
    },
  };
}
