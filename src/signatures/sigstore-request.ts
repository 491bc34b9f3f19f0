/** Requests to the services of sigstore and to those that give tokens: JSON there and back, on the one network. */
import { bytesOf, collect } from "../bytes.ts";
import { type Authority, cleanText, type NetFailure, type Network, retrying, isTransientStatus, safeUrl } from "../net/index.ts";
import { signingError } from "./errors.ts";

/** What every request has. */
interface Asking {
  /** For messages: "certificate authority". */
  readonly service: string;
  readonly url: URL;
  readonly authority?: Authority | undefined;
  /** Takes secrets out of what the service says. */
  readonly hide: (text: string) => string;
  readonly signal: AbortSignal;
}

/** A request in JSON. */
interface ServiceRequest extends Asking {
  /** Sent as JSON by POST. Absent: a GET. */
  readonly body?: unknown;
}

/** A request in another form. */
interface BytesRequest extends Asking {
  /** Sent by POST. Absent: a GET. */
  readonly content?: { readonly type: string; readonly bytes: Buffer } | undefined;
  readonly accept: string;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

/** The answer, which is JSON of any form. Tried again while the failure may pass. Throws `SIGNING`. */
export async function askService(network: Network, { body, ...asking }: ServiceRequest): Promise<unknown> {
  const type = "application/json";
  const content = body === undefined ? undefined : { type, bytes: Buffer.from(JSON.stringify(body), "utf8") };
  const bytes = await askForBytes(network, { ...asking, content, accept: type });
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw signingError(`use the ${asking.service}`, safeUrl(asking.url), "its answer is no JSON");
  }
}

/** The answer, of at most 1 MiB. Tried again while the failure may pass. Throws `SIGNING`. */
export async function askForBytes(network: Network, request: BytesRequest): Promise<Buffer> {
  return await retrying(network.retries(), () => askOnce(network, request), request.signal);
}

async function askOnce(network: Network, { service, url, authority, content, accept, hide, signal }: BytesRequest): Promise<Buffer> {
  const response = await network.send({
    method: content === undefined ? "GET" : "POST",
    url,
    authority,
    headers: { accept, ...(content === undefined ? {} : { "content-type": content.type }) },
    ...(content === undefined ? {} : { body: { size: content.bytes.byteLength, open: () => bytesOf(content.bytes) } }),
    // What is sent may hold a token.
    staysHome: true,
    signal,
    fail: ({ why, hint, details, cause }: NetFailure) =>
      signingError(`use the ${service}`, safeUrl(url), hide(why), { hint, details, cause }),
  });
  const bytes = await collect(response.body, MAX_ANSWER_BYTES, `the answer of the ${service}`);
  const { status } = response;
  if (status === 200 || status === 201) return bytes;
  const said = cleanText(bytes.toString("utf8"));
  const why = `it answered ${status}${said === "" ? "" : `: ${said}`}`;
  throw signingError(`use the ${service}`, safeUrl(url), hide(why), { details: { status, transient: isTransientStatus(status) } });
}
