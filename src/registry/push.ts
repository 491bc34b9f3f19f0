/** Writing to a registry (distribution-spec, "Push"): blobs (upload.ts has how), mounts, manifests. */
import { bytesOf, type ByteStream } from "../bytes.ts";
import { type Digest, digestMismatch, type Expected, shortDigest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { NetResponse } from "../net/index.ts";
import { type Descriptor, formatFamiliar } from "../oci/index.ts";
import { storedAsOther } from "./errors.ts";
import { digestOf } from "./pull.ts";
import type { Endpoint, CallOptions, RepositoryName, TransferOptions } from "./types.ts";
import { type PushContext, uploadBlob, uploadPlace } from "./upload.ts";

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
  blob: { readonly descriptor: Expected; readonly open: (startAt: number) => ByteStream },
  options: TransferOptions,
): Promise<"exists" | "pushed"> {
  const call = given({ signal: options.signal });
  return await uploadBlob({ ctx, endpoint, blob, options }, () => hasBlob(ctx, endpoint, blob.descriptor.digest, call));
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
    passing: [404],
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
