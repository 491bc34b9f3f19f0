/** The garbage collector beside a build: after each step that has left something, and after the outputs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { readGcPolicy, STORE_CONFIG } from "../project/index.ts";
import type { Store } from "../store/index.ts";

/** Brings the cache within the policy of its store, where it has one. */
interface Collector {
  /** What this build uses stays. A failure is a warning: the build can do without. */
  collect(): Promise<void>;
}

const NONE: Collector = { collect: () => Promise.resolve() };

/** Makes the collector of a store. Throws `CONFIG_FILE`. */
export async function openCollector(store: Store, emit: Emit, signal: AbortSignal): Promise<Collector> {
  // Most stores have no file, and reading one loads a parser.
  if (!existsSync(join(store.root, STORE_CONFIG))) return NONE;
  const policy = await readGcPolicy(store.root);
  if (policy === undefined) return NONE;
  const run = async (): Promise<void> => {
    try {
      // By the store of the build itself, which knows exactly what the build has used.
      await store.prune({ policy, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isDecantError(error)) throw error;
      emit({ type: "warning", code: "CacheNotCollected", message: `The cache may be larger than its policy allows: ${error.message}` });
    }
  };
  let last: Promise<void> = Promise.resolve();
  return { collect: () => (last = last.catch(() => undefined).then(run)) };
}
