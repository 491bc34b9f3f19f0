/** One request to one address and its answer, each part of it within its time. The bodies are as they were sent: nothing is decoded. */
import type * as NodeHttp from "node:http";
import type * as NodeHttps from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ByteStream } from "../bytes.ts";
import { connectionError } from "./failures.ts";
import { createMeter, type Meter, type Pace } from "./meter.ts";
import { type RequestBody, sendBody } from "./send-body.ts";

/** How long a server may take, in milliseconds. */
export interface Timers {
  /** Until there is a connection, with TLS and by way of a proxy. Default 30 000. */
  readonly connectMs: number;
  /** From the request to the head of the answer. Default 120 000. */
  readonly answerMs: number;
  /** The same after an upload: registries on object storage take their time to commit a large blob. Default 600 000. */
  readonly uploadAnswerMs: number;
  /** How fast a body must come. Default 60 kB a minute. */
  readonly download: Pace;
  /** How fast an upload must be taken. Default: anything in ten minutes. */
  readonly upload: Pace;
}

/** The defaults of `Timers`. */
export const DEFAULT_TIMERS: Timers = {
  connectMs: 30_000,
  answerMs: 120_000,
  uploadAnswerMs: 600_000,
  download: { windowMs: 60_000, minBytes: 60_000 },
  upload: { windowMs: 600_000, minBytes: 1 },
};

/** A request to one address, with all its headers. */
interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly agent: NodeHttp.Agent;
  /** The whole URL is asked for, as proxies of plain HTTP want it. */
  readonly absolute: boolean;
  readonly timers: Timers;
  readonly signal: AbortSignal | undefined;
}

/** An answer. Read `body` to its end, leave its loop, or call `discard`: otherwise its connection stays open. */
export interface Reply {
  readonly status: number;
  /** The server's own words for the status. */
  readonly statusText: string;
  header(name: string): string | undefined;
  /** Throws raw errors of the connection. */
  readonly body: ByteStream;
  discard(): void;
  /** The address at the other end of the connection: a proxy's, where there is one. */
  readonly remoteAddress: string | undefined;
}

/** What is cheaper to read than to open a connection again. */
const CHEAP_BYTES = 64 * 1024;

/** The source of an upload failed, not the connection. */
export class SourceFailed extends Error {
  override readonly name: string = "SourceFailed";
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("the source of the upload failed");
    this.reason = reason;
  }
}

/** Sends a request. Rejects with raw errors of the connection, with `SourceFailed`, and with the reason of `signal`. */
export async function exchange(request: Exchange): Promise<Reply> {
  const { url, signal, body, timers } = request;
  signal?.throwIfAborted();
  const start = url.protocol === "https:" ? https().request : http().request;
  const outgoing = start({
    ...target(request),
    agent: request.agent,
    method: request.method,
    headers: { ...request.headers, ...(body === undefined ? {} : { "content-length": String(body.size) }) },
  });
  const { promise, resolve, reject } = Promise.withResolvers<NodeHttp.IncomingMessage>();
  outgoing.once("response", (message: NodeHttp.IncomingMessage) => {
    // A connection that breaks while nobody reads must not end the process; readers see the error themselves.
    message.on("error", () => {});
    resolve(message);
  });
  outgoing.on("error", reject);
  const onAbort = (): void => {
    reject(signal?.reason);
    // Without an error: between an answer and the next request a connection has nobody who listens for one.
    outgoing.destroy();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.once("close", () => signal?.removeEventListener("abort", onAbort));
  watchStages(outgoing, timers, body === undefined ? timers.answerMs : timers.uploadAnswerMs);
  using upload = body === undefined ? undefined : uploadMeter(outgoing, timers);
  const sending = body === undefined || upload === undefined ? undefined : sendBody(outgoing, body, upload);
  if (sending === undefined) outgoing.end();
  else {
    sending.done.catch((error: unknown) => {
      reject(error);
      outgoing.destroy();
    });
  }
  try {
    return toReply(await promise, request);
  } catch (error) {
    signal?.throwIfAborted();
    throw sending?.failure === undefined ? error : new SourceFailed(sending.failure.error);
  }
}

function uploadMeter(outgoing: NodeHttp.ClientRequest, { upload }: Timers): Meter {
  return createMeter(upload, () => outgoing.destroy(tooLong("the server took nothing of the upload", upload.windowMs)));
}

/** Cancels a request that has no connection, or no answer, in time. What is between them, the upload, has a meter. */
function watchStages(outgoing: NodeHttp.ClientRequest, { connectMs }: Timers, answerMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (ms: number, message: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => outgoing.destroy(tooLong(message, ms)), ms);
  };
  const disarm = (): void => clearTimeout(timer);
  let isSent = false;
  const connected = (): void => void (isSent || disarm());
  arm(connectMs, "no connection");
  outgoing.once("socket", (socket: Socket) => {
    const isTls = "secureConnecting" in socket;
    if (isTls && (socket as TLSSocket & { readonly secureConnecting: boolean }).secureConnecting) socket.once("secureConnect", connected);
    else if (!isTls && socket.connecting) socket.once("connect", connected);
    else connected();
  });
  outgoing.once("finish", () => {
    isSent = true;
    arm(answerMs, "no answer");
  });
  outgoing.once("response", () => {
    isSent = true;
    disarm();
  });
  outgoing.once("close", disarm);
}

function target({ url, absolute }: Exchange): NodeHttp.RequestOptions {
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    ...(url.port === "" ? {} : { port: url.port }),
    path: absolute ? `${url.protocol}//${url.host}${url.pathname}${url.search}` : url.pathname + url.search,
  };
}

function toReply(message: NodeHttp.IncomingMessage, request: Exchange): Reply {
  const header = (name: string): string | undefined => {
    const value = message.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  return {
    status: message.statusCode ?? 0,
    statusText: message.statusMessage ?? "",
    header,
    remoteAddress: message.socket.remoteAddress,
    discard() {
      if (Number(header("content-length") ?? 0) <= CHEAP_BYTES) message.resume();
      else message.destroy();
    },
    body: readBody(message, request),
  };
}

async function* readBody(
  message: NodeHttp.IncomingMessage,
  { signal, timers: { download } }: Exchange,
): AsyncGenerator<Uint8Array, void, undefined> {
  using meter = createMeter(download, (bytes) =>
    message.destroy(connectionError("ETIMEDOUT", `only ${bytes} bytes came in ${download.windowMs / 1000} s`)),
  );
  try {
    meter.waiting();
    for await (const chunk of message as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      meter.moved(chunk.byteLength);
      yield chunk;
      meter.waiting();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function tooLong(what: string, ms: number): Error {
  return connectionError("ETIMEDOUT", `${what} in ${ms / 1000} s`);
}

/** On first use, and not by `import`: importing the module reads all its exports, one of which loads the whole built-in fetch (35 ms). */
const http = (): typeof NodeHttp => process.getBuiltinModule("node:http");
const https = (): typeof NodeHttps => process.getBuiltinModule("node:https");
