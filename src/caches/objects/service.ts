/** Requests to a service that keeps a cache: tried again while a failure may pass, and told in words without any secret. */
import type { ByteStream } from "../../bytes.ts";
import { DecantError } from "../../errors.ts";
import {
  type Authority,
  cleanText,
  isTransientStatus,
  type NetFailure,
  type NetRequest,
  type NetResponse,
  type Network,
  parseRetryAfter,
  retrying,
  safeUrl,
} from "../../net/index.ts";
import { given } from "../../given.ts";

/** A request as services here need it. */
export interface ServiceRequest extends Pick<NetRequest, "method" | "url" | "headers" | "body" | "ledFrom"> {
  /** Made anew for each attempt: signatures have times. */
  readonly authority?: (() => { readonly authority: Authority; readonly headers?: NetRequest["headers"] }) | undefined;
  /** For messages: 'read "manifests/app"'. */
  readonly does: string;
  /** Statuses that are answers. */
  readonly takes: readonly number[];
}

/** Sends requests to one service. */
interface Service {
  readonly name: string;
  /** `use` takes the answer, and must read or discard its body. Throws `CACHE`. */
  ask<Result>(request: ServiceRequest, use: (response: NetResponse) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** The bytes of an answer. Throws `CACHE`; what breaks off in the middle is not tried again. */
  stream(request: ServiceRequest, signal: AbortSignal): ByteStream;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** Makes one. `timeoutMs`: how long a request may be tried; `hide`: takes secrets out of a text. */
export function createService(
  network: Network,
  { name, timeoutMs, hide }: { readonly name: string; readonly timeoutMs?: number | undefined; readonly hide: (text: string) => string },
): Service {
  const failed = (does: string, { why, hint, details, cause }: Pick<NetFailure, "why" | "hint" | "details" | "cause">): DecantError =>
    new DecantError("CACHE", `Cannot ${does} in the cache "${name}": ${hide(why)}`, { hint, details, cause });
  const send = async ({ authority, does, takes, ...request }: ServiceRequest, signal: AbortSignal): Promise<NetResponse> => {
    const signed = authority?.();
    const response = await network.send({
      ...request,
      headers: { ...request.headers, ...signed?.headers },
      ...given({ authority: signed?.authority }),
      // Its address may be a secret, or what is signed.
      staysHome: true,
      signal,
      fail: (failure) => failed(does, failure),
    });
    if (takes.includes(response.status)) return response;
    const { status, statusText, url } = response;
    const retryAfterMs = parseRetryAfter(response.header("retry-after"), Date.now());
    const details = { url: safeUrl(url), status, transient: isTransientStatus(status), ...given({ retryAfterMs }) };
    throw failed(does, { why: `its server answered ${status} ${statusText}${await wordsOf(response)}`, hint: hintFor(status), details });
  };
  const limited = (signal: AbortSignal): AbortSignal =>
    timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const inTime = async <Result>(does: string, signal: AbortSignal, work: (limit: AbortSignal) => Promise<Result>): Promise<Result> => {
    const limit = limited(signal);
    try {
      return await work(limit);
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      throw failed(does, { why: `it took longer than ${timeoutMs} ms`, hint: "Give it more time with timeout=", details: {} });
    }
  };
  return {
    name,
    ask: (request, use, signal) =>
      inTime(request.does, signal, (limit) => retrying(network.retries(), async () => await use(await send(request, limit)), limit)),
    async *stream(request, signal) {
      const response = await inTime(request.does, signal, (limit) => retrying(network.retries(), () => send(request, limit), limit));
      yield* response.body;
    },
  };
}

/** What a server says of a failure: one line, and not much of it. */
async function wordsOf({ body }: NetResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(Uint8Array.from(chunk));
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const words = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? /"msg"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "";
  return words === "" ? "" : `: ${cleanText(words)}`;
}

function hintFor(status: number): string | undefined {
  if (status === 401 || status === 403) return "Check the credentials of the cache, and what they may do";
  return status === 404 ? "Check its address and the name of the bucket" : undefined;
}
