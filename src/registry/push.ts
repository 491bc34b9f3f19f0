/** Writing to a registry (distribution-spec, "Push"): blobs by one PUT each, streamed; mounts; manifests. */
import { bytesOf, type ByteStream } from "../bytes.ts";
import { type Digest, digestMismatch, type Expected, shortDigest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { linkProblem, type NetResponse, type Retries, retrying } from "../net/index.ts";
import { type Descriptor, formatFamiliar } from "../oci/index.ts";
import type { Endpoint } from "./endpoints.ts";
import { protocolError, storedAsOther } from "./errors.ts";
import { digestOf } from "./pull.ts";
import type { Place, Session } from "./session.ts";
import type { CallOptions, RepositoryName, TransferOptions } from "./types.ts";

/** What writing needs. */
interface PushContext {
  readonly session: Session;
  readonly retriesAt: (endpoint: Endpoint) => Retries;
}

/** Answers to HEAD of registries, and of storage that they lead to, that do not say whether the blob is there. */
const SAYS_NOTHING = [400, 403, 405, 406, 415, 422, 501];

/** See `ImageSink.hasBlob`. */
export async function hasBlob(ctx: PushContext, endpoint: Endpoint, digest: Digest, options: CallOptions): Promise<boolean> {
  const response = await ctx.session.request({
    endpoint,
    method: "HEAD",
    path: `blobs/${digest}`,
    // The token for what most often follows, so that there is one to fetch.
    access: "push",
    expect: [200, 404, ...SAYS_NOTHING],
    action: actionOn("look for", digest, endpoint),
    ...options,
  });
  response.discard();
  return response.status === 200;
}

/** See `ImageSink.mountBlob`. */
export async function mountBlob(
  ctx: PushContext,
  endpoint: Endpoint,
  fromRepository: string,
  digest: Digest,
  { signal }: CallOptions,
): Promise<boolean> {
  let response: NetResponse;
  try {
    response = await ctx.session.request({
      endpoint,
      method: "POST",
      path: `blobs/uploads/?${new URLSearchParams({ mount: digest, from: fromRepository })}`,
      access: "push",
      scopes: [`repository:${fromRepository}:pull`],
      expect: [201, 202],
      action: actionOn("mount", digest, endpoint),
      impatient: true,
      signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    // Not allowed to read there, a token for one repository only, a registry that knows no mounts …: an upload does, or says what is wrong.
    if (isDecantError(error) && error.code.startsWith("REGISTRY")) return false;
    throw error;
  }
  response.discard();
  if (response.status === 201) return true;
  await cancelUpload(ctx, endpoint, response, signal);
  return false;
}

/** See `ImageSink.pushBlob`. */
export async function pushBlob(
  ctx: PushContext,
  endpoint: Endpoint,
  blob: { readonly descriptor: Expected; readonly open: () => ByteStream },
  { signal, onProgress }: TransferOptions,
): Promise<"exists" | "pushed"> {
  const { descriptor } = blob;
  const common = { endpoint, access: "push" as const, once: true, action: actionOn("push", descriptor.digest, endpoint) };
  const call = given({ signal });
  // An upload that broke cannot be trusted to be there still: every attempt starts a new one, unless the last one did arrive.
  const attempt = async (): Promise<"exists" | "pushed"> => {
    if (await hasBlob(ctx, endpoint, descriptor.digest, call)) return "exists";
    const started = await ctx.session.request({ ...common, ...call, method: "POST", path: "blobs/uploads/", expect: [202] });
    started.discard();
    const done = await ctx.session.request({
      ...common,
      ...call,
      method: "PUT",
      path: withDigest(uploadPlace(started, common.action, endpoint), descriptor.digest),
      headers: { "content-type": "application/octet-stream" },
      body: { size: descriptor.size, open: () => counted(blob.open(), onProgress) },
      expect: [201, 204],
    });
    done.discard();
    return "pushed";
  };
  const result = await retrying(ctx.retriesAt(endpoint), attempt, signal);
  onProgress?.(descriptor.size);
  return result;
}

/** See `ImageSink.pushManifest`; `knowsSubject` tells whether the registry took note of the manifest's subject. */
export async function pushManifest(
  ctx: PushContext,
  endpoint: Endpoint,
  name: RepositoryName,
  document: { readonly mediaType: string; readonly bytes: Uint8Array },
  { signal }: CallOptions,
): Promise<{ readonly descriptor: Descriptor; readonly knowsSubject: boolean }> {
  const { mediaType, bytes } = document;
  const digest = digestOf(bytes, name.digest);
  const size = bytes.byteLength;
  if (name.digest !== undefined && name.digest !== digest) throw digestMismatch({ digest: name.digest, size }, digest);
  const response = await ctx.session.request({
    endpoint,
    method: "PUT",
    path: `manifests/${name.tag ?? digest}`,
    access: "push",
    headers: { "content-type": mediaType },
    body: { size, open: () => bytesOf(bytes) },
    expect: [201, 200, 202],
    action: `push image "${formatFamiliar(name)}"`,
    // Some registries need a moment to see the repository that the blobs have made.
    passing: 404,
    signal,
  });
  response.discard();
  const said = response.header("docker-content-digest");
  // Another algorithm is the registry's own affair.
  if (said !== undefined && said.startsWith("sha256:") && digest.startsWith("sha256:") && said !== digest) {
    throw storedAsOther(formatFamiliar(name), endpoint.registry, { digest, said });
  }
  return { descriptor: { mediaType, digest, size }, knowsSubject: response.header("oci-subject") !== undefined };
}

function actionOn(verb: string, digest: Digest, endpoint: Endpoint): string {
  return `${verb} blob "${shortDigest(digest)}" in "${endpoint.registry}/${endpoint.repository}"`;
}

function uploadPlace(started: NetResponse, action: string, endpoint: Endpoint): Place {
  const location = started.header("location") ?? "";
  const url = location === "" ? null : URL.parse(location, started.url.href);
  const attempt = { action, registry: endpoint.registry };
  if (url === null) throw protocolError(attempt, "does not say where to upload to");
  // One that is behind a proxy may believe that its clients speak TLS to it.
  if (started.url.protocol === "http:" && url.protocol === "https:" && url.port !== "" && url.host === started.url.host)
    url.protocol = "http:";
  const problem = linkProblem(started.url, url);
  if (problem !== undefined) throw protocolError(attempt, `gives an address to upload to that cannot be used: ${problem}`);
  return { url, strayed: started.strayed };
}

/** Appended as text: the registry's own query is signed or opaque, and must come back byte by byte. */
function withDigest({ url, strayed }: Place, digest: Digest): Place {
  const next = new URL(url);
  next.hash = "";
  next.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return { url: next, strayed };
}

/** Ends the upload that a refused mount started. */
async function cancelUpload(ctx: PushContext, endpoint: Endpoint, started: NetResponse, signal: AbortSignal | undefined): Promise<void> {
  if (!started.header("location")) return;
  const action = `end an upload to "${endpoint.registry}/${endpoint.repository}"`;
  try {
    const response = await ctx.session.request({
      endpoint,
      method: "DELETE",
      path: uploadPlace(started, action, endpoint),
      access: "push",
      expect: [200, 202, 204],
      action,
      once: true,
      signal,
    });
    response.discard();
  } catch {
    signal?.throwIfAborted();
    // A courtesy: many registries do not offer it, and unfinished uploads expire.
  }
}

async function* counted(
  source: ByteStream,
  onProgress: ((currentBytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sentBytes = 0;
  onProgress?.(0);
  for await (const chunk of source) {
    yield chunk;
    sentBytes += chunk.byteLength;
    onProgress?.(sentBytes);
  }
}
