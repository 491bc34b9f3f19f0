/**
 * One blob into a repository (distribution-spec, "Pushing blobs"): by one PUT, which is the fewest requests and what every registry takes. After a
 * broken connection it goes on where the registry says that it stopped; in chunks, where the registry kept nothing or takes no body of that size.
 */
import { bytesOf, type ByteStream } from "../bytes.ts";
import { type Digest, type Expected, shortDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import { linkProblem, type NetResponse, type Retries } from "../net/index.ts";
import { protocolError } from "./errors.ts";
import type { Place, Session } from "./session.ts";
import type { Endpoint, TransferOptions } from "./types.ts";

/** What writing needs. */
export interface PushContext {
  readonly session: Session;
  readonly retriesAt: (endpoint: Endpoint) => Retries;
}

/** A blob, and how to read it from a byte on. */
interface PushedBlob {
  readonly descriptor: Expected;
  readonly open: (startAt: number) => ByteStream;
}

/** An upload that the registry has begun. */
interface Upload {
  readonly place: Place;
  /** So many bytes are there. */
  readonly offset: number;
  /** The registry takes no smaller chunk, but for the last one. */
  readonly minChunkBytes: number;
}

interface Work {
  readonly ctx: PushContext;
  readonly endpoint: Endpoint;
  readonly blob: PushedBlob;
  readonly options: TransferOptions;
}

const MIB = 1024 * 1024;
/** The whole blob; then what proxies pass that take no large body (nginx: 1 MiB, unless it is told otherwise). */
const CHUNK_BYTES: readonly number[] = [Number.POSITIVE_INFINITY, 16 * MIB, 4 * MIB, MIB];
/** Answers that mean: this upload is gone, or not where we believe. Then it is looked at, or begun again. */
const LOST = [404, 416];

/** Uploads it; `isThere` is asked before each attempt, as the last one may have arrived. Throws as `ImageSink.pushBlob` does. */
export async function uploadBlob(work: Work, isThere: () => Promise<boolean>): Promise<"exists" | "pushed"> {
  const { ctx, endpoint, blob, options } = work;
  const { size } = blob.descriptor;
  const retries = ctx.retriesAt(endpoint);
  let upload: Upload | undefined;
  let chunkAt = 0;
  let isDoubted = false;
  let settled = 0;
  const moved = (next: Upload | undefined): void => {
    upload = next;
    const offset = next?.offset ?? 0;
    if (offset - settled < MIB) return;
    // Farther than ever before: earlier failures are forgotten. A registry that loses what it has taken does not get us to go on for ever.
    settled = offset;
    retries.progressed();
  };
  for (;;) {
    try {
      if (await isThere()) return "exists";
      if (upload !== undefined) moved(await whereItStopped(work, upload));
      if (upload === undefined || upload.offset === 0) upload = await begin(work);
      await send(work, upload, CHUNK_BYTES[chunkAt] ?? MIB, moved);
      options.onProgress?.(size);
      return "pushed";
    } catch (error) {
      const smaller = CHUNK_BYTES.findIndex((bytes, at) => at > chunkAt && bytes < size);
      if (statusOf(error) === 413 && smaller > 0) {
        chunkAt = smaller;
        upload = undefined;
        continue;
      }
      // Of what it kept of a broken upload, something may be wrong: once more from the start tells.
      if (statusOf(error) === 400 && !isDoubted && (upload?.offset ?? 0) > 0) {
        isDoubted = true;
        upload = undefined;
        continue;
      }
      // What broke as one body may break again: chunks that arrived are not sent twice.
      if (chunkAt === 0 && smaller > 0 && isBroken(error)) chunkAt = smaller;
      await retries.again(error, options.signal);
    }
  }
}

async function begin(work: Work): Promise<Upload> {
  const { ctx, endpoint } = work;
  const started = await ctx.session.request({ ...common(work), method: "POST", path: "blobs/uploads/", expect: [202] });
  started.discard();
  const min = started.header("oci-chunk-min-length") ?? "";
  const minChunkBytes = /^\d{1,12}$/.test(min) ? Number(min) : 0;
  return { place: uploadPlace(started, common(work).action, endpoint), offset: 0, minChunkBytes };
}

/** Sends what is missing. `moved` hears of each chunk that arrived. */
async function send(work: Work, upload: Upload, chunkBytes: number, moved: (next: Upload) => void): Promise<void> {
  const { ctx, blob, options } = work;
  const { size, digest } = blob.descriptor;
  const body = (from: number, to: number) => ({
    size: to - from,
    // Of the last part all that the source has: more than announced is its fault.
    open: () => counted(to < size ? cut(blob.open(from), to - from) : blob.open(from), from, options.onProgress),
  });
  let at = upload;
  const isWhole = at.offset === 0 && size <= Math.max(chunkBytes, at.minChunkBytes);
  while (!isWhole && at.offset < size) {
    const end = Math.min(size, at.offset + Math.max(chunkBytes, at.minChunkBytes));
    at = await sendChunk(work, at, end, body(at.offset, end));
    moved(at);
  }
  const done = await ctx.session.request({
    ...common(work),
    method: "PUT",
    path: withDigest(at.place, digest),
    headers: { "content-type": "application/octet-stream" },
    body: isWhole ? body(0, size) : { size: 0, open: () => bytesOf("") },
    expect: [201, 204],
    ...(isWhole ? {} : { passing: LOST }),
  });
  done.discard();
}

async function sendChunk(
  work: Work,
  at: Upload,
  end: number,
  body: { readonly size: number; readonly open: () => ByteStream },
): Promise<Upload> {
  const { ctx, endpoint } = work;
  const taken = await ctx.session.request({
    ...common(work),
    method: "PATCH",
    path: at.place,
    headers: { "content-type": "application/octet-stream", "content-range": `${at.offset}-${end - 1}` },
    body,
    // 201 and 204 are not of the specification, and seen in the field.
    expect: [202, 201, 204],
    passing: LOST,
  });
  taken.discard();
  const place = taken.header("location") ? uploadPlace(taken, common(work).action, endpoint) : at.place;
  const arrived = arrivedBytes(taken) ?? end;
  if (arrived > end || arrived <= at.offset)
    throw protocolError({ action: common(work).action, registry: endpoint.registry }, `says that ${arrived} of ${end} bytes arrived`);
  return { ...at, place, offset: arrived };
}

/** How far a broken upload came; undefined where the registry does not know it any more. */
async function whereItStopped(work: Work, upload: Upload): Promise<Upload | undefined> {
  const { ctx, endpoint, blob } = work;
  const response = await ctx.session.request({
    ...common(work),
    method: "GET",
    path: upload.place,
    expect: [204, 200, 202, 400, 403, 404, 405, 410, 501],
  });
  response.discard();
  if (response.status >= 300) return undefined;
  const offset = arrivedBytes(response) ?? 0;
  if (offset > blob.descriptor.size) return undefined;
  const place = response.header("location") ? uploadPlace(response, common(work).action, endpoint) : upload.place;
  return { ...upload, place, offset };
}

/** Of "0-1023"; undefined where it is not said. "0-0" is what registries say of an empty upload, too. */
function arrivedBytes(response: NetResponse): number | undefined {
  const end = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.header("range") ?? "")?.[1];
  return end === undefined || end === "0" ? undefined : Number(end) + 1;
}

function common({ endpoint, blob, options }: Work) {
  return {
    endpoint,
    access: "push" as const,
    once: true,
    action: `push blob "${shortDigest(blob.descriptor.digest)}" in "${endpoint.registry}/${endpoint.repository}"`,
    ...given({ signal: options.signal }),
  };
}

function statusOf(error: unknown): unknown {
  return error instanceof DecantError ? error.details["status"] : undefined;
}

/** The connection, not an answer. */
function isBroken(error: unknown): boolean {
  return error instanceof DecantError && error.code === "REGISTRY_UNREACHABLE" && error.details["transient"] === true;
}

/** Where `started` says to upload to. Throws `REGISTRY` where it says nothing that can be used. */
export function uploadPlace(started: NetResponse, action: string, endpoint: Endpoint): Place {
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

/** As the bytes go, their number in the blob is told; the first is `from`. */
async function* counted(
  source: ByteStream,
  from: number,
  onProgress: ((currentBytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  onProgress?.(at);
  for await (const chunk of source) {
    yield chunk;
    at += chunk.byteLength;
    onProgress?.(at);
  }
}

async function* cut(source: ByteStream, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = sizeBytes;
  for await (const chunk of source) {
    yield chunk.byteLength <= left ? chunk : chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
