/** The containers that run in a store, whichever process they belong to: each is announced there as long as it runs. */
import { AT_ONCE, pool } from "../async.ts";
import type { Store } from "../store/index.ts";
import { badName, nameTaken, noSuchContainer, severalContainers } from "./errors.ts";
import { listenForRequests, requestStop } from "./requests.ts";
import { checkSignal } from "./stop.ts";
import type { ContainerSummary, StopOptions } from "./types.ts";

const KIND = "container";

/** What is announced of a container. */
interface Announced extends ContainerSummary {
  /** How long it takes to end, unless asked otherwise. Null: for ever. */
  readonly stopTimeoutMs: number | null;
}

interface Found {
  readonly announcement: string;
  readonly summary: ContainerSummary;
  readonly stopTimeoutMs: number;
}

/** Lets other processes see a container, and ask it to end, until disposed. Throws `STORE_FULL`, and what opening a socket throws. */
export async function announceContainer(
  store: Store,
  {
    summary,
    stopTimeoutMs,
    stop,
  }: { readonly summary: ContainerSummary; readonly stopTimeoutMs: number; readonly stop: (request: StopOptions) => void },
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const text = JSON.stringify({ ...summary, stopTimeoutMs: Number.isFinite(stopTimeoutMs) ? stopTimeoutMs : null } satisfies Announced);
  const { path } = stack.use(store.announcements.make(KIND, text));
  stack.use(await listenForRequests(path, stop));
  return stack.move();
}

/** Those that run now, the newest first. */
export function runningContainers(store: Store): ContainerSummary[] {
  return found(store).map(({ summary }) => summary);
}

/**
 * Ends containers, by name, ID or the beginning of one; gives their IDs when they have ended. All names are checked before any is asked. Throws
 * `CONTAINER_NOT_FOUND`, `USAGE`, `RUNTIME`, and the signal's reason.
 */
export async function stopContainers(
  store: Store,
  names: readonly string[],
  options: StopOptions & { readonly abort?: AbortSignal | undefined },
): Promise<string[]> {
  if (options.signal !== undefined) checkSignal(options.signal);
  const all = found(store);
  const wanted = names.map((name) => chosen(all, name));
  await pool(
    AT_ONCE,
    [...new Set(wanted)],
    ({ summary, announcement, stopTimeoutMs }, abort) =>
      requestStop({ id: summary.id, announcement }, { ...options, abort, patienceMs: options.timeoutMs ?? stopTimeoutMs }),
    options.abort,
  );
  return wanted.map(({ summary }) => summary.id);
}

/** As docker's. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Can a new container have this name? Empty: none. Throws `USAGE`. */
export function checkName(store: Store, name: string): void {
  if (name === "") return;
  if (!NAME.test(name)) throw badName(name);
  if (runningContainers(store).some((one) => one.name === name)) throw nameTaken(name);
}

/** Is it one of this name, or whose ID begins so? */
export function isNamed(container: ContainerSummary, name: string): boolean {
  return name !== "" && (container.name === name || container.id.startsWith(name));
}

function chosen(all: readonly Found[], name: string): Found {
  const exact = all.filter(({ summary }) => summary.name === name && name !== "");
  const fits = exact.length > 0 ? exact : all.filter(({ summary }) => isNamed(summary, name));
  const [first, second] = fits;
  if (first === undefined) throw noSuchContainer(name);
  if (second !== undefined)
    throw severalContainers(
      name,
      fits.map(({ summary }) => summary.id),
    );
  return first;
}

function found(store: Store): Found[] {
  return store.announcements
    .list(KIND)
    .map(({ path, text }): Found => {
      // Written by `announceContainer`, whole or not at all, where only the store's owner can write.
      const { stopTimeoutMs, ...summary } = JSON.parse(text) as Announced;
      return { announcement: path, summary, stopTimeoutMs: stopTimeoutMs ?? Infinity };
    })
    .toSorted((a, b) => (a.summary.created < b.summary.created ? 1 : -1));
}
