/**
 * The other host: a server that redirects and addresses of hostile servers lead to. It answers as it is told, asks for credentials in every way, and
 * remembers all that it hears, so that a test can search it for secrets.
 */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { LOCALHOST_TLS } from "./tls.ts";

/** A request that came in. */
export interface Heard {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** The client showed a certificate. */
  readonly certified: boolean;
}

/** What it answers. */
export interface StrangerReply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Gives an answer; "bearer" and "basic" ask for credentials, and take whatever comes to /token. */
export type Manners = "bearer" | "basic" | ((request: Heard) => StrangerReply);

/** A running stranger. */
export interface Stranger extends AsyncDisposable {
  /** "127.0.0.1:34567". */
  readonly host: string;
  /** "http://127.0.0.1:34567". */
  readonly origin: string;
  /** "https://127.0.0.1:34567", with the certificate of tls.ts. */
  readonly secureOrigin: string;
  readonly heard: Heard[];
  /** "METHOD /path", one for each request. */
  log(): string[];
  /** The places where one of `secrets`, plain or in base64, arrived: empty is good. */
  leaks(...secrets: readonly string[]): string[];
}

/** Starts one, that speaks http and https on one port of `address` (default 127.0.0.1) and `port` (default: a free one). */
export async function startStranger(
  manners: Manners,
  options: { readonly address?: string; readonly port?: number } = {},
): Promise<Stranger> {
  const heard: Heard[] = [];
  let host = "";
  const listener: RequestListener = (request, response) => {
    void read(request).then((body) => {
      const socket = request.socket as TLSSocket;
      const secure = socket.encrypted === true;
      const one: Heard = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers as Heard["headers"],
        body,
        secure,
        certified: secure && Object.keys(socket.getPeerCertificate()).length > 0,
      };
      heard.push(one);
      const reply = typeof manners === "function" ? manners(one) : asking(manners, one, secure ? `https://${host}` : `http://${host}`);
      response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? "");
    });
  };
  const plain = createServer(listener);
  const tls = createTlsServer({ ...LOCALHOST_TLS, requestCert: true, rejectUnauthorized: false }, listener);
  await Promise.all([plain, tls].map((server) => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))));
  const sockets = new Set<Socket>();
  const port = createNetServer((socket) => {
    socket.once("data", (first: Buffer) => {
      // The first byte of TLS is 22; one of HTTP is a letter.
      const inner = connect(((first[0] === 22 ? tls : plain).address() as AddressInfo).port, "127.0.0.1");
      for (const one of [socket, inner]) {
        sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => void [socket, inner].map((other) => other.destroySoon()));
      }
      inner.write(first);
      socket.pipe(inner).pipe(socket);
    });
  });
  await new Promise<void>((resolve) => void port.listen(options.port ?? 0, options.address ?? "127.0.0.1", resolve));
  host = `${options.address ?? "127.0.0.1"}:${(port.address() as AddressInfo).port}`;
  return {
    host,
    origin: `http://${host}`,
    secureOrigin: `https://${host}`,
    heard,
    log: () => heard.map(({ method, path }) => `${method} ${path}`),
    leaks: (...secrets) =>
      heard.flatMap((one) => secrets.filter((secret) => holdsSecret(one, secret)).map((secret) => `${one.path}: ${secret}`)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([port, plain, tls].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function asking(kind: "bearer" | "basic", { path }: Heard, origin: string): StrangerReply {
  if (path.startsWith("/token"))
    return { headers: { "content-type": "application/json" }, body: JSON.stringify({ token: "of-a-stranger" }) };
  const challenge =
    kind === "basic" ? 'Basic realm="stranger"' : `Bearer realm="${origin}/token",service="stranger",scope="repository:team/app:pull"`;
  return { status: 401, headers: { "www-authenticate": challenge } };
}

function holdsSecret({ path, headers, body }: Heard, secret: string): boolean {
  const text = [decodeURIComponent(path), ...Object.values(headers), body].join("\n");
  const words = text.match(/[\w+/=-]{8,}/g) ?? [];
  return text.includes(secret) || words.some((word) => Buffer.from(word, "base64").toString("latin1").includes(secret));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}
