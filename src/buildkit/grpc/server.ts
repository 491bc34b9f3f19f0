/** gRPC's server side on any duplex: a socket, TLS, the standard streams. */
import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { CODE, GrpcError, trailersOf } from "./errors.ts";
import { frameOf, framesIn } from "./frames.ts";
import { type Handler, type Metadata, type Method, pathOf } from "./method.ts";

/** What is answered, by path. */
type Routes = ReadonlyMap<string, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void>;

/** Errors that handlers throw become these. */
type ToGrpc = (error: unknown) => GrpcError;

/** Looks at a request. */
type Check = (request: Message) => void;

/** A table of methods and their work. */
export class Router {
  readonly #routes = new Map<string, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void>();
  readonly #toGrpc: ToGrpc;
  readonly #check: Check;

  /** `check` looks at each request before its method does, and throws for one that is refused; by default none is. */
  constructor(toGrpc: ToGrpc, check: Check = () => undefined) {
    this.#toGrpc = toGrpc;
    this.#check = check;
  }

  /** A method of any shape. */
  stream<Input extends DescMessage, Output extends DescMessage>(method: Method<Input, Output>, handler: Handler<Input, Output>): this {
    this.#routes.set(
      pathOf(method),
      (stream, headers) => void answer(stream, headers, { method, handler, toGrpc: this.#toGrpc, check: this.#check }),
    );
    return this;
  }

  /** A method with one request and one answer. */
  unary<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    work: (
      request: MessageShape<Input>,
      call: { readonly metadata: Readonly<Record<string, readonly string[]>>; readonly signal: AbortSignal },
    ) => Promise<MessageShape<Output>>,
  ): this {
    return this.stream(method, async ({ requests, metadata, signal, send }) => {
      for await (const request of requests) {
        await send(await work(request, { metadata, signal }));
        return;
      }
      throw new GrpcError(CODE.internal, "a call without a request");
    });
  }

  get routes(): Routes {
    return this.#routes;
  }
}

/** Serves a connection until either side ends it. Resolves then; a broken connection is no error. */
export async function serveConnection(duplex: Duplex, routes: Routes): Promise<void> {
  const session: ServerHttp2Session = performServerHandshake(duplex, { settings: { initialWindowSize: WINDOW_BYTES } });
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  session.on("stream", (stream, headers) => {
    const path = String(headers[":path"]);
    // A client that goes away resets its streams.
    stream.on("error", () => undefined);
    const route = routes.get(path);
    if (route === undefined) refuse(stream, new GrpcError(CODE.unimplemented, `unknown method ${path}`));
    else route(stream, headers);
  });
  await new Promise<void>((resolve) => {
    // Node tells a client that closes while it still sends as a protocol error: everything is answered by then.
    session.on("error", () => session.destroy());
    session.on("close", resolve);
  });
}

/** Large contexts should not wait for acknowledgements. */
const WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;

const HEADERS = { ":status": 200, "content-type": "application/grpc" };

function refuse(stream: ServerHttp2Stream, error: GrpcError): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...HEADERS, ...trailersOf(error) }, { endStream: true });
}

interface Answering<Input extends DescMessage, Output extends DescMessage> {
  readonly method: Method<Input, Output>;
  readonly handler: Handler<Input, Output>;
  readonly toGrpc: ToGrpc;
  readonly check: Check;
}

async function answer<Input extends DescMessage, Output extends DescMessage>(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { method, handler, toGrpc, check }: Answering<Input, Output>,
): Promise<void> {
  const gone = new AbortController();
  stream.once("close", () => gone.abort(new GrpcError(CODE.cancelled, "the client has gone")));
  let trailers = trailersOf();
  let hasStarted = false;
  const start = (metadata: Metadata = {}): void => {
    if (hasStarted || stream.destroyed) return;
    hasStarted = true;
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.respond({ ...HEADERS, ...(metadata as Record<string, string | string[]>) }, { waitForTrailers: true });
  };
  const send = async (message: MessageShape<Output>): Promise<void> => {
    start();
    await write(stream, frameOf(toBinary(method.output, message)), gone.signal);
  };
  try {
    await handler({
      metadata: metadataOf(headers),
      requests: decoded(framesIn(stream.iterator({ destroyOnReturn: false })), method.input, check),
      signal: gone.signal,
      start,
      send,
    });
    start();
  } catch (error) {
    const failure = toGrpc(error);
    if (!hasStarted) {
      refuse(stream, failure);
      return;
    }
    trailers = trailersOf(failure);
  }
  if (!stream.destroyed) stream.end();
  // What the client still sends is of no use.
  stream.resume();
}

async function* decoded<Input extends DescMessage>(
  frames: AsyncIterable<Uint8Array>,
  schema: Input,
  check: Check,
): AsyncGenerator<MessageShape<Input>, void, undefined> {
  for await (const frame of frames) {
    let message: MessageShape<Input>;
    try {
      message = fromBinary(schema, frame);
    } catch (cause) {
      // The code that other servers give.
      throw new GrpcError(CODE.internal, `a message of ${schema.typeName} cannot be read`, { cause });
    }
    check(message);
    yield message;
  }
}

/** Writes, and waits while the other side does not read. */
export async function write(
  stream: NodeJS.WritableStream & { readonly destroyed?: boolean },
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (stream.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      stream.off("drain", done);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const stop = (): void => {
      stream.off("drain", done);
      reject(signal.reason as Error);
    };
    stream.once("drain", done);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    // Node joins values of one name by ", ".
    found[name] = Array.isArray(value) ? value : String(value).split(", ");
  }
  return found;
}

/** The code of HTTP/2 that ends a stream nobody needs any more. */
export const CANCEL: number = constants.NGHTTP2_CANCEL;
