/**
 * Tries again what may pass by itself, with growing waits or as long as the server asks for. Servers that are busy or break off get half a minute;
 * where nobody answers at all, a few seconds show whether that changes.
 */
import { delay } from "../async.ts";
import { DecantError } from "../errors.ts";

/** For how long, and after which waits. Times are in milliseconds, and count from the first failure. */
export interface RetryPolicy {
  /** For 408, 429, 5xx and connections that break or stall. Default 30 000. */
  readonly busyMs: number;
  /** For refused connections, hosts that cannot be reached, and DNS that does not answer. Default 1500. */
  readonly unreachableMs: number;
  /** Before the second attempt; doubled for each further one. Default 250. */
  readonly baseDelayMs: number;
  /** The longest wait that nobody asked for. Default 8000. */
  readonly maxDelayMs: number;
  /** The longest Retry-After that is waited for; a longer one is an error at once. Default 60 000. */
  readonly maxRetryAfterMs: number;
}

/** The defaults of `RetryPolicy`. */
export const DEFAULT_RETRY: RetryPolicy = {
  busyMs: 30_000,
  unreachableMs: 1500,
  baseDelayMs: 250,
  maxDelayMs: 8000,
  maxRetryAfterMs: 60_000,
};

/** For addresses that have a substitute: it is sooner asked than waited for. */
export const IMPATIENT: Pick<RetryPolicy, "busyMs" | "unreachableMs"> = { busyMs: 2000, unreachableMs: 500 };

/** Time, and chance. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

/** The real one. */
export const SYSTEM_CLOCK: Clock = { now: () => performance.now(), wait: delay, random: () => Math.random() };

/** The failures of one piece of work. */
export interface Retries {
  /** Waits for the next attempt, or rethrows `error` where there should be none. */
  again(error: unknown, signal: AbortSignal | undefined): Promise<void>;
  /** Work has got on: earlier failures are forgotten. */
  progressed(): void;
}

/** Makes a `Retries` without failures. */
export function createRetries(policy: RetryPolicy, clock: Clock): Retries {
  let failures = 0;
  let firstAt = 0;
  return {
    async again(error, signal) {
      signal?.throwIfAborted();
      failures += 1;
      if (failures === 1) firstAt = clock.now();
      const elapsedMs = clock.now() - firstAt;
      const waitMs = waitAfter(error, { policy, failures, elapsedMs, random: clock.random() });
      if (waitMs === undefined) throw error;
      await clock.wait(waitMs, signal);
    },
    progressed: () => void (failures = 0),
  };
}

/** Runs `work` until it succeeds, fails for good, or has been tried for long enough; then its last error is thrown. */
export async function retrying<Result>(retries: Retries, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await retries.again(error, signal);
    }
  }
}

interface Situation {
  readonly policy: RetryPolicy;
  readonly failures: number;
  readonly elapsedMs: number;
  readonly random: number;
}

function waitAfter(error: unknown, { policy, failures, elapsedMs, random }: Situation): number | undefined {
  if (!isTransient(error)) return undefined;
  const { errno, patience } = error.details;
  const isShort = patience === "short" || UNREACHABLE.has(String(errno));
  const budgetMs = isShort ? policy.unreachableMs : policy.busyMs;
  if (elapsedMs >= budgetMs) return undefined;
  const ownMs = Math.min(policy.baseDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
  const asked = error.details["retryAfterMs"];
  const askedMs = typeof asked === "number" ? asked : 0;
  if (askedMs > policy.maxRetryAfterMs) return undefined;
  // The random part keeps many clients from coming back together; never sooner than was asked for.
  return askedMs > ownMs ? askedMs + ownMs * random * 0.5 : ownMs * (0.75 + random * 0.5);
}

/** Nobody answers. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EAI_AGAIN",
  "EPROXY",
]);
/** An answer that broke off, or did not come. */
const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"]);
const NEVER_STATUS: ReadonlySet<number> = new Set([501, 505, 511]);

/** May a connection that failed with this code succeed later? */
export function isTransientErrno(errno: string): boolean {
  return UNREACHABLE.has(errno) || BROKEN.has(errno);
}

/** May a request with this status succeed later? */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && !NEVER_STATUS.has(status));
}

/** Retry-After of RFC 9110 10.2.3, seconds or a date, in milliseconds from `now` (milliseconds since the epoch). */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** May the same request succeed later? Clients keep `transient` in the details of their errors; with `patience: "short"` it is soon or never. */
function isTransient(error: unknown): error is DecantError {
  return error instanceof DecantError && error.details["transient"] === true;
}
