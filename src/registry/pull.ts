/** Reading from registries (distribution-spec, "Pull"): what a reference means, manifests, and blobs that resume after a broken connection. */
import { collect } from "../bytes.ts";
import { algorithmOf, createHasher, type Digest, digestMismatch, type Expected, isDigest, shortDigest, verified } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import {
  type Descriptor,
  formatFamiliar,
  isIndex,
  isManifest,
  MANIFEST_MEDIA_TYPES,
  MAX_MANIFEST_BYTES,
  parseManifestOrIndex,
  type Reference,
} from "../oci/index.ts";
import { type NetResponse, type Retries, retrying } from "../net/index.ts";
import { foreignBytes, without } from "./foreign-layer.ts";
import { allFailed, type Mirrors, type Tried } from "./mirrors.ts";
import type { RegistryNetwork } from "./registry-network.ts";
import type { Session } from "./session.ts";
import type { Endpoint, BlobOptions, CallOptions, FetchedManifest, ForeignBlob, Resolved } from "./types.ts";

/** What reading needs. */
export interface PullContext {
  readonly session: Session;
  readonly network: RegistryNetwork;
  readonly retriesAt: (endpoint: Endpoint) => Retries;
  readonly mirrors: Mirrors;
}

const ACCEPT = MANIFEST_MEDIA_TYPES.join(", ");
/** Answers of registries that do not know HEAD, or not with this Accept. */
const NO_HEAD = [400, 405, 406, 415, 422, 501];
/** So much progress makes earlier failures forgotten, so that a large blob survives many short breaks. */
const PROGRESS_BYTES = 1024 * 1024;
/** Configurations, signatures and small layers are held in memory until their digest is known, where there are mirrors. */
const HELD_BYTES = MAX_MANIFEST_BYTES;

/** See `ImageSource.resolve`. */
export async function resolveReference(
  ctx: PullContext,
  endpoints: readonly Endpoint[],
  reference: Reference,
  { signal }: CallOptions,
): Promise<Resolved> {
  const head = async (endpoint: Endpoint): Promise<Resolved> => {
    const response = await ctx.session.request({
      ...manifestRequest(endpoint, reference, signal),
      method: "HEAD",
      expect: [200, ...NO_HEAD],
    });
    response.discard();
    const descriptor = response.status === 200 ? describedBy(response, reference) : undefined;
    return descriptor === undefined ? getManifest(ctx, endpoint, reference, signal) : { descriptor };
  };
  return ctx.mirrors.first(endpoints, head, signal);
}

/** See `ImageSource.manifest`. */
export async function fetchManifest(
  ctx: PullContext,
  endpoints: readonly Endpoint[],
  reference: Reference,
  { signal }: CallOptions,
): Promise<FetchedManifest> {
  return ctx.mirrors.first(endpoints, (endpoint) => getManifest(ctx, endpoint, reference, signal), signal);
}

/** See `ImageSource.blobSize`. */
export async function blobSize(
  ctx: PullContext,
  endpoints: readonly Endpoint[],
  digest: Digest,
  { signal }: CallOptions,
): Promise<number | undefined> {
  const head = async (endpoint: Endpoint): Promise<number | undefined> => {
    const response = await ctx.session.request({
      endpoint,
      method: "HEAD",
      path: `blobs/${digest}`,
      access: "pull",
      expect: [200, ...NO_HEAD],
      action: `look for blob "${shortDigest(digest)}" in "${endpoint.registry}/${endpoint.repository}"`,
      notFound: "BLOB_MISSING",
      ...given({ signal }),
    });
    response.discard();
    const length = response.status === 200 ? (response.header("content-length") ?? "") : "";
    return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  };
  return ctx.mirrors.first(endpoints, head, signal);
}

/** See `ImageSource.blob`. */
export async function* fetchBlob(
  ctx: PullContext,
  endpoints: () => Promise<readonly Endpoint[]>,
  descriptor: ForeignBlob,
  options: BlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const places = ctx.mirrors.alive(await endpoints());
    const givers = new Set<Endpoint>();
    const bytes = verified(blobBytes(ctx, { places, givers }, descriptor, options), descriptor);
    // Of several places one may lie: what is small is checked before anybody sees it.
    const isHeld = places.length > 1 && descriptor.size <= HELD_BYTES;
    try {
      if (isHeld) yield await collect(bytes, descriptor.size, "blob");
      else yield* bytes;
      return;
    } catch (error) {
      // What was kept may be what is wrong, and not what came.
      const isWrong = isDecantError(error, "BLOB_DIGEST") || isDecantError(error, "BLOB_SIZE");
      if (!isWrong || options.kept !== undefined || !ctx.mirrors.lied(givers, error)) throw error;
      if (!isHeld) throw readElsewhere(error);
    }
  }
}

/** Tells whoever has bytes of the liar already to read again: the liar is not asked any more. */
function readElsewhere(error: DecantError): DecantError {
  const { code, message, hint, details } = error;
  return new DecantError(code, message, { hint, details: { ...details, elsewhere: true }, cause: error });
}

async function* blobBytes(
  ctx: PullContext,
  { places, givers }: { readonly places: readonly Endpoint[]; readonly givers: Set<Endpoint> },
  descriptor: ForeignBlob,
  { signal, onProgress, kept }: BlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const tried: Tried[] = [];
  let offset = 0;
  if (kept !== undefined && kept.sizeBytes <= descriptor.size) {
    for await (const chunk of kept.open()) {
      signal?.throwIfAborted();
      offset += chunk.byteLength;
      onProgress?.(offset);
      yield chunk;
    }
    if (offset === descriptor.size) return;
  }
  for (const endpoint of places) {
    try {
      for await (const chunk of resumed(ctx, endpoint, descriptor, offset, signal)) {
        givers.add(endpoint);
        offset += chunk.byteLength;
        onProgress?.(offset);
        yield chunk;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DecantError)) throw error;
      if (endpoint.mirror) ctx.mirrors.failed(endpoint, error);
      tried.push({ endpoint, error });
    }
  }
  const last = tried.at(-1);
  if (last?.error.code !== "BLOB_MISSING" || (descriptor.urls ?? []).length === 0) throw allFailed(tried);
  for await (const chunk of foreignBytes(ctx.network, last.endpoint, descriptor, { offset, signal })) {
    offset += chunk.byteLength;
    onProgress?.(offset);
    yield chunk;
  }
}

/** The bytes from `start` on, over as many connections as it takes. */
async function* resumed(
  ctx: PullContext,
  endpoint: Endpoint,
  descriptor: Expected,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = start;
  let settled = start;
  const retries = ctx.retriesAt(endpoint);
  for (;;) {
    let failure: unknown;
    try {
      for await (const chunk of rangeFrom(ctx, endpoint, descriptor, offset, signal)) {
        offset += chunk.byteLength;
        yield chunk;
      }
      if (offset >= descriptor.size) return;
      failure = cutShort(endpoint, descriptor, offset);
    } catch (error) {
      failure = error;
    }
    if (offset - settled >= PROGRESS_BYTES) {
      settled = offset;
      retries.progressed();
    }
    await retries.again(failure, signal);
  }
}

async function* rangeFrom(
  ctx: PullContext,
  endpoint: Endpoint,
  descriptor: Expected,
  offset: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const response = await ctx.session.request({
    endpoint,
    method: "GET",
    path: `blobs/${descriptor.digest}`,
    access: "pull",
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    expect: offset === 0 ? [200] : [200, 206, 416],
    action: `read blob "${shortDigest(descriptor.digest)}" of "${endpoint.registry}/${endpoint.repository}"`,
    notFound: "BLOB_MISSING",
    once: true,
    signal,
  });
  if (response.status === 416) {
    response.discard();
    throw cutShort(endpoint, descriptor, offset, { final: true });
  }
  // A server that does not know Range sends all of it again; so does one that sends another part than was asked for.
  const from = response.status === 206 ? Number(/^bytes (\d{1,15})-/.exec(response.header("content-range") ?? "")?.[1] ?? Number.NaN) : 0;
  if (!(from <= offset)) {
    response.discard();
    throw cutShort(endpoint, descriptor, offset, { final: true });
  }
  yield* without(response.body, offset - from);
}

function cutShort(endpoint: Endpoint, descriptor: Expected, offset: number, { final = false } = {}): DecantError {
  return new DecantError(
    "BLOB_SIZE",
    `Cannot read blob "${descriptor.digest}": registry "${endpoint.registry}" has ${offset} bytes of it; its descriptor says ${descriptor.size}`,
    { details: { digest: descriptor.digest, expectedSize: descriptor.size, actualSize: offset, transient: !final } },
  );
}

function manifestRequest(endpoint: Endpoint, reference: Reference, signal: AbortSignal | undefined) {
  return {
    endpoint,
    path: `manifests/${reference.digest ?? reference.tag ?? "latest"}`,
    access: "pull" as const,
    headers: { accept: ACCEPT },
    action: `read image "${formatFamiliar(reference)}"`,
    notFound: "IMAGE_NOT_FOUND" as const,
    ...given({ signal }),
  };
}

async function getManifest(
  ctx: PullContext,
  endpoint: Endpoint,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<FetchedManifest> {
  const request = { ...manifestRequest(endpoint, reference, signal), method: "GET" as const, expect: [200], once: true };
  // The body belongs to the attempt: a manifest that breaks off is asked for again.
  return retrying(
    ctx.retriesAt(endpoint),
    async () => {
      const response = await ctx.session.request(request);
      const bytes = await collect(response.body, MAX_MANIFEST_BYTES, `manifest of "${formatFamiliar(reference)}"`);
      const said = digestHeader(response);
      const wanted = reference.digest ?? said;
      const digest = digestOf(bytes, wanted);
      const expected = { digest: wanted ?? digest, size: bytes.byteLength };
      if (digest !== expected.digest) throw digestMismatch(expected, digest);
      return { descriptor: { mediaType: mediaTypeOf(response) ?? parseManifestOrIndex(bytes).mediaType, ...expected }, bytes };
    },
    signal,
  );
}

/** The descriptor that the headers of a HEAD give; undefined when they do not say enough. */
function describedBy(response: NetResponse, reference: Reference): Descriptor | undefined {
  const said = digestHeader(response);
  const digest = said ?? reference.digest;
  const mediaType = mediaTypeOf(response);
  const length = response.header("content-length") ?? "";
  if (digest === undefined || mediaType === undefined || !/^\d{1,15}$/.test(length) || length === "0") return undefined;
  const size = Number(length);
  if (reference.digest !== undefined && algorithmOf(reference.digest) === algorithmOf(digest) && digest !== reference.digest) {
    throw digestMismatch({ digest: reference.digest, size }, digest);
  }
  return { mediaType, digest: reference.digest ?? digest, size };
}

function digestHeader(response: NetResponse): Digest | undefined {
  const digest = response.header("docker-content-digest") ?? "";
  return isDigest(digest) ? digest : undefined;
}

function mediaTypeOf(response: NetResponse): string | undefined {
  const mediaType = (response.header("content-type") ?? "").split(";")[0]?.trim() ?? "";
  return isIndex(mediaType) || isManifest(mediaType) ? mediaType : undefined;
}

/** The digest of `bytes` by the algorithm of `like`. */
export function digestOf(bytes: Uint8Array, like?: Digest): Digest {
  const hasher = createHasher(like === undefined ? "sha256" : algorithmOf(like));
  hasher.update(bytes);
  return hasher.digest();
}
