/**
 * Where base images come from: replacements of decant.yaml, bases that Decant assembles, the local store, a registry. Images are resolved
 * once a build (configuration only), and give their layers to the solver when a step needs them.
 */
import { basename } from "node:path";
import type { Material, SourceProvider, VertexResult } from "../engine/index.ts";
import { DecantError, InternalError, unsupported, withSource } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { ContextFiles, ResolvedImage } from "../graph/index.ts";
import type { Store } from "../store/index.ts";
import type { Lock } from "../distroless/index.ts";
import { isImageId, isOutOfReach, knownTag, loadImage, openOciLayout, pullImage } from "../image/index.ts";
import { formatPlatform, formatReference, normalizePlatform, parseReference, type Platform } from "../oci/index.ts";
import { imageKey, type ImageRequest, suggest } from "../dockerfile/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { step } from "../step.ts";
import { DISTROLESS, type StandInOptions, type StandIns, standIns } from "./stand-ins.ts";
import type { NamedContext, NamedContexts } from "../context/index.ts";
import { mayBeMistyped, withSimilarImage } from "./mistyped-image.ts";
import { checkSignatures } from "./check-signatures.ts";
import { replacementFor, type ProjectFile } from "./project-file.ts";
import { NO_RULES, type SourceRules } from "./source-rules.ts";
import type { DescribedBase, PullPolicy, TakenImage } from "./types.ts";
import { imageContext, type Session } from "../context/index.ts";
import { given } from "../given.ts";
import { workingDirectory } from "../working-directory.ts";

/** Resolves the images of one build. */
export interface BaseImages extends SourceProvider {
  resolveImage(request: ImageRequest): Promise<ResolvedImage>;
  /** What an image will be that is to be assembled, without assembling it; undefined for any other. Throws `RECIPE`, `RECIPE_LOCK`. */
  describe(name: string, platform: Platform): Promise<DescribedBase | undefined>;
  /** Those that were taken from elsewhere than their names say, so far. */
  taken(): readonly TakenImage[];
}

/** Options of a build that decide where images come from. */
interface BaseImageOptions {
  readonly project: ProjectFile | undefined;
  /** Named contexts, which come before everything else. */
  readonly contexts?: NamedContexts | undefined;
  /** Bases that are assembled. Default: those that the project file has. */
  readonly bases?: Omit<StandInOptions, "project"> | undefined;
  /** Default: names of the store, else the registry, whose tags may be old while it is out of reach. */
  readonly pull?: PullPolicy | undefined;
  /** Default: every image is taken as it is named. */
  readonly rules?: SourceRules | undefined;
  /** Says which image to take, after the rules. */
  readonly asked?: ((name: string, platform: Platform) => Promise<string>) | undefined;
  /** Progress names the platform of each image. Default false. */
  readonly severalPlatforms?: boolean | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** A policy may judge by digests, and name other images for them. */
const MAX_CONVERSIONS = 20;

interface Found {
  readonly identifier: string;
  readonly config: ResolvedImage["config"];
  readonly layers: readonly LayerSource[];
  /** Absent: the image itself is what provenance names. */
  readonly materials?: readonly Material[];
  /** Of a base that was assembled. */
  readonly lock?: Lock;
}

/** Makes the resolver, which is also the solver's provider for docker-image. */
export function baseImages(session: Session, options: BaseImageOptions): BaseImages {
  const found = new Map<string, Found>();
  const resolved = new Map<string, Promise<ResolvedImage>>();
  const taken: TakenImage[] = [];
  const bases = standIns(session, { cwd: workingDirectory(), ...options.bases, project: options.project });
  const resolveOne = async (request: ImageRequest): Promise<ResolvedImage> => {
    const context = options.contexts?.find(request.name, request.platform);
    if (context?.kind === "files") return filesImage(ruledFiles(context.files, request, options), request.platform);
    const image = await find(session, request, { ...options, bases });
    const { as, lock } = image;
    if (as !== request.name && !as.startsWith("oci-layout:"))
      taken.push({ name: request.name, platform: request.platform, as, ...given({ lock }) });
    const { config, identifier } = image;
    // Images call their architecture what they like: "x86_64", "arm64" with "v8".
    const platform = normalizePlatform({
      os: config.os,
      architecture: config.architecture,
      ...given({ variant: config.variant }),
    });
    found.set(imageKey(identifier, platform), image);
    return { identifier, config, platform };
  };
  return {
    schemes: ["docker-image"],
    isLazy: true,
    resolveImage(request) {
      // Builds for several platforms may want one image for the same platform, as that of this machine.
      const key = imageKey(request.name, request.platform);
      const known = resolved.get(key) ?? resolveOne(request);
      resolved.set(key, known);
      return known;
    },
    taken: () => taken,
    async describe(name, platform) {
      const context = options.contexts?.find(name, platform);
      if (context?.kind === "files") return undefined;
      const taken = await nameOf(name, context, { ...options, bases });
      return taken.startsWith(DISTROLESS) ? await bases.describe(taken, platform) : undefined;
    },
    resolve(op, platform): Promise<VertexResult> {
      const image = found.get(imageKey(op.identifier, platform));
      if (image === undefined) throw new InternalError(`image ${op.identifier} was not resolved`);
      const { layers, materials } = image;
      return Promise.resolve({ kind: "layers", layers, ...given({ materials }) });
    },
  };
}

type FindOptions = Omit<BaseImageOptions, "bases"> & { readonly bases: StandIns };

/** What is taken for an image: a named context comes first, then the project file, then a base that is assembled. */
async function nameOf(name: string, context: NamedContext | undefined, { project, bases, emit }: FindOptions): Promise<string> {
  if (context?.kind === "image") return context.name;
  if (context?.kind === "oci-layout") return `oci-layout://${context.path}`;
  return replacementFor(project, name) ?? (await bases.nameFor(name, emit)) ?? name;
}

async function find(session: Session, request: ImageRequest, options: FindOptions): Promise<Found & { readonly as: string }> {
  const context = options.contexts?.find(request.name, request.platform);
  const meant = await nameOf(request.name, context, options);
  const platform = formatPlatform(request.platform);
  const vertex = `metadata ${request.name} ${platform}`;
  const shown = `[${options.severalPlatforms === true ? `${platform} ` : ""}internal] load metadata for ${request.name}${meant === request.name ? "" : ` (replaced by ${meant})`}`;
  return await step(options.emit, { vertex, name: shown }, options.signal, async () => {
    try {
      return { ...(await findAs(session, meant, context, request, options, vertex)), as: meant };
    } catch (error) {
      throw withSource(await withSuggestion(error, request, session.store), request.range);
    }
  });
}

async function findAs(
  session: Session,
  meant: string,
  context: NamedContext | undefined,
  request: ImageRequest,
  options: FindOptions,
  vertex: string,
): Promise<Found> {
  const { emit, signal, rules = NO_RULES, asked = (name) => Promise.resolve(name) } = options;
  const { platform, range } = request;
  if (context?.kind === "oci-layout") return asFound(rules, await inLayout(session, context, request), range);
  if (meant.startsWith(DISTROLESS)) return asFound(rules, await options.bases.assemble(meant, { platform, emit, signal, vertex }), range);
  let name = await asked(rules.image(meant, range), platform);
  for (let count = 0; count < MAX_CONVERSIONS; count += 1) {
    const found = await named(session, name, request, options, vertex);
    const other = rules.found(found.identifier, range);
    if (other === undefined) return found;
    name = await asked(rules.image(other, range), platform);
  }
  throw new DecantError("SOURCE_POLICY", `Cannot use image "${meant}": the conversions of its source policy do not end`);
}

/** Nothing can stand in for what is made or lies on this machine. */
function asFound(rules: SourceRules, found: Found, range: ImageRequest["range"]): Found {
  const other = rules.found(found.identifier, range);
  if (other === undefined) return found;
  throw unsupported(`Converting "${found.identifier}" to "${other}" by a source policy`, { row: "F136", source: range });
}

function ruledFiles(files: ContextFiles, { range }: ImageRequest, { rules = NO_RULES }: BaseImageOptions): ContextFiles {
  return { ...files, source: rules.context(files.source, range) };
}

/** Files that stand in for an image: from an empty configuration, as FROM scratch. */
function filesImage(files: ContextFiles, platform: Platform): ResolvedImage {
  const { os, architecture, variant } = platform;
  const config = { os, architecture, ...given({ variant }), rootfs: { type: "layers", diff_ids: [] } } as const;
  return { identifier: `context:${files.name}`, config, platform, files };
}

async function inLayout(
  session: Session,
  { path, selector }: Extract<NamedContext, { readonly kind: "oci-layout" }>,
  request: ImageRequest,
): Promise<Found> {
  const image = await openOciLayout(session.store, path, selector, request.platform);
  return {
    identifier: `docker-image://oci-layout/${basename(path)}@${image.descriptor.digest}`,
    config: image.config,
    layers: image.layers,
  };
}

async function named(
  session: Session,
  name: string,
  request: Pick<ImageRequest, "platform" | "range">,
  options: FindOptions,
  vertex: string,
): Promise<Found> {
  const { platform, range } = request;
  const { pull } = options;
  const reference = parseReference(name);
  const canonical = formatReference(reference);
  const context = imageContext(session, options.emit, vertex, options.signal);
  const rules = options.project?.signatures ?? [];
  const here = pull === "always" ? undefined : session.store.images.get(canonical);
  if (here !== undefined) {
    await checkSignatures(context, rules, { reference, digest: here.digest, isStored: true });
    const local = await loadImage(session.store, canonical, platform);
    return { identifier: `docker-image://${canonical}@${local.descriptor.digest}`, config: local.config, layers: local.layers };
  }
  // Aliases of registries.conf are followed also where no registry may be asked.
  const wanted = await (await context.registry()).reference(name);
  const asking = pull === "never" ? { ...context, registry: () => Promise.reject(notHere(name, platform, range)) } : context;
  const pulled = await pullImage(asking, isImageId(name) ? name : wanted, platform, { old: oldTags(pull) }).catch((error: unknown) => {
    const isHere = knownTag(session.store, reference) !== undefined || session.store.images.get(canonical) !== undefined;
    if (pull !== "always" || !isHere || !isOutOfReach(error)) throw error;
    const { code, message, details } = error;
    throw new DecantError(code, message, { hint: "A build without --pull uses what the store has of it", details, cause: error });
  });
  const { digest } = pulled.reference;
  if (digest !== undefined) await checkSignatures(asking, rules, { reference: pulled.reference, digest });
  return {
    identifier: `docker-image://${canonical}${reference.digest === undefined && digest !== undefined ? `@${digest}` : ""}`,
    config: pulled.config,
    layers: pulled.layers,
  };
}

function oldTags(pull: PullPolicy | undefined): "refuse" | "offline" | "prefer" {
  if (pull === undefined) return "offline";
  return pull === "always" ? "refuse" : "prefer";
}

/** Also for a layer of an image whose documents are here. */
function notHere(name: string, platform: Platform, range: ImageRequest["range"]): DecantError {
  return new DecantError(
    "IMAGE_NOT_FOUND",
    `Cannot use image "${name}" for ${formatPlatform(platform)}: the store does not have all of it, and --pull=never asks no registry`,
    { hint: `Run: decant pull --platform ${formatPlatform(platform)} ${name}`, source: [range] },
  );
}

async function withSuggestion(error: unknown, request: ImageRequest, store: Store): Promise<unknown> {
  const stage = suggest(request.name, request.stageNames);
  if (stage === undefined || !mayBeMistyped(error)) return await withSimilarImage(error, request.name, store);
  return new DecantError(error.code, error.message, {
    hint: `Did you mean stage "${stage}"? It must come before this line`,
    details: error.details,
    source: [request.range],
    cause: error,
  });
}
