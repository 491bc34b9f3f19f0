/**
 * Connections to a container daemon: by a socket of this machine, or by the host and port that its user named. No proxy, redirect or credential of
 * registries has a part in them.
 */
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import { given } from "../given.ts";
import { DEFAULT_TIMERS, exchange, type Reply, type Timers } from "./exchange.ts";
import type { RequestBody } from "./send-body.ts";

/** Where a daemon listens. */
export type DaemonPlace =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number; readonly tls?: DaemonTls | undefined };

/** How a connection is secured; the rest are texts of PEM files. */
export interface DaemonTls {
  /** The daemon's certificate must be valid: by `ca`, else by Node's own roots. */
  readonly isVerified: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the certificate must be for. Default: the host. */
  readonly serverName?: string | undefined;
}

/** A request of a daemon's API. */
interface DaemonRequest {
  readonly method: "GET" | "POST";
  /** With its query: "/images/json". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Connections that are kept until this is disposed. */
export interface DaemonConnection extends Disposable {
  /** Rejects with raw errors of the connection, and with the reason of the signal. */
  send(request: DaemonRequest): Promise<Reply>;
}

/** A daemon unpacks what it gets before it answers, and says nothing meanwhile. */
const HOUR_MS = 3_600_000;
const TIMERS: Timers = {
  ...DEFAULT_TIMERS,
  connectMs: 5000,
  uploadAnswerMs: HOUR_MS,
  download: { windowMs: HOUR_MS, minBytes: 1 },
  upload: { windowMs: HOUR_MS, minBytes: 1 },
};

/** Makes a `DaemonConnection`; connects on the first request. */
export function connectDaemon(place: DaemonPlace): DaemonConnection {
  const agent = daemonAgent(place);
  const origin =
    "socketPath" in place ? "http://daemon" : `${place.tls === undefined ? "http" : "https"}://${hostText(place.host)}:${place.port}`;
  return {
    send: ({ method, path, headers = {}, body, signal }) =>
      exchange({ method, url: new URL(path, origin), headers, body, agent, absolute: false, timers: TIMERS, signal }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Makes the connections to a place. */
export function daemonAgent(place: DaemonPlace, { keepAlive = true }: { readonly keepAlive?: boolean } = {}): NodeHttp.Agent {
  const http = process.getBuiltinModule("node:http");
  // Requests take a socket's path from their agent's options; the types of agents do not say so.
  if ("socketPath" in place) return new http.Agent({ keepAlive, socketPath: place.socketPath } as NodeHttp.AgentOptions);
  if (place.tls === undefined) return new http.Agent({ keepAlive });
  const https: typeof NodeHttps = process.getBuiltinModule("node:https");
  const { isVerified, ca, cert, key, serverName } = place.tls;
  return new https.Agent({ keepAlive, rejectUnauthorized: isVerified, ...given({ ca, cert, key, servername: serverName }) });
}

function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
