/** The doors of a server: unix sockets, TCP with certificates on both sides, sockets that systemd has opened, and the standard streams. */
import { createServer as createTcp, type Server, type Socket } from "node:net";
import { createServer as createTls, type TLSSocket } from "node:tls";
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { DecantError, errnoOf, usageError } from "../../errors.ts";
import { makeFolders, readNamedFile } from "../../sys/index.ts";

/** Certificates of a TCP door: paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What comes in by a door. `owner`: the client's certificate, where there is one. */
export type Enter = (duplex: Duplex, owner?: string) => void;

/** An open door. Disposing closes it to new clients. */
export interface Door extends AsyncDisposable {
  /** "unix:///run/decant.sock" */
  readonly address: string;
}

const MAX_PEM_BYTES = 1024 * 1024;
/** The first socket that systemd passes (sd_listen_fds(3)). */
const FIRST_FD = 3;

/** Opens a door at "unix://PATH" or "tcp://HOST:PORT". Throws `USAGE`. */
export async function openDoor(address: string, certificates: Certificates | undefined, enter: Enter): Promise<Door> {
  if (address.startsWith("unix://")) return await openUnix(address.slice("unix://".length), enter);
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]*):(\d{1,5})$/.exec(address);
  if (tcp === null) throw usageError(`Cannot serve at "${address}": wanted unix://PATH or tcp://HOST:PORT`);
  if (certificates === undefined)
    throw usageError(
      `Cannot serve at "${address}": whoever reaches it could run anything on this machine; wanted certificates on both sides`,
      "Give --tlscacert, --tlscert and --tlskey, or serve at unix://PATH",
    );
  const [, host = "", port = ""] = tcp;
  return await openTcp({ host: host.replace(/^\[|\]$/g, "") || "0.0.0.0", port: Number(port) }, certificates, enter);
}

/** The sockets that systemd has opened for this process, by LISTEN_FDS and LISTEN_PID. */
export async function openActivated(env: Readonly<Record<string, string | undefined>>, enter: Enter): Promise<Door[]> {
  const count = Number(env["LISTEN_FDS"] ?? 0);
  if (env["LISTEN_PID"] !== String(process.pid) || !Number.isInteger(count) || count < 1) return [];
  const doors: Door[] = [];
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd += 1) {
    const server = createTcp((socket) => enter(socket));
    await listening(server, () => server.listen({ fd }));
    doors.push(doorOf(server, `fd://${fd}`));
  }
  return doors;
}

async function openUnix(path: string, enter: Enter): Promise<Door> {
  if (!path.startsWith("/"))
    throw usageError(`Cannot serve at "unix://${path}": wanted an absolute path`, 'Write "unix:///run/decant.sock"');
  makeFolders(dirname(path), { mode: 0o700 });
  await removeStale(path);
  const server = createTcp((socket) => enter(socket));
  try {
    await listening(server, () => server.listen(path));
  } catch (error) {
    throw new DecantError("USAGE", `Cannot serve at "unix://${path}": ${errnoOf(error) ?? String(error)}`, { cause: error });
  }
  // Who can write to it can run anything as this user.
  chmodSync(path, 0o600);
  return doorOf(server, `unix://${path}`);
}

/** A socket that nobody listens to any more. Throws `USAGE` for one that somebody does, and for what is no socket. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw usageError(`Cannot serve at "unix://${path}": a file that is no socket is there`);
  const { connect } = await import("node:net");
  const isOpen = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isOpen) throw usageError(`Cannot serve at "unix://${path}": another server is there`);
  rmSync(path, { force: true });
}

async function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  certificates: Certificates,
  enter: Enter,
): Promise<Door> {
  const [ca, cert, key] = [await pemOf(certificates.ca), await pemOf(certificates.cert), await pemOf(certificates.key)];
  const server = createTls(
    { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2", ALPNProtocols: ["h2"] },
    (socket: TLSSocket) => {
      enter(socket, socket.getPeerX509Certificate()?.fingerprint256);
    },
  );
  server.on("tlsClientError", () => undefined);
  await listening(server, () => server.listen({ host, port }));
  const bound = server.address();
  const told = typeof bound === "object" && bound !== null ? bound.port : port;
  return doorOf(server, `tcp://${host}:${told}`);
}

async function pemOf(path: string): Promise<Buffer> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_PEM_BYTES });
  if ("bytes" in read) return read.bytes;
  throw usageError(`Cannot read the certificate "${path}": ${read.problem}`);
}

async function listening(server: Server, listen: () => void): Promise<void> {
  const ready = Promise.withResolvers<void>();
  server.once("error", ready.reject);
  server.once("listening", ready.resolve);
  listen();
  await ready.promise;
  server.off("error", ready.reject);
  server.on("connection", (socket: Socket) => socket.on("error", () => undefined));
}

function doorOf(server: Server, address: string): Door {
  return {
    address,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
