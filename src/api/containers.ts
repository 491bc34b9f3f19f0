/** The running containers of the local store: list, stop and remove. */
import {
  type ContainerSummary,
  type RemovedContainers,
  removeContainers as removeAll,
  runningContainers,
  type StopOptions,
  stopContainers as stopAll,
} from "../containers/index.ts";
import { openSession, type StoreOptions } from "../context/index.ts";
import { usageError } from "../errors.ts";

/** Options of `stopContainers`. `stopSignal` and `timeoutMs` where not as they were told when they began. */
export interface StopContainersOptions extends StoreOptions {
  /** IDs, or beginnings of them. */
  readonly containers: readonly string[];
  readonly stopSignal?: string | undefined;
  readonly timeoutMs?: StopOptions["timeoutMs"];
}

/** Every container that runs now, whichever process started it, the newest first. */
export async function listContainers(options: StoreOptions = {}): Promise<ContainerSummary[]> {
  await using session = await openSession(options, "look");
  return runningContainers(session.store);
}

/** Ends containers, and gives their IDs when they have ended. All are found before any is asked. Throws `CONTAINER_NOT_FOUND`, `USAGE`, `RUNTIME`. */
export async function stopContainers(options: StopContainersOptions): Promise<string[]> {
  if (options.containers.length === 0) throw usageError("Cannot stop containers: none was named");
  await using session = await openSession(options, "look");
  const { stopSignal, timeoutMs, signal } = options;
  return await stopAll(session.store, options.containers, { signal: stopSignal, timeoutMs, abort: signal });
}

/**
 * Removes containers, named by ID or the beginning of one. As a container is gone when it ends, only one that runs can be there: with `force` it is
 * ended at once, and one that is not there is told, not thrown. Throws `USAGE`, `CONTAINER_NOT_FOUND`, `RUNTIME`.
 */
export async function removeContainers(
  options: StoreOptions & { readonly containers: readonly string[]; readonly force?: boolean },
): Promise<RemovedContainers> {
  await using session = await openSession(options, "look");
  return await removeAll(session.store, options.containers, { force: options.force ?? false, abort: options.signal });
}
