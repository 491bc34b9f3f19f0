/** Connections to builders: sockets, TLS, dockerd's upgraded requests, and the standard streams of a program that talks to one far away. */
import { PassThrough, type Duplex } from "node:stream";
import { once } from "node:events";
import { resolve } from "node:path";
import { dockerEndpoint } from "../../daemon/index.ts";
import { DecantError, isDecantError, usageError } from "../../errors.ts";
import { type DaemonPlace, openDuplex, upgradeDuplex } from "../../net/index.ts";
import { readNamedFile, startProcess } from "../../sys/index.ts";
import { tunnel } from "../grpc/tunnel.ts";
import type { BuilderAddress, Certificates } from "./address.ts";

/** What addresses are looked up in. */
export interface DialOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a builder is reached. */
export interface Dialer {
  /** A connection that speaks gRPC. Throws `BUILDER`. */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** What the program that carries the connection said when it failed, if there is one. */
  readonly complaint?: () => Promise<string | undefined>;
  /** A connection on which the builder asks us, with these headers. Absent: sessions go by a call of the first connection. */
  readonly openSession?: (headers: Readonly<Record<string, string | string[]>>, signal: AbortSignal) => Promise<Duplex>;
}

const MAX_PEM_BYTES = 1024 * 1024;
const MAX_WORDS_BYTES = 4096;
const LAST_WORDS_MS = 1000;

/** Throws `USAGE` for certificates that cannot be read, and as `dockerEndpoint`. */
export async function dialerFor({ address, place }: BuilderAddress, options: DialOptions): Promise<Dialer> {
  switch (place.kind) {
    case "unix":
      return socketDialer(address, { socketPath: place.path });
    case "tcp": {
      const { host, port, certificates } = place;
      return socketDialer(address, { host, port, tls: await tlsOf(certificates, options) });
    }
    case "docker":
      return dockerDialer(address, await dockerEndpoint({ env: options.env, context: place.context }));
    case "docker-container":
      return programDialer(address, ["docker", "exec", "-i", place.name, "buildctl", "dial-stdio"], options);
    case "kube-pod": {
      const { name, namespace, context, container } = place;
      const option = (key: string, value: string | undefined): string[] => (value === undefined ? [] : [key, value]);
      const where = [...option("--context", context), ...option("--namespace", namespace)];
      const inside = [...option("-c", container), name, "--", "buildctl", "dial-stdio"];
      return programDialer(address, ["kubectl", ...where, "exec", "-i", ...inside], options);
    }
    case "ssh": {
      const { destination, port, socket } = place;
      const buildctl = ["buildctl", ...(socket === undefined ? [] : ["--addr", `unix://${socket}`]), "dial-stdio"];
      return programDialer(address, ["ssh", "-T", ...(port === undefined ? [] : ["-p", port]), destination, "--", ...buildctl], options);
    }
    default:
      return place satisfies never;
  }
}

/** The builder cannot be reached, or went away. */
export function builderError(
  address: string,
  why: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): DecantError {
  return new DecantError("BUILDER", `Cannot build on ${address}: ${why}`, { hint, cause, details: { builder: address } });
}

function socketDialer(address: string, place: DaemonPlace): Dialer {
  return { connect: (signal) => reached(address, signal, () => openDuplex(place, signal)) };
}

/** dockerd has BuildKit's calls behind `/grpc`, and its sessions behind `/session`; both connections are upgraded. */
function dockerDialer(address: string, place: DaemonPlace): Dialer {
  const upgrade = (path: string, headers: Readonly<Record<string, string | string[]>>, signal: AbortSignal): Promise<Duplex> =>
    reached(address, signal, () => upgradeDuplex(place, { path, protocol: "h2c", headers }, signal));
  return {
    connect: (signal) => upgrade("/grpc", {}, signal),
    openSession: (headers, signal) => upgrade("/session", headers, signal),
  };
}

function programDialer(address: string, argv: readonly string[], { cwd, env }: DialOptions): Dialer {
  let complaint: Promise<string | undefined> | undefined;
  return {
    complaint: async () => await complaint,
    connect: (signal) =>
      reached(address, signal, async () => {
        const input = new PassThrough();
        const stop = new AbortController();
        const child = startProcess({ argv, cwd, env, input, signal: stop.signal, ownGroup: true });
        const words = lastWords(child.stderr);
        const duplex = tunnel(child.stdout, async (data) => {
          if (!input.write(data)) await once(input, "drain");
        });
        duplex.once("finish", () => input.end());
        duplex.once("close", () => {
          input.end();
          // It ends by itself when nobody talks to it; one that does not is ended.
          setTimeout(() => stop.abort(new DOMException("The connection is closed", "AbortError")), LAST_WORDS_MS).unref();
        });
        complaint = child.exit.then(
          ({ exitCode = 0 }) => (exitCode === 0 ? undefined : `"${argv.slice(0, 2).join(" ")}" ended with ${exitCode}: ${words()}`),
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
        return duplex;
      }),
  };
}

/** What a program says of its end. */
function lastWords(stderr: AsyncIterable<Uint8Array>): () => string {
  let kept = "";
  const read = async (): Promise<void> => {
    for await (const chunk of stderr) kept = `${kept}${Buffer.from(chunk).toString("utf8")}`.slice(-MAX_WORDS_BYTES);
  };
  read().catch(() => undefined);
  return () => kept.trim() || "it said nothing";
}

async function reached(address: string, signal: AbortSignal, open: () => Promise<Duplex>): Promise<Duplex> {
  try {
    return await open();
  } catch (cause) {
    signal.throwIfAborted();
    if (isDecantError(cause)) throw cause;
    throw builderError(address, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function tlsOf(
  { ca, cert, key, serverName }: Certificates,
  { cwd }: DialOptions,
): Promise<Extract<DaemonPlace, { host: string }>["tls"]> {
  return { isVerified: true, ca: await pemOf(ca, cwd), cert: await pemOf(cert, cwd), key: await pemOf(key, cwd), serverName };
}

async function pemOf(path: string, cwd: string): Promise<string> {
  const read = await readNamedFile({ path: resolve(cwd, path) }, { maxBytes: MAX_PEM_BYTES });
  if ("bytes" in read) return read.bytes.toString("utf8");
  throw usageError(`Cannot read the certificate "${path}": ${read.problem}`);
}
