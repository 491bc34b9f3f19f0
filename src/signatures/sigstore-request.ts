/** Requests to the services of sigstore and to those that give tokens: JSON there and back, on the one network. */
import { bytesOf, collect } from "../bytes.ts";
import { type Authority, cleanText, type NetFailure, type Network, retrying, isTransientStatus, safeUrl } from "../net/index.ts";
import { signingError } from "./errors.ts";

/** A request. */
interface ServiceRequest {
  /** For messages: "certificate authority". */
  readonly service: string;
  readonly url: URL;
  readonly authority?: Authority | undefined;
  /** Sent as JSON by POST. Absent: a GET. */
  readonly body?: unknown;
  /** Takes secrets out of what the service says. */
  readonly hide: (text: string) => string;
  readonly signal: AbortSignal;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

/** The answer, which is JSON of any form. Tried again while the failure may pass. Throws `SIGNING`. */
export async function askService(network: Network, request: ServiceRequest): Promise<unknown> {
  return await retrying(network.retries(), () => askOnce(network, request), request.signal);
}

async function askOnce(network: Network, { service, url, authority, body, hide, signal }: ServiceRequest): Promise<unknown> {
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body), "utf8");
  const failed = (why: string, details: Readonly<Record<string, unknown>>): Error =>
    signingError(`use the ${service}`, safeUrl(url), hide(why), { details });
  const response = await network.send({
    method: sent === undefined ? "GET" : "POST",
    url,
    authority,
    headers: { accept: "application/json", ...(sent === undefined ? {} : { "content-type": "application/json" }) },
    ...(sent === undefined ? {} : { body: { size: sent.byteLength, open: () => bytesOf(sent) } }),
    // What is sent may hold a token.
    staysHome: true,
    signal,
    fail: ({ why, hint, details, cause }: NetFailure) =>
      signingError(`use the ${service}`, safeUrl(url), hide(why), { hint, details, cause }),
  });
  const bytes = await collect(response.body, MAX_ANSWER_BYTES, `the answer of the ${service}`);
  const { status } = response;
  if (status !== 200 && status !== 201) {
    const said = cleanText(bytes.toString("utf8"));
    throw failed(`it answered ${status}${said === "" ? "" : `: ${said}`}`, { status, transient: isTransientStatus(status) });
  }
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw failed("its answer is no JSON", { status });
  }
}
