/** Builds that clients have open, by the reference that they chose. Calls of one build come in any order: whoever is early waits. */
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { SourcePolicy } from "../../project/index.ts";
import type { SecretGuard } from "../../secrets/index.ts";
import type { SolveRequest } from "../wire/control_pb.ts";
import type { ClientResult } from "./client-result.ts";
import type { ClientSession } from "./client-sessions.ts";
import { createStatusLog, type Hide, type StatusLog } from "./status-log.ts";

/** What a client returned: what it wants the result of, an error, or nothing. */
type Returned = { readonly result: ClientResult | undefined } | { readonly error: GrpcError };

/** One open build. */
export interface Job {
  readonly ref: string;
  readonly request: SolveRequest;
  readonly session: ClientSession | undefined;
  readonly status: StatusLog;
  /** Judges the sources of the build, before the client is asked about them. */
  readonly policy: SourcePolicy | undefined;
  /** Learns the secrets that the client lends. */
  readonly secrets: SecretGuard;
  /** Takes secrets of the client, and paths of the store, out of what it is told. */
  readonly hide: Hide;
  /** Aborts when the client cancels, goes away, or the server ends. */
  readonly signal: AbortSignal;
  /** What it fetched is held until this is disposed. */
  readonly stack: AsyncDisposableStack;
  readonly returned: PromiseWithResolvers<Returned>;
}

/** The session of a build that needs one. Throws `GrpcError`. */
export function sessionOf({ session }: Job): ClientSession {
  if (session === undefined) throw new GrpcError(CODE.precondition, "a build needs a session of its client");
  return session;
}

const WAIT_MS = 6000;
/** A client may ask for the status of a build that has just ended. */
const LINGER_MS = 3000;

/** The open builds of a server. */
export class Jobs {
  readonly #hide: Hide;
  readonly #jobs = new Map<string, Job>();
  readonly #ended = new Map<string, unknown>();
  readonly #status = new Map<string, StatusLog>();
  readonly #waiting = new Map<string, ((job: Job) => void)[]>();

  constructor(hide: Hide) {
    this.#hide = hide;
  }

  /** Opens one; `end` closes it. Throws `GrpcError` for a reference that is taken. */
  begin(job: Omit<Job, "status" | "returned" | "hide">): Job & { end(error?: unknown): void } {
    const { ref } = job;
    if (!/^[\w-]{1,100}$/.test(ref) || this.#status.has(ref))
      throw new GrpcError(CODE.invalid, `a build with the reference "${ref}" cannot begin`);
    const hide: Hide = (text) => job.secrets.masked(this.#hide(text));
    const status = createStatusLog(ref, hide);
    const returned = Promise.withResolvers<Returned>();
    returned.promise.catch(() => undefined);
    const begun: Job = { ...job, hide, status, returned };
    this.#jobs.set(ref, begun);
    this.#status.set(ref, status);
    for (const resolve of this.#waiting.get(ref) ?? []) resolve(begun);
    this.#waiting.delete(ref);
    return {
      ...begun,
      end: (error) => {
        status.end();
        this.#jobs.delete(ref);
        this.#ended.set(ref, error ?? new GrpcError(CODE.notFound, `the build ${ref} has ended`));
        const forget = (): void => {
          this.#status.delete(ref);
          this.#ended.delete(ref);
        };
        setTimeout(forget, LINGER_MS).unref();
      },
    };
  }

  /** Is it open, or was it a moment ago? */
  has(ref: string): boolean {
    return this.#status.has(ref);
  }

  /** The references of open builds. */
  refs(): string[] {
    return [...this.#jobs.keys()];
  }

  /** The status of a build that is open, was so a moment ago, or comes soon. Throws `GrpcError`. */
  async status(ref: string, signal: AbortSignal): Promise<StatusLog> {
    return this.#status.get(ref) ?? (await this.get(ref, signal)).status;
  }

  /** An open build, or one that comes soon. Throws `GrpcError`. */
  async get(ref: string, signal: AbortSignal): Promise<Job> {
    const found = this.#jobs.get(ref);
    if (found !== undefined) return found;
    // What a client asks of a build that has failed meanwhile fails as the build did.
    if (this.#ended.has(ref)) throw this.#ended.get(ref);
    const late = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    return await new Promise<Job>((resolve, reject) => {
      this.#waiting.set(ref, [...(this.#waiting.get(ref) ?? []), resolve]);
      late.addEventListener("abort", () => reject(new GrpcError(CODE.notFound, `no such job ${ref}`)), { once: true });
    });
  }
}
