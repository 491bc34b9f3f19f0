/**
 * The only network access of the debian and distroless rooms: GET with retries, a guard against stalled connections, and bounded
 * bodies. What comes back is never trusted here: callers check it by hash or signature. Nobody is let in: there are no credentials.
 */
import { delay } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import { type DecantError, isDecantError } from "../errors.ts";
import { fetchFollowing, splitUserInfo } from "../net/index.ts";

/** How requests are made. */
export interface HttpOptions {
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Tries in all. Default 3. */
  readonly attempts?: number;
  /** Milliseconds before the second try; doubles. Default 300. */
  readonly retryDelayMs?: number;
  /** Gives up on a connection that is silent for this long. Default 30 s. */
  readonly idleTimeoutMs?: number;
  /** Makes the error of a request that failed for good. */
  readonly fail: (
    url: string,
    why: string,
    extra: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> },
  ) => DecantError;
}

/** Takes a body; `sizeBytes` is what the server says of it, and only a reason not to begin. */
export type UseBody<Result> = (body: ByteStream, sizeBytes: number | undefined) => Promise<Result>;

/** Told as `status` in the details of the error: the server answered, but not with 200. */
class HttpStatus extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`the server says ${status} ${text}`.trim());
    this.status = status;
  }
}

/**
 * GETs `url` and gives the body to `use`, again from the start when the connection fails. Errors that `use` throws as `DecantError` (wrong bytes,
 * full disk) are final. Rejects with what `options.fail` makes, its details hold `status` where there was one.
 */
export async function download<Result>(url: string, use: UseBody<Result>, options: HttpOptions): Promise<Result> {
  const address = URL.parse(url);
  if (address === null) throw options.fail(url, "it is no URL", {});
  const { url: bare, authority } = splitUserInfo(address);
  // A password in an address would end up in locks, records and messages.
  if (authority !== undefined) throw options.fail(bare.href, "it has a user or a password; wanted an address without", {});
  const attempts = options.attempts ?? 3;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOnce(address, use, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isDecantError(error)) throw error;
      const status = error instanceof HttpStatus ? error.status : undefined;
      const isFinal = status !== undefined && status < 500 && status !== 408 && status !== 429;
      if (isFinal || attempt >= attempts)
        throw options.fail(url, describe(error), { cause: error, details: status === undefined ? { url } : { url, status } });
      await delay((options.retryDelayMs ?? 300) * 2 ** (attempt - 1), options.signal);
    }
  }
}

async function tryOnce<Result>(url: URL, use: UseBody<Result>, options: HttpOptions): Promise<Result> {
  const idleTimeoutMs = options.idleTimeoutMs ?? 30_000;
  const stop = new AbortController();
  const stalled = (): void => stop.abort(new Error(`the connection was silent for ${idleTimeoutMs / 1000} s`));
  const timer = setTimeout(stalled, idleTimeoutMs);
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  try {
    // No content coding: sizes and hashes are those of the file.
    const { response } = await fetchFollowing({
      url,
      signal,
      headers: { "accept-encoding": "identity" },
      fetch: options.fetch,
      // Final, as apt has it: a mirror that leads astray now does so the next time.
      refuse: (_from, state) => options.fail(url.href, `its redirect cannot be followed: ${state}`, {}),
    });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new HttpStatus(response.status, response.statusText);
    }
    const length = response.headers.get("content-length");
    return await use(
      watched(response.body, () => void timer.refresh()),
      length !== null && /^\d{1,15}$/.test(length) && response.headers.get("content-encoding") === null ? Number(length) : undefined,
    );
  } finally {
    clearTimeout(timer);
    // Frees the connection of a body that was not read to its end.
    stop.abort();
  }
}

async function* watched(body: AsyncIterable<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    onChunk();
    yield chunk;
    onChunk();
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // "fetch failed" says nothing; its cause does.
  const cause = error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : undefined;
  return cause === undefined ? error.message : `${error.message}: ${cause}`;
}
