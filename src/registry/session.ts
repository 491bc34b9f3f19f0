/**
 * Requests to one registry: finds out whether it speaks https or http, adds authorization, tries again what may pass,
 * and turns every answer that was not expected into an error.
 */
import { createShared } from "../async.ts";
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import { type Authority, isLoopback, type NetRequest, type NetResponse, type RequestBody, retrying } from "../net/index.ts";
import type { Auth } from "./auth.ts";
import type { Endpoint } from "./types.ts";
import { type Attempt, statusError } from "./errors.ts";
import type { RegistryNetwork } from "./registry-network.ts";

/** An address that an answer gave: where to upload to, the next page. */
export interface Place {
  readonly url: URL;
  /** The answer was not the registry's own: then the address gets no credentials, wherever it leads. */
  readonly strayed: boolean;
}

/** One request. */
interface SessionRequest {
  readonly endpoint: Endpoint;
  readonly method: NetRequest["method"];
  /** Below /v2/<repository>/, e.g. "manifests/latest"; or an address that an answer gave. */
  readonly path: string | Place;
  readonly access: "pull" | "push";
  /** Further scopes, e.g. to mount from another repository. */
  readonly scopes?: readonly string[] | undefined;
  readonly headers?: NetRequest["headers"] | undefined;
  readonly body?: RequestBody | undefined;
  /** Wanted statuses; every other one is thrown. */
  readonly expect: readonly number[];
  /** What the message of a failure says after "Cannot". */
  readonly action: string;
  readonly notFound?: Attempt["notFound"] | undefined;
  /** One attempt only, because the caller starts again from further back. */
  readonly once?: boolean | undefined;
  /** There is another way: it is not tried again for long. */
  readonly impatient?: boolean | undefined;
  /** Statuses that may pass here, in a moment, although they would not elsewhere. */
  readonly passing?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to registries. */
export interface Session {
  /** Throws the codes of errors.ts. */
  request(request: SessionRequest): Promise<NetResponse>;
}

/** Makes a session. */
export function createSession(parts: { readonly network: RegistryNetwork; readonly auth: Auth }): Session {
  const { network, auth } = parts;
  const bases = createShared<string, URL>({ cancel: "never" });

  const send = async (request: SessionRequest): Promise<NetResponse> => {
    const { endpoint, signal } = request;
    if (endpoint.refused !== undefined) throw new DecantError("CONFIG_FILE", `Cannot ${request.action}: ${endpoint.refused}`);
    const base = await bases.run(`${endpoint.host} ${endpoint.insecure}`, () => findBase(network, endpoint), signal);
    const place =
      typeof request.path === "string"
        ? { url: pathOf(endpoint, request.path, base), strayed: false }
        : { url: request.path.url, strayed: request.path.strayed || request.path.url.origin !== base.origin };
    const tolerates = toleratesInvalid(endpoint);
    const attempt: Attempt = {
      action: request.action,
      registry: endpoint.registry,
      ...given({ notFound: request.notFound, passing: request.passing }),
    };
    const authRequest = {
      base,
      insecure: endpoint.insecure,
      toleratesInvalid: tolerates,
      registry: endpoint.registry,
      repository: endpoint.repository,
      scopes: [`repository:${endpoint.repository}:${request.access === "push" ? "pull,push" : "pull"}`, ...(request.scopes ?? [])],
      attempt,
      ...given({ signal }),
    };
    const sendWith = (authority: Authority | undefined): Promise<NetResponse> =>
      network.send({
        method: request.method,
        ...place,
        ...(typeof request.path === "string" ? {} : { ledFrom: base }),
        authority,
        headers: request.headers,
        ...(tolerates ? { insecureHost: base.host } : {}),
        body: request.body,
        signal,
      });
    let authority = place.strayed ? undefined : await auth.known(authRequest);
    let response = await sendWith(authority);
    if (response.status === 401) {
      const better = await auth.answer(authRequest, response, authority);
      if (better !== undefined) {
        response.discard();
        authority = better;
        response = await sendWith(authority);
      }
    }
    if (request.expect.includes(response.status)) return response;
    throw await statusError(attempt, response, authority?.hide);
  };

  return {
    request: (request) =>
      request.once === true
        ? send(request)
        : retrying(
            network.retriesAt({ mirror: request.impatient === true || request.endpoint.mirror }),
            () => send(request),
            request.signal,
          ),
  };
}

function pathOf({ repository, standsFor }: Endpoint, path: string, base: URL): URL {
  const url = new URL(`/v2/${repository}/${path}`, base);
  if (standsFor !== undefined && standsFor !== url.host) url.searchParams.append("ns", standsFor);
  return url;
}

/** May its certificate be invalid? */
export function toleratesInvalid(endpoint: Endpoint): boolean {
  return endpoint.insecure || isLoopback(endpoint.host);
}

/**
 * https, unless the user allowed less: registries on this machine are asked by http first, insecure ones by https first,
 * and the first that answers stays.
 */
export async function findBase(network: RegistryNetwork, endpoint: Endpoint): Promise<URL> {
  const { host } = endpoint;
  if (!toleratesInvalid(endpoint)) return new URL(`https://${host}`);
  const schemes = isLoopback(host) ? ["http", "https"] : ["https", "http"];
  let failure: unknown;
  for (const scheme of schemes) {
    const base = new URL(`${scheme}://${host}`);
    try {
      const response = await network.send({ method: "GET", url: new URL("/v2/", base), insecureHost: base.host });
      response.discard();
      // What Go's servers say to plain HTTP on a port for TLS.
      if (scheme === "http" && response.status === 400 && schemes.at(-1) !== scheme) continue;
      // A host without a port may lead from 80 to 443: that is the same registry, and it should be asked by https at once.
      return response.url.protocol === "https:" && response.url.host === host ? new URL(`https://${host}`) : base;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
