/** Sessions of clients: the way back to each client, by the ID that its build names. */
import { create } from "@bufbuild/protobuf";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { type GrpcClient, openGrpcClient } from "../grpc/client.ts";
import type { ServerCall } from "../grpc/method.ts";
import { bytesIn, tunnel } from "../grpc/tunnel.ts";
import { BytesMessageSchema } from "../wire/control_pb.ts";

/** One session. */
export interface ClientSession {
  readonly id: string;
  /** What its contexts are kept under between builds; may be empty. */
  readonly sharedKey: string;
  readonly client: GrpcClient;
  /** Does the client answer this method? */
  has(path: string): boolean;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}

/** How long a build waits for the session that it names. */
const WAIT_MS = 10_000;

/** The sessions that are open. */
export class ClientSessions {
  readonly #open = new Map<string, ClientSession>();
  readonly #waiting = new Map<string, ((session: ClientSession) => void)[]>();

  /** Serves a session until the client ends it. */
  async serve(call: ServerCall<typeof BytesMessageSchema, typeof BytesMessageSchema>): Promise<void> {
    const one = (name: string): string => call.metadata[name]?.[0] ?? "";
    const id = one("x-docker-expose-session-uuid");
    if (id === "" || this.#open.has(id)) throw new GrpcError(CODE.invalid, "a session needs an ID of its own");
    call.start();
    const ended = new AbortController();
    const end = (): void => ended.abort(new GrpcError(CODE.cancelled, "the session of the client has ended"));
    const duplex = tunnel(bytesIn(call.requests), (data) => call.send(create(BytesMessageSchema, { data })));
    const closed = new Promise<void>((resolve) => duplex.once("close", resolve));
    duplex.on("error", () => undefined);
    duplex.once("end", end);
    const methods = new Set((call.metadata["x-docker-expose-session-grpc-method"] ?? []).map((path) => path.toLowerCase()));
    const client = openGrpcClient(duplex);
    const session: ClientSession = {
      id,
      sharedKey: one("x-docker-expose-session-sharedkey"),
      client,
      has: (path) => methods.has(path.toLowerCase()),
      signal: AbortSignal.any([call.signal, ended.signal]),
    };
    this.#open.set(id, session);
    for (const resolve of this.#waiting.get(id) ?? []) resolve(session);
    this.#waiting.delete(id);
    call.signal.addEventListener("abort", () => duplex.destroy(), { once: true });
    await closed;
    end();
    this.#open.delete(id);
  }

  /** The session with this ID, which may come a little later than the build. Throws `GrpcError`. */
  async get(id: string, signal: AbortSignal): Promise<ClientSession> {
    const found = this.#open.get(id);
    if (found !== undefined) return found;
    const late = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    return await new Promise<ClientSession>((resolve, reject) => {
      const waiters = this.#waiting.get(id) ?? [];
      this.#waiting.set(id, [...waiters, resolve]);
      late.addEventListener("abort", () => reject(new GrpcError(CODE.unavailable, `no active session for ${id}`)), { once: true });
    });
  }
}
