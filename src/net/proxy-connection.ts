/** Connections by way of a proxy: CONNECT of HTTP proxies (RFC 9110 9.3.6), SOCKS 5 (RFC 1928, RFC 1929). The proxy resolves the name. */
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import type * as NodeNet from "node:net";
import type * as NodeTls from "node:tls";
import { given } from "../given.ts";
import { bareHost, groupsOf } from "./addresses.ts";
import { basicAuthority } from "./authority.ts";
import { connectionError } from "./failures.ts";
import type { Proxy } from "./proxies.ts";

/** What a connection is made with. */
interface ProxyConnection {
  readonly proxy: Proxy;
  /** What the proxy's own certificate is checked with; for proxies of https. */
  readonly context?: NodeTls.SecureContext;
  readonly timeoutMs: number;
}

/** Opens a connection to the proxy itself, for requests of plain HTTP that it passes on. Throws raw errors. */
export async function connectProxy({ proxy, context, timeoutMs }: ProxyConnection): Promise<NodeNet.Socket> {
  const { url } = proxy;
  const host = bareHost(url.hostname);
  const isTls = url.protocol === "https:";
  const socket = isTls
    ? tls().connect({ host, port: portOf(url), ...trusting(context), ...servername(host) })
    : net().connect({ host, port: portOf(url) });
  return await settled(socket, isTls ? "secureConnect" : "connect", timeoutMs);
}

/** The value of Proxy-Authorization; undefined for a proxy that wants none. */
export function proxyAuthorization({ url, login }: Proxy): string | undefined {
  if (login === undefined) return undefined;
  const { username, password } = login();
  return basicAuthority(url, username, password).headerFor(url);
}

/** Opens a connection that ends at `host` and `port`. Throws raw errors; those of the proxy itself have the code EPROXY. */
export async function connectThrough(connection: ProxyConnection, host: string, port: number): Promise<NodeNet.Socket> {
  const { protocol } = connection.proxy.url;
  return protocol === "http:" || protocol === "https:" ? await tunnel(connection, host, port) : await socks(connection, host, port);
}

async function tunnel(connection: ProxyConnection, host: string, port: number): Promise<NodeNet.Socket> {
  const { proxy, context, timeoutMs } = connection;
  const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const own = bareHost(proxy.url.hostname);
  const authorization = proxyAuthorization(proxy);
  const isTls = proxy.url.protocol === "https:";
  const options: NodeHttps.RequestOptions = {
    host: own,
    port: portOf(proxy.url),
    method: "CONNECT",
    path,
    agent: false,
    headers: { host: path, ...given({ "proxy-authorization": authorization }) },
    ...(isTls ? { ...trusting(context), ...servername(own) } : {}),
  };
  const outgoing = (isTls ? https() : http()).request(options);
  const { promise, resolve, reject } = Promise.withResolvers<NodeNet.Socket>();
  const timer = setTimeout(() => outgoing.destroy(connectionError("ETIMEDOUT", `no connection in ${timeoutMs / 1000} s`)), timeoutMs);
  outgoing.once("error", reject);
  outgoing.once("connect", (response: NodeHttp.IncomingMessage, socket: NodeNet.Socket, head: Buffer) => {
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) {
      if (head.byteLength > 0) socket.unshift(head);
      return resolve(socket);
    }
    socket.destroy();
    reject(refusedBy(proxy, `answered ${statusCode} to CONNECT ${path}`, statusCode < 500));
  });
  outgoing.once("response", (response: NodeHttp.IncomingMessage) => {
    response.destroy();
    reject(refusedBy(proxy, `answered ${response.statusCode ?? 0} to CONNECT ${path}`, (response.statusCode ?? 0) < 500));
  });
  outgoing.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

const SOCKS_REPLIES = [
  "succeeded",
  "general failure",
  "connection not allowed",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

async function socks({ proxy, timeoutMs }: ProxyConnection, host: string, port: number): Promise<NodeNet.Socket> {
  const socket = net().connect({ host: bareHost(proxy.url.hostname), port: portOf(proxy.url, 1080) });
  const timer = setTimeout(() => socket.destroy(connectionError("ETIMEDOUT", `no connection in ${timeoutMs / 1000} s`)), timeoutMs);
  // What breaks while nobody reads is seen by the next read.
  socket.on("error", () => {});
  try {
    await settled(socket, "connect", timeoutMs);
    const read = reader(socket);
    const login = proxy.login?.();
    socket.write(Uint8Array.from(login === undefined ? [5, 1, 0] : [5, 2, 0, 2]));
    const [version, method] = await read(2);
    if (version !== 5) throw refusedBy(proxy, "does not speak SOCKS 5", true);
    if (method === 2 && login !== undefined) {
      socket.write(Buffer.concat([Buffer.from([1]), counted(login.username), counted(login.password)]));
      const [, status] = await read(2);
      if (status !== 0) throw refusedBy(proxy, "refuses the user or the password", true);
    } else if (method !== 0) throw refusedBy(proxy, "wants another way to log in", true);
    socket.write(Buffer.concat([Buffer.from([5, 1, 0]), addressOf(host), Buffer.from([port >> 8, port & 255])]));
    const [, reply = 1, , kind = 0] = await read(4);
    const words = SOCKS_REPLIES[reply] ?? `reply ${reply}`;
    if (reply !== 0) throw refusedBy(proxy, `cannot connect to ${host}:${port}: ${words}`, reply === 2 || reply > 5);
    await read((kind === 3 ? ((await read(1))[0] ?? 0) : kind === 4 ? 16 : 4) + 2);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function addressOf(host: string): Buffer {
  if (net().isIPv4(host)) return Buffer.from([1, ...host.split(".").map(Number)]);
  if (net().isIPv6(host)) return Buffer.from([4, ...groupsOf(host).flatMap((group) => [group >> 8, group & 255])]);
  return Buffer.concat([Buffer.from([3]), counted(host)]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.byteLength]), bytes]);
}

/** Reads exactly so many bytes, and leaves the rest in the socket. */
function reader(socket: NodeNet.Socket): (count: number) => Promise<Buffer> {
  return async (count) => {
    for (;;) {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes !== null) return bytes;
      if (socket.destroyed || socket.readableEnded)
        throw socket.errored ?? connectionError("ECONNRESET", "the proxy closed the connection");
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const event of ["readable", "end", "close"]) socket.once(event, resolve);
      await promise;
      for (const event of ["readable", "end", "close"]) socket.removeListener(event, resolve);
    }
  };
}

async function settled<Connection extends NodeNet.Socket>(
  socket: Connection,
  event: "connect" | "secureConnect",
  timeoutMs: number,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.destroy(connectionError("ETIMEDOUT", `no connection in ${timeoutMs / 1000} s`)), timeoutMs);
  socket.once(event, resolve);
  socket.once("error", reject);
  try {
    await promise;
    socket.removeListener("error", reject);
    return socket;
  } finally {
    clearTimeout(timer);
  }
}

function refusedBy(proxy: Proxy, state: string, final: boolean): Error {
  return connectionError("EPROXY", `the proxy "${proxy.shown}" ${state}`, { final });
}

function portOf(url: URL, fallback = url.protocol === "https:" ? 443 : 80): number {
  return url.port === "" ? fallback : Number(url.port);
}

function trusting(context: NodeTls.SecureContext | undefined): { readonly secureContext?: NodeTls.SecureContext } {
  return given({ secureContext: context });
}

/** TLS has names there, and no addresses. Without it, node:https would take the name of the Host header. */
function servername(host: string): { readonly servername: string } {
  return { servername: net().isIP(host) === 0 ? host : "" };
}

/** On first use, as in exchange.ts. */
const http = (): typeof NodeHttp => process.getBuiltinModule("node:http");
const https = (): typeof NodeHttps => process.getBuiltinModule("node:https");
const net = (): typeof NodeNet => process.getBuiltinModule("node:net");
const tls = (): typeof NodeTls => process.getBuiltinModule("node:tls");
