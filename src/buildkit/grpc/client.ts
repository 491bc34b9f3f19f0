/** gRPC's client side on any duplex. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders, sensitiveHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { CODE, errorOf, GrpcError } from "./errors.ts";
import { frameOf, framesIn } from "./frames.ts";
import { type Metadata, type Method, pathOf } from "./method.ts";
import { CANCEL, write } from "./server.ts";

/** A call that is open. Disposing resets it, where it has not ended. */
export interface ClientCall<Input extends DescMessage, Output extends DescMessage> extends Disposable {
  send(message: MessageInitShape<Input>): Promise<void>;
  /** Nothing more is sent. */
  end(): void;
  /** What the other side answers, once. Throws `GrpcError` at the end of a call that failed. */
  readonly responses: AsyncIterable<MessageShape<Output>>;
}

/** A connection to whoever answers. */
export interface GrpcClient extends AsyncDisposable {
  open<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    options: { readonly metadata?: Metadata; readonly signal: AbortSignal },
  ): ClientCall<Input, Output>;
  /** One request, one answer. Throws `GrpcError`. */
  unary<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    request: MessageInitShape<Input>,
    options: { readonly metadata?: Metadata; readonly signal: AbortSignal },
  ): Promise<MessageShape<Output>>;
}

const WINDOW_BYTES = 1024 * 1024;

/** Speaks HTTP/2 on `duplex` at once. */
export function openGrpcClient(duplex: Duplex): GrpcClient {
  const session: ClientHttp2Session = connect("http://localhost", {
    createConnection: () => duplex,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
  });
  session.on("error", () => session.destroy());
  session.once("connect", () => session.setLocalWindowSize(4 * WINDOW_BYTES));
  const open: GrpcClient["open"] = (method, { metadata = {}, signal }) => {
    signal.throwIfAborted();
    if (session.destroyed || session.closed) throw new GrpcError(CODE.unavailable, "the client has gone");
    const headers = {
      ":method": "POST",
      ":path": pathOf(method),
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "decant",
    };
    const stream = session.request(
      { ...headers, ...(metadata as Record<string, string | string[]>), [sensitiveHeaders]: [] },
      { endStream: false },
    );
    return callOn(stream, method, signal);
  };
  return {
    open,
    async unary(method, request, options) {
      using call = open(method, options);
      await call.send(request);
      call.end();
      for await (const answer of call.responses) {
        for await (const _more of call.responses) throw new GrpcError(CODE.internal, `${pathOf(method)} answered twice`);
        return answer;
      }
      throw new GrpcError(CODE.internal, `${pathOf(method)} ended without an answer`);
    },
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return;
      await new Promise<void>((resolve) => {
        session.close(resolve);
        session.once("error", () => resolve());
        session.once("close", () => resolve());
      });
    },
  };
}

function callOn<Input extends DescMessage, Output extends DescMessage>(
  stream: ClientHttp2Stream,
  method: Method<Input, Output>,
  signal: AbortSignal,
): ClientCall<Input, Output> {
  const end = new AbortController();
  const stop = (): void => stream.close(CANCEL);
  signal.addEventListener("abort", stop, { once: true });
  let trailers: IncomingHttpHeaders | undefined;
  const ended = new Promise<void>((resolve) => {
    stream.on("response", (headers) => {
      if (headers["grpc-status"] !== undefined) trailers = headers;
    });
    stream.on("trailers", (headers) => (trailers = headers));
    // After a finished answer the other side may reset what we still could send: no error.
    stream.on("error", () => undefined);
    stream.on("close", () => {
      signal.removeEventListener("abort", stop);
      end.abort(failure() ?? new GrpcError(CODE.unavailable, `${pathOf(method)} has ended`));
      resolve();
    });
  });
  const failure = (): GrpcError | undefined =>
    trailers === undefined ? new GrpcError(CODE.unavailable, `${pathOf(method)}: the client has gone`) : errorOf(trailers);
  const answers = async function* (): AsyncGenerator<MessageShape<Output>, void, undefined> {
    try {
      for await (const frame of framesIn(stream.iterator({ destroyOnReturn: false }))) yield fromBinary(method.output, frame);
    } catch (error) {
      if (error instanceof GrpcError) throw error;
    }
    signal.throwIfAborted();
    if (!stream.writableEnded) stream.end();
    await ended;
    signal.throwIfAborted();
    const error = failure();
    if (error !== undefined) throw error;
  };
  const responses = answers();
  return {
    send: (message) => write(stream, frameOf(toBinary(method.input, create(method.input, message))), end.signal),
    end: () => stream.end(),
    // Leaving a loop early must not end the reading.
    responses: { [Symbol.asyncIterator]: () => ({ next: () => responses.next() }) },
    [Symbol.dispose]: () => {
      if (!stream.closed) stream.close(CANCEL);
    },
  };
}
