/**
 * One HTTP request and its redirects. The only place of this room that opens sockets. It is node:http and not `fetch`, because certificates
 * of one registry, insecure registries and proxies need an agent for each host, which the built-in `fetch` does not take.
 * Redirects: Authorization stays with its origin, https never becomes http, at most ten.
 */
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import { createShared } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import { redirectError, unreachableError } from "./errors.ts";
import { isLoopback } from "./loopback.ts";
import { type RequestBody, sendBody } from "./send-body.ts";
import type { TlsSettings } from "./certificates.ts";

/** A request. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** Lower-case names. "authorization" goes to the origin of `url` only. */
  readonly headers?: Readonly<Record<string, string>>;
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

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What is cheaper to read than to open a connection again. */
const CHEAP_BYTES = 64 * 1024;

/** Makes an `Http`; its idle connections do not keep the process alive. */
export function createHttp(options: HttpOptions): Http {
  const agents = createShared<string, NodeHttp.Agent>({ cancel: "never" });
  const opened: NodeHttp.Agent[] = [];
  const openAgent = async (url: URL, insecure: boolean): Promise<NodeHttp.Agent> => {
    // Go's rule, which docker and podman follow: nothing on this machine goes by a proxy.
    const common = { keepAlive: true, ...(isLoopback(url.hostname) ? {} : { proxyEnv: { ...options.env } }) };
    const agent =
      url.protocol === "http:"
        ? new (http().Agent)(common)
        : new (https().Agent)({ ...common, ...(await options.tlsFor(url.host)), rejectUnauthorized: !insecure });
    opened.push(agent);
    return agent;
  };
  return {
    async send(request) {
      let { url } = request;
      let headers = { "user-agent": options.userAgent, "accept-encoding": "identity", ...request.headers };
      for (let redirects = 0; ; redirects += 1) {
        const insecure = url.host === request.insecureHost;
        const agent = await agents.run(`${url.origin} ${insecure}`, () => openAgent(url, insecure));
        const response = await exchange({ ...request, url, headers }, agent, options);
        if (!REDIRECTS.has(response.status)) return response;
        response.discard();
        if (redirects === MAX_REDIRECTS) throw redirectError(request.url, `it leads to more than ${MAX_REDIRECTS} others`);
        const next = redirectTarget(request.method, url, response);
        if (next.origin !== url.origin) {
          const { authorization: _dropped, ...rest } = { authorization: "", ...headers };
          headers = rest;
        }
        url = next;
      }
    },
    [Symbol.dispose]() {
      for (const agent of opened) agent.destroy();
    },
  };
}

function redirectTarget(method: string, from: URL, response: HttpResponse): URL {
  const location = response.header("location");
  const next = location === undefined ? null : URL.parse(location, from.href);
  if (next === null) throw redirectError(from, "it does not say where to");
  if (next.protocol !== "https:" && next.protocol !== "http:") throw redirectError(from, `it leads to "${next.protocol}"`);
  if (from.protocol === "https:" && next.protocol === "http:") {
    throw redirectError(from, `it leads from https to plain http on "${next.host}"`);
  }
  if (method !== "GET" && method !== "HEAD" && response.status < 307) {
    throw redirectError(from, `status ${response.status} would turn ${method} into GET`);
  }
  return next;
}

async function exchange(request: HttpRequest, agent: NodeHttp.Agent, options: HttpOptions): Promise<HttpResponse> {
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

function toResponse(message: NodeHttp.IncomingMessage, url: URL, signal: AbortSignal | undefined): HttpResponse {
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
