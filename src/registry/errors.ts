/**
 * Failures of registries, one factory for each code. No message ever holds a secret: URLs lose user information and query (`safeUrl` of net/),
 * a registry's own words are cut and cleaned.
 */
import { collect, type ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import { cleanText, isTransientStatus, type NetFailure, parseRetryAfter, safeUrl } from "../net/index.ts";

const MAX_BODY_BYTES = 64 * 1024;

/** What a failing request was about. */
export interface Attempt {
  /** What was tried, as it follows "Cannot": `read image "ubuntu:22.04"`. */
  readonly action: string;
  /** "ghcr.io". */
  readonly registry: string;
  /** The code for status 404; default `REGISTRY`. */
  readonly notFound?: "IMAGE_NOT_FOUND" | "BLOB_MISSING";
  /** It is a login: the credentials are what was given just now. */
  readonly isLogin?: boolean;
  /** Statuses that may pass in a moment. */
  readonly passing?: readonly number[];
}

/** A response that is not what was asked for. */
interface FailedResponse {
  readonly status: number;
  readonly url: URL;
  /** Another host than the registry answered. Default false. */
  readonly strayed?: boolean;
  header(name: string): string | undefined;
  readonly body: ByteStream;
}

/** No answer, or an address that must not be asked. */
export function networkError({ kind, url, why, hint, details, cause }: NetFailure): DecantError {
  if (kind !== "unreachable") {
    const own = kind === "nearer" ? `${hint}, in registries.conf: [[registry]] location = "HOST"` : hint;
    const advice = given({ hint: own });
    return new DecantError("REGISTRY", `Cannot use "${safeUrl(url)}": ${why}`, { details, ...advice });
  }
  const plain = plainHint(String(details["errno"]), url) ?? hint;
  return new DecantError("REGISTRY_UNREACHABLE", `Cannot reach "${url.host}": ${why}`, {
    cause,
    details,
    hint: plain,
  });
}

function plainHint(errno: string, url: URL): string | undefined {
  if (errno !== "EPROTO" && !errno.startsWith("HPE_")) return undefined;
  return `If this registry speaks plain HTTP, say so in registries.conf: [[registry]] location = "${url.host}", insecure = true`;
}

/** An answer that breaks the protocol. */
export function protocolError(attempt: Attempt, state: string): DecantError {
  return new DecantError("REGISTRY", `Cannot ${attempt.action}: registry "${attempt.registry}" ${state}`, {
    details: { registry: attempt.registry },
  });
}

/** A manifest that a registry says to keep under another digest than that of the bytes that it was sent. */
export function storedAsOther(
  name: string,
  registry: string,
  { digest, said }: { readonly digest: Digest; readonly said: string },
): DecantError {
  return new DecantError(
    "BLOB_DIGEST",
    `Cannot trust the push of "${name}": registry "${registry}" says that it keeps it as "${said}"; sent was "${digest}"`,
    {
      hint: "It changes manifests, or a proxy before it does: pull the image from it and compare, or push to another registry",
      details: { registry, digest, actual: said },
    },
  );
}

/**
 * Turns an answer with an unwanted status into the error for it. Reads at most 64 KiB of its body. `hide` takes out of the server's words what we
 * sent it.
 */
export async function statusError(
  attempt: Attempt,
  response: FailedResponse,
  hide: (text: string) => string = (text) => text,
): Promise<DecantError> {
  const { status } = response;
  const errors = await ownErrors(response, hide);
  const said = errors.map(({ code, message }) => [code, message].filter((word) => word !== "").join(": ")).join("; ");
  const retryAfterMs = parseRetryAfter(response.header("retry-after"), Date.now());
  const code = codeFor(response, attempt);
  const state = stateFor(code, response, attempt);
  return new DecantError(code, `Cannot ${attempt.action}: ${state}${said === "" ? "" : ` (${cleanText(said)})`}`, {
    hint: hintOf(code, response, attempt, { retryAfterMs, said }),
    details: {
      registry: attempt.registry,
      url: hide(safeUrl(response.url)),
      status,
      errors,
      transient: isTransientStatus(status) || attempt.passing?.includes(status) === true,
      ...(attempt.passing?.includes(status) === true ? { patience: "short" } : {}),
      ...(IMMUTABLE.test(said) ? { immutable: true } : {}),
      ...given({ retryAfterMs }),
    },
  });
}

type StatusCode = "IMAGE_NOT_FOUND" | "BLOB_MISSING" | "REGISTRY_AUTH" | "REGISTRY_DENIED" | "REGISTRY_RATE_LIMIT" | "REGISTRY";

function codeFor({ status, strayed }: FailedResponse, attempt: Attempt): StatusCode {
  switch (status) {
    // Another host was sent no credentials, so it says nothing about them.
    case 401:
      return strayed === true ? "REGISTRY" : "REGISTRY_AUTH";
    case 403:
      return strayed === true ? "REGISTRY" : "REGISTRY_DENIED";
    case 404:
      return attempt.notFound ?? "REGISTRY";
    case 429:
      return "REGISTRY_RATE_LIMIT";
    default:
      return "REGISTRY";
  }
}

function stateFor(code: StatusCode, { status, strayed, url }: FailedResponse, { registry, isLogin }: Attempt): string {
  const who = strayed === true ? `"${url.host}", where registry "${registry}" leads,` : `registry "${registry}"`;
  switch (code) {
    case "REGISTRY_AUTH":
      return isLogin === true
        ? `${who} refuses this user or password`
        : `${who} refuses the credentials, wants some, or has no such repository`;
    case "REGISTRY_DENIED":
      return `${who} does not allow it`;
    case "IMAGE_NOT_FOUND":
      return `${who} has no such image`;
    case "BLOB_MISSING":
      return `${who} has no such blob`;
    case "REGISTRY_RATE_LIMIT":
      return `${who} has had too many requests`;
    case "REGISTRY":
      return `${who} answered ${status}`;
  }
}

interface Said {
  readonly retryAfterMs: number | undefined;
  /** The registry's own codes and words. */
  readonly said: string;
}

/** What registries say of a tag that must not move: Amazon ECR, Artifact Registry, Azure, GitLab, Harbor, Nexus, Quay. */
const IMMUTABLE = /immutable|TAG_?ALREADY_?EXISTS|does not allow updating|cannot be overwritten/i;
const QUOTA = /quota|storage limit|insufficient storage/i;

function hintOf(code: StatusCode, response: FailedResponse, attempt: Attempt, { retryAfterMs, said }: Said): string | undefined {
  const { status, strayed, url } = response;
  const { registry, isLogin } = attempt;
  if (strayed === true && status === 401)
    return `Decant does not send credentials of "${registry}" to other hosts. If "${url.host}" is the registry, name that one`;
  if (IMMUTABLE.test(said)) return "The registry does not let this tag move: push under another tag, or allow it there";
  if (QUOTA.test(said)) return "Delete images that nobody needs there, or ask for more room";
  switch (code) {
    case "REGISTRY_AUTH":
    case "REGISTRY_DENIED":
      if (isLogin === true) return "Check user and password; many registries want an access token as the password";
      return `decant login ${registry}`;
    case "IMAGE_NOT_FOUND":
      return `Check the name and the tag; if the image is private: decant login ${registry}`;
    case "REGISTRY_RATE_LIMIT":
      return retryAfterMs === undefined ? `Wait, or: decant login ${registry}` : `Try again in ${Math.ceil(retryAfterMs / 1000)} seconds`;
    case "BLOB_MISSING":
      return undefined;
    case "REGISTRY":
      return otherHint(status, said);
  }
}

function otherHint(status: number, said: string): string | undefined {
  if (status === 404 && /NAME_UNKNOWN/.test(said)) return "Create the repository first: this registry does not do it at the first push";
  if (/NAME_INVALID/.test(said)) return "Check the name of the repository: this registry has rules of its own";
  if (/MANIFEST_INVALID/.test(said))
    return "The registry does not take this kind of manifest: try --provenance=false, or oci-mediatypes=false";
  if (status === 413) return "A proxy before the registry takes no body of this size: raise its limit (nginx: client_max_body_size)";
  return status >= 500 ? "The registry has a failure of its own: try again later" : undefined;
}

/** distribution-spec "Error Codes", or what a token server says. Bodies that are something else (HTML of a proxy) say nothing. */
async function ownErrors(
  response: FailedResponse,
  hide: (text: string) => string,
): Promise<readonly { readonly code: string; readonly message: string }[]> {
  let json: unknown;
  try {
    json = JSON.parse((await collect(response.body, MAX_BODY_BYTES)).toString("utf8"));
  } catch {
    // The status is the failure to report; a body that breaks off, is too long or is no JSON adds nothing to it.
    return [];
  }
  const errors = isObject(json) && Array.isArray(json["errors"]) ? json["errors"].slice(0, 5) : [json];
  return errors.filter(isObject).map((error) => ({
    code: words(error["code"], hide),
    message: words(error["message"] ?? error["details"] ?? error["error_description"] ?? error["error"], hide),
  }));
}

/** Hidden before it is cut: half a secret would not be found. */
function words(value: unknown, hide: (text: string) => string): string {
  return typeof value === "string" ? cleanText(hide(value)) : "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
