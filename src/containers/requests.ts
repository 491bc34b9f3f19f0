/**
 * How one process asks another to end its container: a socket beside the announcement, in a folder that only the store's owner can enter. A
 * request is a line of JSON; the end of the connection is the end of the container. Works across pid namespaces, and knows no pids that others
 * may have got meanwhile.
 */
import { given } from "../given.ts";
import { closeSync, constants, existsSync, openSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { delay } from "../async.ts";
import { errnoOf } from "../errors.ts";
import { signalNumber } from "../signals.ts";
import { noAnswer } from "./errors.ts";
import type { StopOptions } from "./types.ts";

const MAX_BYTES = 1024;
const RETRY_MS = 10;
/** For the last of the container: its mounts, its layers. */
const CLEANUP_MS = 10_000;

/** As it goes over the socket. `timeoutMs` null: never. */
interface StopRequest {
  readonly signal?: string;
  readonly timeoutMs?: number | null;
}

/** Takes requests beside `announcement` until disposed, which tells all who asked that it is over. */
export async function listenForRequests(announcement: string, stop: (request: StopOptions) => void): Promise<AsyncDisposable> {
  const asking = new Set<Socket>();
  const place = socketPlace(announcement);
  const server = createServer((socket) => {
    asking.add(socket);
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const request = text.length > MAX_BYTES ? undefined : parseRequest(text);
      if (request !== undefined) stop(request);
      if (request !== undefined || text.length > MAX_BYTES) text = "";
    });
    // Who asked may go away at any time.
    socket.on("error", () => {});
    socket.on("close", () => asking.delete(socket));
    socket.unref();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(place.path, resolve);
  try {
    await promise;
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of asking) socket.destroy();
      await closed.promise;
      place[Symbol.dispose]();
    },
  };
}

/** Asks, and waits for the end. `patienceMs`: how long the container may take by itself. Throws `RUNTIME`, and the signal's reason. */
export async function requestStop(
  { id, announcement }: { readonly id: string; readonly announcement: string },
  { signal, timeoutMs, patienceMs, abort }: StopOptions & { readonly patienceMs: number; readonly abort?: AbortSignal | undefined },
): Promise<void> {
  using place = socketPlace(announcement);
  const socket = await connectTo(place.path, announcement, abort).catch((error: unknown) => {
    abort?.throwIfAborted();
    throw error instanceof Error ? noAnswer(id, error) : error;
  });
  if (socket === undefined) return;
  const request: StopRequest = {
    ...given({ signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs: Number.isFinite(timeoutMs) ? timeoutMs : null }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  socket.on("error", () => {});
  socket.resume();
  socket.write(`${JSON.stringify(request)}\n`);
  const onAbort = (): void => reject(abort?.reason);
  abort?.addEventListener("abort", onAbort, { once: true });
  const limitMs = patienceMs + CLEANUP_MS;
  const timer = Number.isFinite(limitMs) ? setTimeout(() => reject(noAnswer(id)), limitMs) : undefined;
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    abort?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

/** Undefined when the container has ended meanwhile. One that has just been announced may not listen yet. */
async function connectTo(path: string, announcement: string, signal: AbortSignal | undefined): Promise<Socket | undefined> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connected(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOENT" && errno !== "ECONNREFUSED") throw error;
      if (!existsSync(announcement)) return undefined;
      await delay(RETRY_MS, signal);
    }
  }
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path, () => resolve(socket));
  socket.once("error", reject);
  return promise;
}

/** A short name for the socket: the kernel takes 107 bytes, and stores may be deep. Good until disposed. */
function socketPlace(announcement: string): Disposable & { readonly path: string } {
  const folder = openSync(dirname(announcement), constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    path: `/proc/self/fd/${folder}/${basename(announcement)}.sock`,
    [Symbol.dispose]: () => closeSync(folder),
  };
}

/** Undefined for half a line, and for what makes no sense. */
function parseRequest(text: string): StopOptions | undefined {
  if (!text.endsWith("\n")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { signal, timeoutMs } = value as { readonly signal?: unknown; readonly timeoutMs?: unknown };
  return {
    signal: typeof signal === "string" && signalNumber(signal) !== undefined ? signal : undefined,
    timeoutMs: timeoutMs === null ? Infinity : typeof timeoutMs === "number" && timeoutMs >= 0 ? timeoutMs : undefined,
  };
}
