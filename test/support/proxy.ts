/** Proxies for tests: one of HTTP (CONNECT and whole URLs), and one of SOCKS 5. Every name leads to this machine, and what they were asked is remembered. */
import { createServer, request as httpRequest } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createNetServer, type Server, type Socket } from "node:net";
import { LOCALHOST_TLS } from "./tls.ts";

/** A running proxy. */
export interface TestProxy extends AsyncDisposable {
  /** "127.0.0.1:34567". */
  readonly host: string;
  /** "CONNECT a.example:443", "GET http://a.example/x", "SOCKS a.example:443". */
  readonly asked: string[];
}

/** How it is set up. */
export interface TestProxyOptions {
  /** "user:password" that it wants. Default: it lets everybody through. */
  readonly login?: string;
  /** It speaks https itself. Default false. */
  readonly tls?: boolean;
  /** What it answers to every CONNECT. Default 200, and a tunnel. */
  readonly status?: number;
}

/** Starts a proxy of HTTP. */
export async function startProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = options.login === undefined ? undefined : `Basic ${Buffer.from(options.login).toString("base64")}`;
  const server = options.tls === true ? createTlsServer(LOCALHOST_TLS) : createServer();
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  server.on("connect", (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const isKnown = wanted === undefined || request.headers["proxy-authorization"] === wanted;
    const status = isKnown ? (options.status ?? 200) : 407;
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    join(socket, connect(Number(request.url?.split(":").at(-1)), "127.0.0.1"), sockets);
  });
  server.on("request", (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) return void response.writeHead(407).end();
    const url = URL.parse(request.url ?? "");
    if (url === null) return void response.writeHead(400).end("a proxy wants a whole URL");
    const { "proxy-authorization": _own, ...headers } = request.headers;
    const outgoing = httpRequest(
      { host: "127.0.0.1", port: url.port || 80, path: url.pathname + url.search, method: request.method, headers },
      (incoming) => {
        response.writeHead(incoming.statusCode ?? 0, incoming.headers);
        incoming.pipe(response);
      },
    );
    outgoing.on("error", () => response.destroy());
    request.pipe(outgoing);
  });
  return await listening(server, sockets, asked);
}

/** Starts a proxy of SOCKS 5. */
export async function startSocks({ login, status = 0 }: Omit<TestProxyOptions, "tls"> = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let stage: "greeting" | "login" | "request" = "greeting";
    socket.on("data", function onData(data: Buffer) {
      if (stage === "greeting") {
        stage = login === undefined ? "request" : "login";
        socket.write(Uint8Array.from([5, login === undefined ? 0 : data.subarray(2).includes(2) ? 2 : 255]));
      } else if (stage === "login") {
        stage = "request";
        const user = data.subarray(2, 2 + (data[1] ?? 0)).toString();
        const password = data.subarray(3 + (data[1] ?? 0)).toString();
        socket.write(Uint8Array.from([1, `${user}:${password}` === login ? 0 : 1]));
      } else {
        const host =
          data[3] === 3 ? data.subarray(5, 5 + (data[4] ?? 0)).toString() : [...data.subarray(4, data[3] === 4 ? 20 : 8)].join(".");
        const port = data.readUInt16BE(data.byteLength - 2);
        asked.push(`SOCKS ${host}:${port}`);
        socket.removeListener("data", onData);
        socket.write(Uint8Array.from([5, status, 0, 1, 127, 0, 0, 1, 0, 80]));
        if (status === 0) join(socket, connect(port, "127.0.0.1"), sockets);
        else socket.end();
      }
    });
  });
  return await listening(server, sockets, asked);
}

function join(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const socket of [one, other]) {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => void [one, other].map((each) => each.destroySoon()));
  }
  one.pipe(other).pipe(one);
}

async function listening(server: Server, sockets: Set<Socket>, asked: string[]): Promise<TestProxy> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
