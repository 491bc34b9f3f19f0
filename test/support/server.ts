/**
 * The server of the tests: http and https on one port of this machine, every request remembered, and misbehaving when told to (faults.ts). The fake
 * registry, strangers and file servers are what it is told to answer.
 */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Answer, answerWith, createFaults, type Fault } from "./faults.ts";
import { LOCALHOST_TLS } from "./tls.ts";

/** A request that came in. */
export interface Heard {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As far as it was read. */
  body: Buffer;
  /** It came over TLS. */
  readonly secure: boolean;
  /** The client showed a certificate. */
  readonly certified: boolean;
  /** Of the answer; 0: none was sent. */
  status: number;
}

/** Gives the proper answer; `fault` is what will spoil it. */
export type Respond = (request: Heard, fault: Fault | undefined) => Answer | Promise<Answer>;

/** How it is started. */
export interface ServerOptions {
  /** Default "both", on the same port. */
  readonly scheme?: "http" | "https" | "both";
  /** PEM texts. Default: those of tls.ts. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Hears of a request that a fault cut off, with the part of its body that came. */
  readonly onCut?: (request: Heard) => void;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A running server; dispose it to stop it and cut its connections. */
export interface TestServer extends AsyncDisposable {
  /** "127.0.0.1:34567". */
  readonly host: string;
  /** "http://127.0.0.1:34567". */
  readonly origin: string;
  /** "https://127.0.0.1:34567". */
  readonly secureOrigin: string;
  readonly heard: Heard[];
  /** "METHOD /path", one for each request. */
  log(): string[];
  /** The places where one of `secrets`, plain or in base64, arrived: empty is good. */
  leaks(...secrets: readonly string[]): string[];
  /** Misbehaves for the next request that matches. */
  fault(fault: Fault): void;
}

/** Starts one. */
export async function startServer(respond: Respond, options: ServerOptions = {}): Promise<TestServer> {
  const { scheme = "both", address = "127.0.0.1" } = options;
  const heard: Heard[] = [];
  const faults = createFaults();
  const listener: RequestListener = (request, response) => {
    const socket = request.socket as TLSSocket;
    const secure = socket.encrypted === true;
    const one: Heard = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers as Heard["headers"],
      body: Buffer.alloc(0),
      secure,
      certified: secure && Object.keys(socket.getPeerCertificate()).length > 0,
      status: 0,
    };
    heard.push(one);
    response.on("close", () => {
      if (response.headersSent) one.status = response.statusCode;
    });
    const answer = async (): Promise<void> => {
      const fault = faults.take(`${one.method} ${one.path}`);
      if (fault?.kind !== "drop" && fault?.kind !== "hang") one.body = await read(request);
      if (fault !== undefined && (await answerWith(fault, request, response, (received) => options.onCut?.({ ...one, body: received }))))
        return;
      faults.send(fault, await respond(one, fault), request, response);
    };
    answer().catch((error: unknown) => {
      // A client that went away is not our failure; anything else must be seen by the test.
      if (!request.destroyed && !response.headersSent) response.writeHead(599).end(String(error));
      else response.destroy();
    });
  };
  const plain = createServer(listener);
  const tls = createTlsServer({ ...(options.tls ?? LOCALHOST_TLS), requestCert: true, rejectUnauthorized: false }, listener);
  const listen = (server: { listen(port: number, host: string, done: () => void): unknown }, port: number, host: string): Promise<void> =>
    new Promise((resolve) => void server.listen(port, host, resolve));
  await Promise.all([listen(plain, 0, "127.0.0.1"), listen(tls, 0, "127.0.0.1")]);
  const sockets = new Set<Socket>();
  const port = createNetServer((socket) => {
    socket.once("data", (first: Buffer) => {
      // The first byte of TLS is 22; one of HTTP is a letter.
      const server = scheme === "both" ? (first[0] === 22 ? tls : plain) : scheme === "https" ? tls : plain;
      const inner = connect((server.address() as AddressInfo).port, "127.0.0.1");
      for (const one of [socket, inner]) {
        sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => void [socket, inner].map((other) => other.destroySoon()));
      }
      inner.write(first);
      socket.pipe(inner).pipe(socket);
    });
    socket.on("error", () => {});
  });
  await listen(port, options.port ?? 0, address);
  const host = `${address}:${(port.address() as AddressInfo).port}`;
  return {
    host,
    origin: `http://${host}`,
    secureOrigin: `https://${host}`,
    heard,
    log: () => heard.map(({ method, path }) => `${method} ${path}`),
    leaks: (...secrets) =>
      heard.flatMap((one) => secrets.filter((secret) => holdsSecret(one, secret)).map((secret) => `${one.path}: ${secret}`)),
    fault: (fault) => faults.add(fault),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of [plain, tls]) server.closeAllConnections();
      await Promise.all([port, plain, tls].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function holdsSecret({ path, headers, body }: Heard, secret: string): boolean {
  const text = [decodeURIComponent(path), ...Object.values(headers), body.toString("latin1")].join("\n");
  const words = text.match(/[\w+/=-]{8,}/g) ?? [];
  return text.includes(secret) || words.some((word) => Buffer.from(word, "base64").toString("latin1").includes(secret));
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
