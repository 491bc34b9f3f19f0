/**
 * What the debian and distroless rooms ask of the network: whole files, by GET, from servers that let everybody in. What comes back is never
 * trusted here: callers check it by hash or signature.
 */
import type { ByteStream } from "../bytes.ts";
import type { DecantError } from "../errors.ts";
import { download as fetchWhole, type DownloadFailure, type Network, splitUserInfo } from "../net/index.ts";

/** How requests are made. */
export interface HttpOptions {
  readonly network: Network;
  readonly signal?: AbortSignal | undefined;
  /** Makes the error of a request that failed. */
  readonly fail: (
    url: string,
    why: string,
    extra: {
      readonly hint?: string | undefined;
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
    },
  ) => DecantError;
}

/** Takes a body; `sizeBytes` is what the server says of it, and only a reason not to begin. */
type UseBody<Result> = (body: ByteStream, sizeBytes: number | undefined) => Promise<Result>;

/**
 * GETs `url` and gives the body to `use`, again from the start when the connection fails. Errors that `use` throws (wrong bytes, full disk) are
 * final. Rejects with what `options.fail` makes; its details hold `status` where there was one.
 */
export async function download<Result>(url: string, use: UseBody<Result>, options: HttpOptions): Promise<Result> {
  const { network, signal, fail } = options;
  const address = URL.parse(url);
  if (address === null) throw fail(url, "it is no URL", {});
  const { url: bare, authority } = splitUserInfo(address);
  // A password in an address would end up in locks, records and messages.
  if (authority !== undefined) throw fail(bare.href, "it has a user or a password; wanted an address without", {});
  const failed = ({ why, hint, details, cause }: DownloadFailure): DecantError =>
    fail(url, why, {
      details: { ...details, url },
      cause,
      hint,
    });
  return await fetchWhole(network, { url: address, signal, fail: failed }, ({ body }, sizeBytes) => use(body, sizeBytes));
}
