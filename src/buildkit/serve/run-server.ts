/** Serves until nobody wants anything any more. */
import type { ByteStream } from "../../bytes.ts";
import type { StoreOptions } from "../../context/index.ts";
import { tunnel } from "../grpc/tunnel.ts";
import { type Certificates, type Door, type Enter, openActivated, openDoor } from "./doors.ts";
import type { AnswerWriters, OptionReaders } from "./readers.ts";
import { openBuildServer } from "./server.ts";

/** Options of `serve`. */
interface ServeOptions extends StoreOptions {
  readonly readers: OptionReaders;
  readonly writers: AnswerWriters;
  /** What steps of clients may ask for: "network.host", "security.insecure", "device". */
  readonly allow: readonly string[];
  /** "unix:///run/decant.sock", "tcp://0.0.0.0:8443". */
  readonly addresses: readonly string[];
  /** For TCP. */
  readonly certificates?: Certificates | undefined;
  /** Ends when no client was there for so long. Default: never. */
  readonly idleMs?: number | undefined;
  /** One client, on these streams, instead of doors; ends with it. */
  readonly streams?: { readonly input: ByteStream; readonly write: (chunk: Uint8Array) => Promise<void> } | undefined;
  /** Is told each door once it is open. */
  readonly onOpen?: ((address: string) => void) | undefined;
}

/** Serves until the signal, the idle time or the end of the streams. Throws `USAGE`, and what opening the store throws. */
export async function serve(options: ServeOptions): Promise<void> {
  const { addresses, certificates, idleMs, streams, onOpen, signal } = options;
  await using server = await openBuildServer(options);
  if (streams !== undefined) {
    await server.serve(tunnel(streams.input, streams.write));
    return;
  }
  const ended = Promise.withResolvers<void>();
  let clients = 0;
  let timer: NodeJS.Timeout | undefined;
  const rest = (): void => {
    clearTimeout(timer);
    if (clients === 0 && idleMs !== undefined) timer = setTimeout(ended.resolve, idleMs);
  };
  const enter: Enter = (duplex, owner) => {
    clients += 1;
    clearTimeout(timer);
    void server.serve(duplex, owner).finally(() => {
      clients -= 1;
      rest();
    });
  };
  await using doors = new AsyncDisposableStack();
  const open: Door[] = [...(await openActivated(options.env ?? process.env, enter))];
  for (const address of open.length > 0 ? [] : addresses) open.push(await openDoor(address, certificates, enter));
  for (const door of open) {
    doors.use(door);
    onOpen?.(door.address);
  }
  rest();
  signal?.addEventListener("abort", () => ended.resolve(), { once: true });
  if (signal?.aborted === true) ended.resolve();
  await ended.promise;
  clearTimeout(timer);
}
