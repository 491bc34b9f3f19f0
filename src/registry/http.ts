/**
 * One HTTP request and its redirects (redirects.ts). The only place of this room that opens sockets. It is node:http and not `fetch`, because
 * certificates of one registry, insecure registries and proxies need an agent for each host, which the built-in `fetch` does not take.
 */
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import { createShared } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import type { Authority } from "./authority.ts";
import { redirectError, unreachableError } from "./errors.ts";
import { isLoopback } from "./loopback.ts";
import { followRedirects } from "./redirects.ts";
import { type RequestBody, sendBody } from "./send-body.ts";
import type { TlsSettings } from "./certificates.ts";

/** A request. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> & { readonly authorization?: never };
  /** Who we are, at the one origin where that counts. */
  readonly authority?: Authority | undefined;
  /** `url` was given by another origin than the one that is to be asked: it gets neither authority nor a certificate of ours. Default false. */
  readonly strayed?: boolean;
  /** Refuse redirects to another origin, because the request itself is a secret. Default false. */
  readonly staysHome?: boolean;
  readonly body?: RequestBody;
  /** The host:port whose certificate need not be valid. */
  readonly insecureHost?: string;
  readonly signal?: AbortSignal;
}

/** An answer. Read `body` to its end, leave its loop, or call `discard`: otherwise its connection stays open. */
export interface HttpResponse {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** It came from another origin than the one that was to be asked, or by way of one. */
  readonly strayed: boolean;
  readonly body: ByteStream;
  header(name: string): string | undefined;
  discard(): void;
}

/** Sends requests over connections that are kept. */
export interface Http extends Disposable {
  /** Throws `REGISTRY_UNREACHABLE`, and `REGISTRY` for redirects that must not be followed; errors of the body and of the signal as they are. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** What `createHttp` needs. */
export interface HttpOptions {
  readonly userAgent: string;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Certificates for a host:port. */
  readonly tlsFor: (host: string) => Promise<TlsSettings>;
  readonly connectMs: number;
  readonly idleMs: number;
  readonly uploadIdleMs: number;
}

/** On first use, and not by `import`: importing the module reads all its exports, one of which loads the whole built-in fetch (35 ms). */
const http = (): typeof NodeHttp => process.getBuiltinModule("node:http");
const https = (): typeof NodeHttps => process.getBuiltinModule("node:https");

/** What is cheaper to read than to open a connection again. */
const CHEAP_BYTES = 64 * 1024;

/** Makes an `Http`; its idle connections do not keep the process alive. */
export function createHttp(options: HttpOptions): Http {
  const agents = createShared<string, NodeHttp.Agent>({ cancel: "never" });
  const opened: NodeHttp.Agent[] = [];
  const openAgent = async (url: URL, insecure: boolean, strayed: boolean): Promise<NodeHttp.Agent> => {
    // Go's rule, which docker and podman follow: nothing on this machine goes by a proxy.
    const common = { keepAlive: true, ...(isLoopback(url.hostname) ? {} : { proxyEnv: { ...options.env } }) };
    const agent =
      url.protocol === "http:"
        ? new (http().Agent)(common)
        : new (https().Agent)({ ...common, ...(await tlsOf(options, url, strayed)), rejectUnauthorized: !insecure });
    opened.push(agent);
    return agent;
  };
  return {
    async send(request) {
      const headers = { "user-agent": options.userAgent, "accept-encoding": "identity", ...request.headers };
      const { reply, url, strayed } = await followRedirects({
        method: request.method,
        url: request.url,
        authority: request.authority,
        strayed: request.strayed,
        staysHome: request.staysHome,
        refuse: redirectError,
        async send(stop) {
          const insecure = stop.url.host === request.insecureHost;
          const agent = await agents.run(`${stop.url.origin} ${insecure} ${stop.strayed}`, () =>
            openAgent(stop.url, insecure, stop.strayed),
          );
          const authorization = stop.authorization === undefined ? {} : { authorization: stop.authorization };
          return exchange({ ...request, url: stop.url, headers: { ...headers, ...authorization } }, agent, options);
        },
      });
      return { ...reply, url, strayed };
    },
    [Symbol.dispose]() {
      for (const agent of opened) agent.destroy();
    },
  };
}

/** A certificate of ours says who we are, as a password does: whoever is redirected to is not shown any. */
async function tlsOf({ tlsFor }: HttpOptions, { host }: URL, strayed: boolean): Promise<TlsSettings> {
  const tls = await tlsFor(host);
  return strayed ? { ca: tls.ca } : tls;
}

/** A request to one address, with all its headers. */
type Exchange = Pick<HttpRequest, "method" | "url" | "body" | "signal"> & { readonly headers: Readonly<Record<string, string>> };
type Reply = Omit<HttpResponse, "strayed">;

async function exchange(request: Exchange, agent: NodeHttp.Agent, options: HttpOptions): Promise<Reply> {
  const { url, signal, body } = request;
  signal?.throwIfAborted();
  const start = url.protocol === "https:" ? https().request : http().request;
  const outgoing = start({
    ...target(url),
    agent,
    method: request.method,
    headers: { ...request.headers, ...(body === undefined ? {} : { "content-length": String(body.size) }) },
  });
  const { promise, resolve, reject } = Promise.withResolvers<NodeHttp.IncomingMessage>();
  let incoming: NodeHttp.IncomingMessage | undefined;
  outgoing.once("response", (message: NodeHttp.IncomingMessage) => {
    incoming = message;
    // A connection that breaks while nobody reads must not end the process; readers see the error themselves.
    message.on("error", () => {});
    resolve(message);
  });
  outgoing.on("error", reject);
  const onAbort = (): void => void outgoing.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.once("close", () => signal?.removeEventListener("abort", onAbort));

  const idleMs = body === undefined ? options.idleMs : options.uploadIdleMs;
  const sending = body === undefined ? undefined : sendBody(outgoing, body);
  outgoing.once("socket", (socket) => {
    const timer = setTimeout(() => outgoing.destroy(timedOut(`no connection after ${options.connectMs} ms`)), options.connectMs);
    const connected = (): void => clearTimeout(timer);
    if (socket.connecting) {
      socket.once("connect", connected);
      outgoing.once("close", connected);
    } else connected();
  });
  outgoing.setTimeout(idleMs, () => {
    // A slow consumer, or a slow source of an upload, is not the registry's fault.
    const ours = (incoming !== undefined && incoming.readableLength > 0) || sending?.isWaitingForSource() === true;
    if (ours) outgoing.socket?.setTimeout(idleMs);
    else outgoing.destroy(timedOut(`nothing moved for ${idleMs} ms`));
  });
  if (sending === undefined) outgoing.end();
  else {
    sending.done.catch((error: unknown) => {
      reject(error);
      outgoing.destroy();
    });
  }
  try {
    return toResponse(await promise, url, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw sending?.failure === undefined ? unreachableError(url, error) : sending.failure.error;
  }
}

function target(url: URL): NodeHttp.RequestOptions {
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    ...(url.port === "" ? {} : { port: url.port }),
    path: url.pathname + url.search,
  };
}

function toResponse(message: NodeHttp.IncomingMessage, url: URL, signal: AbortSignal | undefined): Reply {
  const header = (name: string): string | undefined => {
    const value = message.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  return {
    status: message.statusCode ?? 0,
    url,
    header,
    discard() {
      if (Number(header("content-length") ?? 0) <= CHEAP_BYTES) message.resume();
      else message.destroy();
    },
    body: readBody(message, url, signal),
  };
}

async function* readBody(
  message: NodeHttp.IncomingMessage,
  url: URL,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of message) yield chunk;
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachableError(url, error);
  }
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
