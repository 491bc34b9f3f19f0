/** Tries again what may pass by itself: broken connections, 408, 429 and 5xx, with growing waits, or as long as the registry asks for. */
import { delay } from "../async.ts";
import { isTransient, retryAfterOf } from "./errors.ts";

/** How often, and after which waits. */
export interface RetryPolicy {
  /** Attempts in all. Default 4. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each further one. Default 250. */
  readonly baseDelayMs: number;
  /** The longest Retry-After, in milliseconds, that is waited for; a longer one is an error at once. Default 30 000. */
  readonly maxRetryAfterMs: number;
}

/** The defaults of `RetryPolicy`. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 4, baseDelayMs: 250, maxRetryAfterMs: 30_000 };

/** Runs `fn` until it succeeds, fails for good, or the attempts are used up; then its last error is thrown. */
export async function retrying<Result>(policy: RetryPolicy, fn: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fn();
    } catch (error) {
      signal?.throwIfAborted();
      const waitMs = attempt < policy.attempts ? waitBefore(policy, attempt, error) : undefined;
      if (waitMs === undefined) throw error;
      await delay(waitMs, signal);
    }
  }
}

/** Milliseconds until the next attempt; undefined when there should be none. */
export function waitBefore(policy: RetryPolicy, attempt: number, error: unknown): number | undefined {
  if (!isTransient(error)) return undefined;
  const asked = retryAfterOf(error);
  if (asked !== undefined) return asked <= policy.maxRetryAfterMs ? asked : undefined;
  // A random part keeps many clients from coming back together.
  return policy.baseDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}
