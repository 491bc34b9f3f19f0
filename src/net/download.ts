/** A GET as a whole: tried again while its answer is a failure that may pass, or its body breaks off; every other status is an error. */
import type { ByteStream } from "../bytes.ts";
import { given } from "../given.ts";
import type { NetFailure } from "./failures.ts";
import { safeUrl } from "./failures.ts";
import type { NetRequest, NetResponse, Network } from "./network.ts";
import { isTransientStatus, parseRetryAfter, retrying } from "./retry.ts";

/** What is fetched. */
interface DownloadRequest extends Omit<NetRequest, "method" | "body" | "staysHome" | "fail"> {
  /** Which statuses `use` takes. Default: 200. */
  readonly takes?: ((status: number) => boolean) | undefined;
  /** Refuse a longer body. Default: any length. */
  readonly maxBytes?: number | undefined;
  /** Makes the error of a request that failed for good, or of an attempt. Its details must be those of the failure. */
  readonly fail: (failure: DownloadFailure) => Error;
}

/** Why a download failed. */
export interface DownloadFailure extends Omit<NetFailure, "kind"> {
  /** "status": an answer that is not wanted; "size": too many bytes. */
  readonly kind: NetFailure["kind"] | "status" | "size";
}

/** Takes an answer; `sizeBytes` is what the server says of its body, and only a reason not to begin. */
type UseDownload<Result> = (response: NetResponse, sizeBytes: number | undefined) => Promise<Result>;

/**
 * Fetches `request.url` and gives the answer to `use`, again from the start when the connection fails. Other errors of `use` (wrong bytes, a full
 * disk) are final. Throws what `request.fail` makes.
 */
export async function download<Result>(network: Network, request: DownloadRequest, use: UseDownload<Result>): Promise<Result> {
  const { takes = isOk, maxBytes = Number.POSITIVE_INFINITY, fail, ...rest } = request;
  const attempt = async (): Promise<Result> => {
    const response = await network.send({ ...rest, method: "GET", fail });
    if (!takes(response.status)) {
      response.discard();
      throw fail(wrongStatus(response, request));
    }
    const sizeBytes = sizeOf(response);
    const tooLong = (): Error => fail({ kind: "size", url: response.url, why: `it has more than ${maxBytes} bytes`, details: {} });
    if (sizeBytes !== undefined && sizeBytes > maxBytes) {
      response.discard();
      throw tooLong();
    }
    return await use({ ...response, body: atMost(response.body, maxBytes, tooLong) }, sizeBytes);
  };
  return await retrying(network.retries(), attempt, request.signal);
}

function isOk(status: number): boolean {
  return status === 200;
}

function wrongStatus({ status, statusText, url, strayed, header }: NetResponse, { authority }: DownloadRequest): DownloadFailure {
  const who = strayed ? `"${url.host}", where it leads,` : "the server";
  const said = authority?.hide(statusText) ?? statusText;
  const hint =
    strayed && authority !== undefined
      ? `Decant does not send credentials for "${authority.origin}" to other hosts. If they belong there, give that address`
      : undefined;
  const retryAfterMs = parseRetryAfter(header("retry-after"), Date.now());
  return {
    kind: "status",
    url,
    why: `${who} answered ${status} ${said}`.trimEnd(),
    hint,
    details: {
      url: safeUrl(url),
      status,
      transient: isTransientStatus(status),
      ...given({ retryAfterMs }),
    },
  };
}

/** Bodies are taken as they were sent, so this is their length whatever Content-Encoding says. */
function sizeOf({ header }: NetResponse): number | undefined {
  const length = header("content-length") ?? "";
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

async function* atMost(body: ByteStream, maxBytes: number, tooLong: () => Error): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw tooLong();
    yield chunk;
  }
}
