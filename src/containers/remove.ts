/** Removing containers, which are gone when they end: what is left to do is to end them. Images of the same name stay. */
import { type DecantError, isDecantError } from "../errors.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { containerRuns, noSuchContainer } from "./errors.ts";
import { isNamed, runningContainers, stopContainers } from "./running.ts";

/** What `removeContainers` did. */
export interface RemovedContainers {
  /** As they were named. */
  readonly removed: readonly string[];
  /** Why others were not: `CONTAINER_NOT_FOUND`. */
  readonly missing: readonly DecantError[];
}

/** Removes containers by name, ID or the beginning of one. Throws `USAGE` for one that runs unless `force`, which ends it at once, and `CONTAINER_NOT_FOUND` unless `force`. */
export async function removeContainers(
  store: Store,
  names: readonly string[],
  { force, abort }: { readonly force: boolean; readonly abort?: AbortSignal | undefined },
): Promise<RemovedContainers> {
  const removed: string[] = [];
  const missing: DecantError[] = [];
  for (const name of names) {
    if (!force && runningContainers(store).some((one) => isNamed(one, name))) throw containerRuns(name);
    try {
      await stopContainers(store, [name], { timeoutMs: 0, abort });
      removed.push(name);
    } catch (error) {
      if (!isDecantError(error, "CONTAINER_NOT_FOUND")) throw error;
      const told = isImage(store, name) ? noSuchContainer(name, "image") : error;
      if (!force) throw told;
      missing.push(told);
    }
  }
  return { removed, missing };
}

function isImage(store: Store, name: string): boolean {
  try {
    return store.images.get(formatReference(parseReference(name))) !== undefined;
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return false;
    throw error;
  }
}
