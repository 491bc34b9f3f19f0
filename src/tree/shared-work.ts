/** Work on layers that several callers want at once, done once per store; callers come and go by their own signals. */
import { createShared, type Shared } from "../async.ts";
import type { Store } from "../store/index.ts";

const works = new WeakMap<Store, Shared<string, unknown>>();

/** Runs `work`, or joins the work of `key` that is under way. See `Shared`. */
export async function sharedWork<Value>(
  store: Store,
  key: string,
  work: (signal: AbortSignal) => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  let shared = works.get(store);
  if (shared === undefined) {
    shared = createShared({ cancel: "last", keep: false });
    works.set(store, shared);
  }
  // Keys name the kind of work, so that the type is the same for each.
  return (await shared.run(key, work, signal)) as Value;
}
