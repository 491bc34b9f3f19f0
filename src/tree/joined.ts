/** Work that several callers want at once, done once per store; callers come and go by their own signals. */
import type { Store } from "../store/index.ts";

const running = new WeakMap<Store, Map<string, Promise<unknown>>>();

/**
 * Runs `fn`, or joins the run of `key` that is under way. When the run that was joined fails because its starter was cancelled, the
 * work starts again under the caller's signal.
 */
export async function joined<Value>(store: Store, key: string, fn: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
  let works = running.get(store);
  if (works === undefined) {
    works = new Map();
    running.set(store, works);
  }
  for (;;) {
    signal?.throwIfAborted();
    const known = works.get(key);
    if (known === undefined) break;
    try {
      // Keys name the kind of work, so that the type is the same for each.
      return (await known) as Value;
    } catch (error) {
      if (!isAbort(error)) throw error;
      // Its starter removes it in the same turn.
      if (works.get(key) === known) works.delete(key);
    }
  }
  const work = fn();
  works.set(key, work);
  try {
    return await work;
  } finally {
    if (works.get(key) === work) works.delete(key);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
