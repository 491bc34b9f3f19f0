/**
 * The one way to the network: requests with their redirects, by proxies, with certificates, each within its time. `createNetwork` opens nothing
 * before the first request; whoever sends one says who it is (`authority`), what the user named (`ledFrom`), and how to make errors of failures (`fail`).
 */
import { homeDirectory } from "../home-directory.ts";
import type { ByteStream } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { VERSION } from "../version.ts";
import { createKnownZones, isNearer, type Zone, zoneOfHost } from "./addresses.ts";
import { createAgents, type Lookup, TooNear } from "./agents.ts";
import type { Authority } from "./authority.ts";
import { createCertificates } from "./certificates.ts";
import { DEFAULT_TIMERS, exchange, type Reply, SourceFailed, type Timers } from "./exchange.ts";
import { connectionError, type Fail, forbidden, type NetFailure, REDIRECT, unreachable } from "./failures.ts";
import type { Proxy } from "./proxies.ts";
import { followRedirects, type Stop } from "./redirects.ts";
import { type Clock, createRetries, DEFAULT_RETRY, type Retries, type RetryPolicy, SYSTEM_CLOCK } from "./retry.ts";
import type { RequestBody } from "./send-body.ts";

/** A request. */
export interface NetRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Lower-case names. */
  readonly headers?: (Readonly<Record<string, string>> & { readonly authorization?: never }) | undefined;
  /** Who we are, at the one origin where that counts. */
  readonly authority?: Authority | undefined;
  /** What the user named, where a server gave `url`: then `url` may not be nearer to this machine. Default: `url` itself. */
  readonly ledFrom?: URL | undefined;
  /** Hosts ("host" or "host:port") that the user named as well: they may be led to, wherever they are. */
  readonly named?: ReadonlySet<string> | undefined;
  /** `url` was given by another origin than the one that is to be asked: it gets neither authority nor a certificate of ours. Default false. */
  readonly strayed?: boolean | undefined;
  /** Refuse redirects to another origin, because the request itself is a secret. Default false. */
  readonly staysHome?: boolean | undefined;
  /** Show the client certificate of certs.d where there is one. Default false. */
  readonly identify?: boolean | undefined;
  readonly body?: RequestBody | undefined;
  /** The host:port whose certificate need not be valid. */
  readonly insecureHost?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fail: Fail;
}

/** An answer. Read `body` to its end, leave its loop, or call `discard`: otherwise its connection stays open. */
export interface NetResponse extends Omit<Reply, "remoteAddress"> {
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** It came from another origin than the one that was to be asked, or by way of one. */
  readonly strayed: boolean;
  /** As it was sent, whatever coding it has. What breaks it off is thrown as what `fail` makes. */
  readonly body: ByteStream;
}

/** Sends requests over connections that are kept. */
export interface Network extends Disposable {
  /** Throws what `request.fail` makes, the reason of its signal, and errors of its body's source. Also `CONFIG_FILE` and `USAGE` for certificates and proxies. */
  send(request: NetRequest): Promise<NetResponse>;
  /** The failures of one piece of work, by the policy of this network and what `policy` changes of it. */
  retries(policy?: Partial<RetryPolicy>): Retries;
}

/** Options of `createNetwork`. */
export interface NetworkOptions {
  /** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the user's home directory. */
  readonly homeDir?: string | undefined;
  /** Where docker/certs.d and containers/certs.d are; default "/etc". */
  readonly systemDir?: string | undefined;
  /** Default "decant/<version>". */
  readonly userAgent?: string | undefined;
  readonly timers?: Partial<Timers> | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** For tests: time, chance and name resolution. */
  readonly clock?: Clock | undefined;
  readonly lookup?: Lookup | undefined;
}

const PLACES = {
  public: "on the internet",
  private: "in a private network",
  "link-local": "at a link-local address",
  loopback: "on this machine",
} as const satisfies Record<Zone, string>;

/** Makes a `Network`. Dispose it to close its connections; forgetting to does not keep the process alive. */
export function createNetwork(options: NetworkOptions = {}): Network {
  const {
    env = process.env,
    homeDir = homeDirectory(),
    systemDir = "/etc",
    userAgent = `decant/${VERSION}`,
    clock = SYSTEM_CLOCK,
  } = options;
  const timers = { ...DEFAULT_TIMERS, ...options.timers };
  const policy = { ...DEFAULT_RETRY, ...options.retry };
  const agents = createAgents({
    certificates: createCertificates({ env, homeDir, systemDir }),
    env,
    connectMs: timers.connectMs,
    lookup: options.lookup,
  });
  const zones = createKnownZones();

  const sendTo = async (stop: Stop, request: NetRequest): Promise<Reply> => {
    const { url, strayed, from } = stop;
    const { fail, named, ledFrom = request.url } = request;
    // An address of the host itself that it leads to is none that the user named: its name may have got another address meanwhile.
    const isFirst = request.ledFrom === undefined && from === undefined;
    const isNamed = isFirst || named?.has(url.host) === true || named?.has(url.hostname) === true;
    const limit = isNamed ? "loopback" : zones.of(ledFrom);
    const tooNear = (zone: Zone): Error => fail(leadsNearer({ url, zone, from, ledFrom, limit }));
    const own = zoneOfHost(url.hostname);
    if (own !== undefined && isNearer(own, limit)) throw tooNear(own);
    const insecure = url.host === request.insecureHost;
    const identify = request.identify === true && !strayed;
    const { agent, proxy, absolute, headers } = await agents.route({ url, insecure, identify, limit });
    const authorization = given({ authorization: stop.authorization });
    try {
      const reply = await exchange({
        method: request.method,
        url,
        headers: { "user-agent": userAgent, "accept-encoding": "identity", ...request.headers, ...headers, ...authorization },
        body: request.body,
        agent,
        absolute,
        timers,
        signal: request.signal,
      });
      if (isNamed && proxy === undefined && reply.remoteAddress !== undefined) zones.note(url, reply.remoteAddress);
      if (reply.status === 407 && absolute && proxy !== undefined) throw refusedByProxy(proxy, reply);
      return { ...reply, body: failing(reply.body, (error) => fail(unreachable(url, error, proxy)), request.signal) };
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof SourceFailed) throw error.reason;
      // Certificates that cannot be used.
      if (isDecantError(error)) throw error;
      if (error instanceof TooNear) throw tooNear(error.zone);
      throw fail(unreachable(url, error, proxy));
    }
  };

  return {
    async send(request) {
      const { method, url, authority, strayed, staysHome } = request;
      const refuse = (from: URL, why: string): Error =>
        request.fail(forbidden("redirect", from, REDIRECT + why, "If you trust the address that it leads to, give that one"));
      const send = (stop: Stop): Promise<Reply> => sendTo(stop, request);
      const arrival = await followRedirects({ method, url, authority, strayed, staysHome, refuse, send });
      return { ...arrival.reply, url: arrival.url, strayed: arrival.strayed };
    },
    retries: (changes = {}) => createRetries({ ...policy, ...changes }, clock),
    [Symbol.dispose]: () => agents[Symbol.dispose](),
  };
}

interface NearerStop {
  readonly url: URL;
  readonly zone: Zone;
  readonly from: URL | undefined;
  readonly ledFrom: URL;
  readonly limit: Zone;
}

function leadsNearer({ url, zone, from, ledFrom, limit }: NearerStop): NetFailure {
  return forbidden(
    "nearer",
    from ?? ledFrom,
    `${from === undefined ? "" : REDIRECT}it leads to "${url.host}" ${PLACES[zone]}, and "${ledFrom.host}" is ${PLACES[limit]}`,
    `If "${url.host}" is right, name it yourself: what is farther away must not lead there`,
  );
}

function refusedByProxy(proxy: Proxy, reply: Reply): Error {
  reply.discard();
  return connectionError("EPROXY", `the proxy "${proxy.shown}" answered 407: it wants a user and a password`, { final: true });
}

async function* failing(
  body: ByteStream,
  toError: (error: unknown) => Error,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    signal?.throwIfAborted();
    throw toError(error);
  }
}
