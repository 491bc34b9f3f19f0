/** Raw connections for protocols of their own: to a socket, a host and port, or a daemon that hands its connection over (HTTP/1.1 Upgrade). */
import type * as NodeHttp from "node:http";
import type * as NodeTls from "node:tls";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { given } from "../given.ts";
import { type DaemonPlace, daemonAgent } from "./daemon-connection.ts";

const CONNECT_MS = 10_000;

/** Connects, with TLS where the place says so. Rejects with Node's errors, and with the reason of the signal. */
export async function openDuplex(place: DaemonPlace, signal: AbortSignal): Promise<Duplex> {
  if ("socketPath" in place) return await connected(connectSocket(place.socketPath), "connect", signal);
  const { host, port, tls } = place;
  if (tls === undefined) return await connected(connectSocket({ host, port }), "connect", signal);
  const { connect }: typeof NodeTls = process.getBuiltinModule("node:tls");
  const { isVerified, ca, cert, key, serverName } = tls;
  const options = {
    host,
    port,
    rejectUnauthorized: isVerified,
    ALPNProtocols: ["h2"],
    ...given({ ca, cert, key, servername: serverName }),
  };
  return await connected(connect(options), "secureConnect", signal);
}

/** Asks a daemon to hand its connection over to `protocol`. Rejects with an error that has its answer where it does not, and as `openDuplex`. */
export async function upgradeDuplex(
  place: DaemonPlace,
  {
    path,
    protocol,
    headers,
  }: { readonly path: string; readonly protocol: string; readonly headers: Readonly<Record<string, string | string[]>> },
  signal: AbortSignal,
): Promise<Duplex> {
  const http: typeof NodeHttp = process.getBuiltinModule("node:http");
  const client = "socketPath" in place || place.tls === undefined ? http : process.getBuiltinModule("node:https");
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const where = "socketPath" in place ? {} : { host: place.host, port: place.port };
  const request = client.request({
    ...where,
    agent: daemonAgent(place, { keepAlive: false }),
    method: "POST",
    path,
    headers: { host: "daemon", connection: "Upgrade", upgrade: protocol, ...headers },
  });
  const stop = (): void => {
    reject(signal.aborted ? (signal.reason as Error) : new Error(`no answer within ${CONNECT_MS / 1000} s`));
    request.destroy();
  };
  // Until it is handed over: what is upgraded lives as long as its protocol.
  const timer = setTimeout(stop, CONNECT_MS);
  signal.addEventListener("abort", stop, { once: true });
  request.once("upgrade", (_answer, socket, head) => {
    if (head.byteLength > 0) socket.unshift(head);
    resolve(socket);
  });
  request.once("response", (answer) => {
    answer.resume();
    reject(new Error(`it answered ${answer.statusCode ?? 0} to ${path}`));
  });
  request.once("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
  request.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function connected<Socket extends Duplex>(socket: Socket, event: string, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const either = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  const stop = (): void => {
    socket.destroy();
    reject(signal.aborted ? (signal.reason as Error) : new Error(`no answer within ${CONNECT_MS / 1000} s`));
  };
  either.addEventListener("abort", stop, { once: true });
  socket.once("error", reject);
  socket.once(event, () => resolve(socket));
  try {
    return await promise;
  } finally {
    either.removeEventListener("abort", stop);
    socket.off("error", reject);
  }
}
