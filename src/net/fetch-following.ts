/** The built-in fetch with our own redirects: `followRedirects` instead of fetch's rules, which let https become http. */
import type { Authority } from "./authority.ts";
import { type Answer, followRedirects } from "./redirects.ts";

/** A GET. */
export interface FetchRequest {
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>> & { readonly authorization?: never };
  readonly authority?: Authority | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch | undefined;
  /** Makes the error of a redirect that must not be followed. */
  readonly refuse: (from: URL, state: string) => Error;
}

/** What came back. */
export interface FetchArrival {
  readonly response: Response;
  readonly url: URL;
  /** See `Arrival`. */
  readonly strayed: boolean;
}

interface Fetched extends Answer {
  readonly response: Response;
}

/** Sends a GET and follows its redirects. Throws what `refuse` makes, and what fetch throws. */
export async function fetchFollowing(request: FetchRequest): Promise<FetchArrival> {
  const { url, headers, authority, signal, refuse } = request;
  const { reply, ...arrival } = await followRedirects<Fetched>({
    method: "GET",
    url,
    authority,
    refuse,
    async send(stop) {
      const response = await (request.fetch ?? fetch)(stop.url.href, {
        redirect: "manual",
        headers: { ...headers, ...(stop.authorization === undefined ? {} : { authorization: stop.authorization }) },
        ...(signal === undefined ? {} : { signal }),
      });
      return {
        response,
        status: response.status,
        header: (name) => response.headers.get(name) ?? undefined,
        // A body that cannot be given up belongs to a connection that is gone.
        discard: () => void response.body?.cancel().catch(() => undefined),
      };
    },
  });
  return { response: reply.response, ...arrival };
}
