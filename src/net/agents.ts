/**
 * Keeps connections, by where they go, what they show and how near they may be: one with our certificate is not used for a stranger's errand,
 * and one to an address of this machine not where the internet leads. Addresses are checked when a connection is made, after the name is resolved.
 */
import type * as NodeDns from "node:dns";
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import type { LookupFunction } from "node:net";
import type * as NodeTls from "node:tls";
import type { Duplex } from "node:stream";
import { createShared } from "../async.ts";
import { given } from "../given.ts";
import { bareHost, isNearer, type Zone, zoneOfAddress } from "./addresses.ts";
import type { Certificates } from "./certificates.ts";
import { connectProxy, connectThrough, proxyAuthorization } from "./proxy-connection.ts";
import { type Proxy, proxyFor } from "./proxies.ts";

/** Resolves names; `dns.lookup` of Node, or a test's own. */
export type Lookup = typeof NodeDns.lookup;

/** A connection that is wanted. */
interface Wanted {
  readonly url: URL;
  /** The host's certificate need not be valid. */
  readonly insecure: boolean;
  /** Show the certificate that says who we are. */
  readonly identify: boolean;
  /** The nearest that its address may be. */
  readonly limit: Zone;
}

/** How a request goes. */
interface Route {
  readonly agent: NodeHttp.Agent;
  /** Absent: to the host itself. */
  readonly proxy?: Proxy;
  /** For the request itself: of a proxy of plain HTTP. */
  readonly headers: Readonly<Record<string, string>>;
  /** See `Exchange`. */
  readonly absolute: boolean;
}

/** All connections. */
interface Agents extends Disposable {
  /** Throws `CONFIG_FILE` for certificates and `USAGE` for proxies that cannot be used. */
  route(wanted: Wanted): Promise<Route>;
}

/** What `createAgents` needs. */
interface AgentOptions {
  readonly certificates: Certificates;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly connectMs: number;
  readonly lookup?: Lookup | undefined;
}

/** Makes an `Agents`; idle connections do not keep the process alive. */
export function createAgents(options: AgentOptions): Agents {
  const agents = createShared<string, NodeHttp.Agent>({ cancel: "never" });
  const opened: NodeHttp.Agent[] = [];
  const open = async (wanted: Wanted, proxy: Proxy | undefined): Promise<NodeHttp.Agent> => {
    const agent = proxy === undefined ? await directAgent(wanted, options) : await proxyAgent(wanted, proxy, options);
    opened.push(agent);
    return agent;
  };
  return {
    async route(wanted) {
      const { url, insecure, identify, limit } = wanted;
      const proxy = proxyFor(url, options.env);
      const key = `${url.origin} ${insecure} ${identify} ${limit}`;
      const agent = await agents.run(key, () => open(wanted, proxy));
      const absolute = proxy !== undefined && isForwarded(url, proxy);
      const authorization = proxy === undefined || !absolute ? undefined : proxyAuthorization(proxy);
      return {
        agent,
        absolute,
        ...given({ proxy }),
        headers: given({ "proxy-authorization": authorization }),
      };
    },
    [Symbol.dispose]() {
      for (const agent of opened) agent.destroy();
    },
  };
}

/** HTTP proxies take requests of plain HTTP as they are, and often allow no tunnel for them. */
function isForwarded(url: URL, proxy: Proxy): boolean {
  return url.protocol === "http:" && !proxy.url.protocol.startsWith("socks");
}

async function directAgent({ url, insecure, identify, limit }: Wanted, options: AgentOptions): Promise<NodeHttp.Agent> {
  const lookup = options.lookup ?? process.getBuiltinModule("node:dns").lookup;
  const common = { keepAlive: true, lookup: limit === "loopback" ? (lookup as LookupFunction) : guardedLookup(lookup, limit) };
  if (url.protocol === "http:") return new (http().Agent)(common);
  const secureContext = await options.certificates.contextFor(url.host, { identify });
  return new (https().Agent)({ ...common, secureContext, rejectUnauthorized: !insecure });
}

async function proxyAgent({ url, insecure, identify }: Wanted, proxy: Proxy, options: AgentOptions): Promise<NodeHttp.Agent> {
  const { certificates, connectMs: timeoutMs } = options;
  const context = proxy.url.protocol === "https:" ? await certificates.contextFor(proxy.url.host, { identify: false }) : undefined;
  const connection = { proxy, timeoutMs, ...given({ context }) };
  const host = bareHost(url.hostname);
  const connect = async (): Promise<Duplex> => {
    if (isForwarded(url, proxy)) return await connectProxy(connection);
    if (url.protocol === "http:") return await connectThrough(connection, host, Number(url.port || 80));
    const secureContext = await certificates.contextFor(url.host, { identify });
    const socket = await connectThrough(connection, host, Number(url.port || 443));
    const isName = process.getBuiltinModule("node:net").isIP(host) === 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const secured = tls().connect(
      { socket, secureContext, rejectUnauthorized: !insecure, host, ...(isName ? { servername: host } : {}) },
      resolve,
    );
    secured.once("error", reject);
    await promise;
    secured.removeListener("error", reject);
    return secured;
  };
  const agent = url.protocol === "https:" ? new (https().Agent)({ keepAlive: true }) : new (http().Agent)({ keepAlive: true });
  agent.createConnection = (_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined => {
    void handOver(connect(), done);
    return undefined;
  };
  return agent;
}

/** Node's types want a stream beside an error; its code does not. */
async function handOver(connecting: Promise<Duplex>, done: ((error: Error | null, stream: Duplex) => void) | undefined): Promise<void> {
  try {
    const stream = await connecting;
    done?.(null, stream);
  } catch (error) {
    (done as ((error: unknown) => void) | undefined)?.(error);
  }
}

/** Leaves out addresses that are too near: then there is none left, whatever DNS says the next time. */
export function guardedLookup(lookup: Lookup, limit: Zone): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => !isNearer(zoneOfAddress(address), limit));
      const [first] = allowed;
      if (first === undefined) return callback(new TooNear(zoneOfAddress(addresses[0]?.address ?? "")), []);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** All addresses of a name are nearer than what led to it. */
export class TooNear extends Error {
  override readonly name: string = "TooNear";
  readonly zone: Zone;

  constructor(zone: Zone) {
    super("its address is too near");
    this.zone = zone;
  }
}

/** On first use, as in exchange.ts. */
const http = (): typeof NodeHttp => process.getBuiltinModule("node:http");
const https = (): typeof NodeHttps => process.getBuiltinModule("node:https");
const tls = (): typeof NodeTls => process.getBuiltinModule("node:tls");
