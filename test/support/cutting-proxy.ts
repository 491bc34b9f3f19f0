/** A port that leads to a server, counts what goes over it, and cuts connections when told to. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A running proxy; dispose it to stop it. */
export interface CuttingProxy extends AsyncDisposable {
  /** "127.0.0.1:34567" */
  readonly host: string;
  /** Bytes that came from the server so far. */
  readonly downBytes: number;
  /** Bytes that went to the server so far. */
  readonly upBytes: number;
  readonly connections: number;
}

/** How it cuts. */
export interface CuttingOptions {
  /** Cuts each connection that has moved so many bytes in that direction, for the first `times` of them. */
  readonly cut?: { readonly direction: "down" | "up"; readonly afterBytes: number; readonly times: number };
  /** Called with the bytes that came so far. */
  readonly onDown?: (bytes: number) => void;
}

/** Starts it in front of "host:port". */
export async function startCuttingProxy(target: string, { cut, onDown }: CuttingOptions = {}): Promise<CuttingProxy> {
  const [host = "", port = ""] = target.split(":");
  const total = { down: 0, up: 0 };
  const sockets = new Set<Socket>();
  let connections = 0;
  let cuts = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(Number(port), host);
    const moved = { down: 0, up: 0 };
    const end = (): void => void [client, upstream].map((socket) => socket.destroy());
    const forward = (from: Socket, to: Socket, direction: "down" | "up"): void => {
      sockets.add(from);
      from.on("error", end);
      from.on("close", end);
      from.on("data", (chunk: Buffer) => {
        total[direction] += chunk.byteLength;
        moved[direction] += chunk.byteLength;
        if (direction === "down") onDown?.(total.down);
        if (cut?.direction === direction && cuts < cut.times && moved[direction] >= cut.afterBytes) {
          cuts += 1;
          return end();
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    };
    forward(client, upstream, "up");
    forward(upstream, client, "down");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get downBytes() {
      return total.down;
    },
    get upBytes() {
      return total.up;
    },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
