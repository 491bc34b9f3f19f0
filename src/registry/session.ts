/**
 * Requests to one registry: finds out whether it speaks https or http, adds authorization, tries again what may pass,
 * and turns every answer that was not expected into an error.
 */
import { createShared } from "../async.ts";
import type { Auth } from "./auth.ts";
import type { Endpoint } from "./endpoints.ts";
import { type Attempt, statusError } from "./errors.ts";
import type { Http, HttpRequest, HttpResponse } from "./http.ts";
import { isLoopback } from "./loopback.ts";
import { type RetryPolicy, retrying } from "./retry.ts";
import type { RequestBody } from "./send-body.ts";

/** One request. */
export interface SessionRequest {
  readonly endpoint: Endpoint;
  readonly method: HttpRequest["method"];
  /** Below /v2/<repository>/, e.g. "manifests/latest"; or a URL that the registry gave. */
  readonly path: string | URL;
  readonly access: "pull" | "push";
  /** Further scopes, e.g. to mount from another repository. */
  readonly scopes?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Wanted statuses; every other one is thrown. */
  readonly expect: readonly number[];
  /** What the message of a failure says after "Cannot". */
  readonly action: string;
  readonly notFound?: Attempt["notFound"];
  /** One attempt only, because the caller starts again from further back. */
  readonly once?: boolean;
  readonly signal?: AbortSignal;
}

/** Sends requests to registries. */
export interface Session {
  /** Throws the codes of errors.ts. */
  request(request: SessionRequest): Promise<HttpResponse>;
}

/** Makes a session. */
export function createSession(parts: { readonly http: Http; readonly auth: Auth; readonly retry: RetryPolicy }): Session {
  const { http, auth } = parts;
  const bases = createShared<string, URL>({ cancel: "never" });

  const send = async (request: SessionRequest): Promise<HttpResponse> => {
    const { endpoint, signal } = request;
    const base = await bases.run(`${endpoint.host} ${endpoint.insecure}`, () => findBase(http, endpoint), signal);
    const url = request.path instanceof URL ? request.path : new URL(`/v2/${endpoint.repository}/${request.path}`, base);
    const tolerates = toleratesInvalid(endpoint);
    const attempt: Attempt = {
      action: request.action,
      registry: endpoint.registry,
      ...(request.notFound === undefined ? {} : { notFound: request.notFound }),
    };
    const authRequest = {
      base,
      insecure: endpoint.insecure,
      toleratesInvalid: tolerates,
      registry: endpoint.registry,
      repository: endpoint.repository,
      scopes: [`repository:${endpoint.repository}:${request.access === "push" ? "pull,push" : "pull"}`, ...(request.scopes ?? [])],
      attempt,
      ...(signal === undefined ? {} : { signal }),
    };
    const sendWith = (authorization: string | undefined): Promise<HttpResponse> =>
      http.send({
        method: request.method,
        url,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
        ...(tolerates ? { insecureHost: base.host } : {}),
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(signal === undefined ? {} : { signal }),
      });
    // An upload may be sent to another host by the registry: our credentials are none of its business.
    if (url.origin !== base.origin) return checked(request, attempt, await sendWith(undefined));
    let header = await auth.header(authRequest);
    let response = await sendWith(header);
    if (response.status === 401) {
      const better = await auth.answer(authRequest, response.header("www-authenticate"), header);
      if (better !== undefined) {
        response.discard();
        header = better;
        response = await sendWith(header);
      }
    }
    return checked(request, attempt, response);
  };

  return {
    request: (request) => (request.once === true ? send(request) : retrying(parts.retry, () => send(request), request.signal)),
  };
}

async function checked(request: SessionRequest, attempt: Attempt, response: HttpResponse): Promise<HttpResponse> {
  if (request.expect.includes(response.status)) return response;
  throw await statusError(attempt, response);
}

function toleratesInvalid(endpoint: Endpoint): boolean {
  return endpoint.insecure || isLoopback(endpoint.host);
}

/**
 * https, unless the user allowed less: registries on this machine are asked by http first, insecure ones by https first,
 * and the first that answers stays.
 */
async function findBase(http: Http, endpoint: Endpoint): Promise<URL> {
  const { host } = endpoint;
  if (!toleratesInvalid(endpoint)) return new URL(`https://${host}`);
  const schemes = isLoopback(host) ? ["http", "https"] : ["https", "http"];
  let failure: unknown;
  for (const scheme of schemes) {
    const base = new URL(`${scheme}://${host}`);
    try {
      const response = await http.send({ method: "GET", url: new URL("/v2/", base), insecureHost: base.host });
      response.discard();
      // What Go's servers say to plain HTTP on a port for TLS.
      if (scheme === "http" && response.status === 400 && schemes.at(-1) !== scheme) continue;
      return base;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
