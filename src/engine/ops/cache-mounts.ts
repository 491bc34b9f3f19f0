/**
 * Directories of `RUN --mount=type=cache` (rules S114 to S117): they outlive builds and failed steps, are found by id and by what they started
 * from, and are never part of a result. A cache has slots: steps that may not share it get one each. Prunes see them as records.
 */
import { chmodSync, closeSync, constants, fstatSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type Digest, framedDigest, hexOf } from "../../digest.ts";
import { DecantError, InternalError, isDecantError } from "../../errors.ts";
import type { CacheMount, CacheSharing } from "../../graph/index.ts";
import { fromText, treePath, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { openConfined } from "../../sys/index.ts";
import { type LayerSource, layerTree, loadLayers } from "../../tree/index.ts";
import type { OwnedFiles } from "../sandbox/index.ts";
import { stackKey } from "../layer-stack.ts";
import type { SharedResults } from "../types.ts";
import { selectMounted } from "../file/mounted.ts";
import type { CopySource } from "../file/selection.ts";

/** A cache that a step wants. */
export interface CacheRequest {
  readonly mount: CacheMount;
  /** What a new one starts with; absent: an empty directory. */
  readonly base?: CacheBase | undefined;
}

/** What a new cache is a copy of. */
interface CacheBase {
  readonly layers: readonly LayerSource[];
  readonly open: () => Promise<CopySource>;
  /** Writes what is at `path` of the opened source to `folder`/`name`, with its owners. */
  readonly copy: (source: CopySource, path: TreePath, to: { readonly folder: string; readonly name: string }) => Promise<void>;
}

/** A request with what the cache had on another machine. */
interface SlotRequest extends CacheRequest {
  readonly elsewhere: readonly LayerSource[] | undefined;
  readonly shared: SharedMounts | undefined;
}

/** Caches that a step holds; disposing lets others have them. */
export interface OpenCaches extends AsyncDisposable {
  /** The content of a mount's cache: a directory, or a file where the base's source is one. */
  pathOf(mount: CacheMount): string;
}

const SPACE = "cache-mount";
/** A slot is 0700 and has its content inside, so that nobody on the host meets files of steps. */
const CONTENT = "content";
const MAX_SLOTS = 1024;
const O_PATH = 0o10000000;

/** What caches of other machines know of cache mounts, and how it comes here. */
interface SharedMounts extends Pick<SharedResults, "mount" | "usedMount"> {
  readonly copy: OwnedFiles["copy"];
  readonly warn: (code: string, message: string) => void;
}

/** Takes all caches of a step, in an order that is the same for all steps, so that two that lock the same ones never wait for each other. */
export async function openCaches(
  store: Store,
  requests: readonly CacheRequest[],
  signal: AbortSignal,
  shared?: SharedMounts,
): Promise<OpenCaches> {
  await using stack = new AsyncDisposableStack();
  const paths = new Map<Digest, string>();
  const byKey = new Map(requests.map((request) => [keyOf(request), request]));
  const keys = new Map(requests.map((request) => [request.mount, keyOf(request)]));
  for (const [key, request] of [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const slot = await takeSlot(store, key, { ...request, elsewhere: shared?.mount(key), shared }, signal);
    stack.use(slot.lock);
    shared?.usedMount(key, { id: request.mount.id, slot: slot.name });
    paths.set(key, join(slot.path, CONTENT));
  }
  const held = stack.move();
  return {
    pathOf(mount) {
      const key = keys.get(mount);
      const path = key === undefined ? undefined : paths.get(key);
      if (path === undefined) throw new InternalError("a cache mount was not opened");
      return path;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Removes the caches with these ids, as `--no-cache=mounts` does (rule S117). What a step of another build uses now stays. */
export async function emptyCaches(store: Store, ids: ReadonlySet<string>): Promise<void> {
  if (ids.size === 0) return;
  for (const slot of store.records.ids(SPACE)) {
    const id = idOf(store.records.get(SPACE, slot));
    if (id === undefined || !ids.has(id)) continue;
    await using lock = await store.locks.tryAcquire(lockName(slot));
    if (lock === undefined) continue;
    store.records.delete(SPACE, slot);
    await store.dirs.remove(SPACE, slot);
  }
}

/** Is `selector` of a cache that is a directory there, and what is it? Symlinks are confined to the cache (rule S116). */
export function cacheSourceIsFile(content: string, mount: CacheMount): boolean {
  const root = openSync(content, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openConfined(root, fromText(mount.selector.slice(1)), O_PATH);
    try {
      return !fstatSync(fd).isDirectory();
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new DecantError("COPY_SOURCE_MISSING", `Cannot mount "${mount.selector}": not found in cache "${mount.id.replace(/^\//, "")}"`, {
      cause,
      source: mount.range && [mount.range],
    });
  } finally {
    closeSync(root);
  }
}

function keyOf({ mount, base }: CacheRequest): Digest {
  const from = base === undefined ? [] : [mount.selector, stackKey(base.layers)];
  return framedDigest(["cache-mount", mount.id, ...from]);
}

interface Slot {
  readonly name: string;
  readonly path: string;
  readonly lock: AsyncDisposable;
}

async function takeSlot(store: Store, key: Digest, request: SlotRequest, signal: AbortSignal): Promise<Slot> {
  const { sharing } = request.mount;
  {
    await using _selecting = await store.locks.acquire(`cache-mount-select-${key}`, { signal });
    const lock = await tryKnownSlots(store, key, sharing);
    if (lock !== undefined) return await ready(store, lock, request, signal);
  }
  // All are in use, and "locked" means to wait for the cache's own content.
  const slot = slotName(key, 0);
  const lock = await store.locks.acquire(lockName(slot), { signal });
  return await ready(store, { slot, lock }, request, signal);
}

interface Locked {
  readonly slot: string;
  readonly lock: AsyncDisposable;
}

/** A free slot, or a new one; undefined when the step has to wait. */
async function tryKnownSlots(store: Store, key: Digest, sharing: CacheSharing): Promise<Locked | undefined> {
  let busy = false;
  for (let number = 0; number < MAX_SLOTS; number += 1) {
    const slot = slotName(key, number);
    if (busy && sharing === "locked" && store.dirs.find(SPACE, slot) === undefined) return undefined;
    const lock = await store.locks.tryAcquire(lockName(slot), { shared: sharing === "shared" });
    if (lock !== undefined) return { slot, lock };
    busy = true;
  }
  return undefined;
}

async function ready(store: Store, { slot, lock }: Locked, request: SlotRequest, signal: AbortSignal): Promise<Slot> {
  try {
    const path = store.dirs.find(SPACE, slot) ?? (await makeSlot(store, slot, request, signal));
    // A record is what prunes go by: reading it tells that it is in use.
    if (store.records.get(SPACE, slot) === undefined)
      store.records.put(SPACE, slot, { id: request.mount.id }, [{ kind: "dir", space: SPACE, id: slot }]);
    return { name: slot, path, lock };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function makeSlot(store: Store, slot: string, request: SlotRequest, signal: AbortSignal): Promise<string> {
  if (request.elsewhere !== undefined) {
    await using staged = await store.dirs.create(SPACE);
    chmodSync(staged.path, 0o700);
    if (await broughtHere(request, request.elsewhere, staged.path, signal)) return await staged.publish(slot);
  }
  const { mount, base } = request;
  await using staged = await store.dirs.create(SPACE);
  chmodSync(staged.path, 0o700);
  if (base === undefined) {
    mkdirSync(join(staged.path, CONTENT), { mode: 0o755 });
  } else {
    const source = await base.open();
    const { path } = selectMounted(source, mount);
    await base.copy(source, path, { folder: staged.path, name: CONTENT });
  }
  return await staged.publish(slot);
}

/** What comes from elsewhere is an offer: without it the cache starts as a new one, and that is said. */
async function broughtHere(
  { mount, shared }: SlotRequest,
  elsewhere: readonly LayerSource[],
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const layers = await loadLayers(elsewhere, signal);
    if (layerTree(layers).lookup(treePath(CONTENT)) === undefined) return false;
    await shared?.copy(layers, treePath(CONTENT), { folder, name: CONTENT }, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!isDecantError(error)) throw error;
    shared?.warn(
      "CacheMountNotRead",
      `The cache mount "${mount.id.replace(/^\//, "")}" starts without what it had on another machine: ${error.message}`,
    );
    return false;
  }
}

/** The directory of a cache mount while no step uses it, with its files in "content"; undefined where one does, or where it is gone. */
export async function heldCacheMount(store: Store, slot: string): Promise<(AsyncDisposable & { readonly path: string }) | undefined> {
  const lock = await store.locks.tryAcquire(lockName(slot));
  const path = lock === undefined ? undefined : store.dirs.find(SPACE, slot);
  if (path === undefined) await lock?.[Symbol.asyncDispose]();
  return lock === undefined || path === undefined ? undefined : { path, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
}

function slotName(key: Digest, number: number): string {
  return `${hexOf(key)}-${number}`;
}

function lockName(slot: string): string {
  return `cache-mount-${slot}`;
}

function idOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string" ? value.id : undefined;
}
