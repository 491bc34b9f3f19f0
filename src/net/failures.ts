/** What every client's error says of a request that failed, in one wording. No text holds a secret: URLs lose user information and query. */
import { errnoOf } from "../errors.ts";
import type { Proxy } from "./proxies.ts";
import { isTransientErrno } from "./retry.ts";

/** A request that failed. Clients make errors of it, with their own codes, and keep `details`: retries read them. */
export interface NetFailure {
  /** "unreachable": no answer, or not all of it. "redirect": `url` leads to what must not be asked; "nearer": because it is nearer to us. */
  readonly kind: "unreachable" | "redirect" | "nearer";
  readonly url: URL;
  /** "connect ECONNREFUSED 127.0.0.1:1", "its redirect cannot be followed: it leads to …". */
  readonly why: string;
  readonly hint?: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Makes the error that a client throws. */
export type Fail = (failure: NetFailure) => Error;

const MAX_WORDS = 300;
/** What Node says of a connection that ended too early. */
const CUT: Readonly<Record<string, string>> = {
  aborted: "the connection broke off in the middle of the answer",
  "socket hang up": "the server closed the connection without an answer",
};

/** scheme://host/path: without user information, query and fragment, which may be secrets. */
export function safeUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Control characters of a hostile server must not reach the terminal, nor its essays the log. */
export function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return safe.length > MAX_WORDS ? `${safe.slice(0, MAX_WORDS)}…` : safe;
}

/** No answer: no such host, refused, cut, too slow, a certificate that is not trusted, a proxy that does not let us through. */
export function unreachable(url: URL, cause: unknown, proxy: Proxy | undefined): NetFailure {
  const errno = errnoOf(cause) ?? "";
  const said = cause instanceof Error ? cleanText(cause.message) : "";
  const reason = CUT[said] ?? (said === "" ? errno || "unknown failure" : said);
  const hint = hintFor(errno, url, proxy);
  return {
    kind: "unreachable",
    url,
    why: proxy === undefined || errno === "EPROXY" ? reason : `${reason} (by the proxy "${proxy.shown}")`,
    hint,
    details: { url: safeUrl(url), errno, transient: isTransientErrno(errno) && !isFinal(cause) },
    cause,
  };
}

/** `from` leads to an address that must not be asked; `why`: "it leads to …", or "its redirect cannot be followed: it leads to …". */
export function forbidden(kind: "redirect" | "nearer", from: URL, why: string, hint: string): NetFailure {
  return { kind, url: from, why, details: { url: safeUrl(from) }, hint };
}

/** What `why` begins with where a redirect is at fault. */
export const REDIRECT = "its redirect cannot be followed: ";

/** An error of a connection, with a code as Node's have one. `final`: trying again is of no use. */
export function connectionError(
  code: "ETIMEDOUT" | "EPROXY" | "ECONNRESET",
  message: string,
  options: { readonly final?: boolean } = {},
): Error {
  return Object.assign(new Error(message), { code, final: options.final ?? false });
}

function isFinal(cause: unknown): boolean {
  return cause instanceof Error && "final" in cause && cause.final === true;
}

function hintFor(errno: string, url: URL, proxy: Proxy | undefined): string | undefined {
  if (errno === "EPROXY" || (proxy !== undefined && isTransientErrno(errno)))
    return `Check ${url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"}; to go without it: NO_PROXY=${url.hostname}`;
  if (errno === "ENOTFOUND" || errno === "EAI_AGAIN") return `Check the name "${url.hostname}", and the network`;
  if (errno === "ECONNREFUSED") return `Check the name and the port, and that the server runs`;
  if (/CERT|UNABLE_TO_|ISSUER/.test(errno))
    return `If you trust it, put its CA certificate into /etc/docker/certs.d/${url.host}/ca.crt, or set SSL_CERT_FILE`;
  return undefined;
}
