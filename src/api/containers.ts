/** The running containers of the local store: list, stop and remove. */
import {
  type ContainerSummary,
  type RemovedContainers,
  removeContainers as removeAll,
  runningContainers,
  stopContainers as stopAll,
} from "../containers/index.ts";
import { openSession, type StoreOptions } from "../context/index.ts";
import { usageError } from "../errors.ts";
import { LIST_CONTAINERS, REMOVE_CONTAINERS, STOP_CONTAINERS } from "./options/containers.ts";
import { checkOptions } from "./options/shape.ts";
import type { RemoveContainersOptions, StopContainersOptions } from "./types.ts";

/** Every container that runs now, whichever process started it, the newest first. */
export async function listContainers(options: StoreOptions = {}): Promise<ContainerSummary[]> {
  checkOptions(LIST_CONTAINERS, options);
  await using session = await openSession(options, "look");
  return runningContainers(session.store);
}

/** Ends containers, and gives their IDs when they have ended. All are found before any is asked. Throws `CONTAINER_NOT_FOUND`, `USAGE`, `RUNTIME`. */
export async function stopContainers(options: StopContainersOptions): Promise<string[]> {
  checkOptions(STOP_CONTAINERS, options);
  if (options.containers.length === 0) throw usageError("Cannot stop containers: none was named");
  await using session = await openSession(options, "look");
  const { stopSignal, timeoutMs, signal } = options;
  return await stopAll(session.store, options.containers, { signal: stopSignal, timeoutMs, abort: signal });
}

/**
 * Removes containers, named by ID or the beginning of one. As a container is gone when it ends, only one that runs can be there: with `force` it is
 * ended at once, and one that is not there is told, not thrown. Throws `USAGE`, `CONTAINER_NOT_FOUND`, `RUNTIME`.
 */
export async function removeContainers(options: RemoveContainersOptions): Promise<RemovedContainers> {
  checkOptions(REMOVE_CONTAINERS, options);
  await using session = await openSession(options, "look");
  return await removeAll(session.store, options.containers, { force: options.force ?? false, abort: options.signal });
}
