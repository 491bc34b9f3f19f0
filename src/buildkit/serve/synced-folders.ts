/**
 * Folders of clients, kept in the store between builds so that only what changed is sent. A folder belongs to one client, one name of a context
 * and the paths that were asked for, and to one build at a time: who finds it taken gets an empty one.
 */
import { createHash } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../../store/index.ts";
import { makeFolders } from "../../sys/index.ts";
import { FileSync } from "../wire/methods.ts";
import { receiveFolder } from "../session/receive-folder.ts";
import type { ClientSession } from "./client-sessions.ts";

/** What is fetched. */
interface FolderRequest {
  readonly session: ClientSession;
  /** "context", "dockerfile", or the name of a named context. */
  readonly name: string;
  /** Who the client is, where the connection says so: folders of others are not looked at. */
  readonly owner: string;
  /** Only these paths, with what links on them lead to. Default: all. */
  readonly followPaths?: readonly string[] | undefined;
  /** Only what matches one of them. */
  readonly includePatterns?: readonly string[] | undefined;
  readonly excludePatterns?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly onUnreadable?: ((path: string) => void) | undefined;
}

const KEPT_MS = 7 * 24 * 3_600_000;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Fetches into a folder that is ours until `stack` is disposed. Gives its path. Throws `GrpcError`, and Node's errors. */
export async function syncFolder(store: Store, request: FolderRequest, stack: AsyncDisposableStack): Promise<string> {
  const { session, name, followPaths = [], includePatterns = [], excludePatterns = [], onBytes, onUnreadable } = request;
  const folder = await openFolder(store, request, stack);
  const signal = AbortSignal.any([request.signal, session.signal]);
  const metadata = {
    ...listHeader("dir-name", [name]),
    ...listHeader("followpaths", followPaths),
    ...listHeader("include-patterns", includePatterns),
    ...listHeader("exclude-patterns", excludePatterns),
  };
  using call = session.client.open(FileSync.method.diffCopy, { metadata, signal });
  await receiveFolder(call, { folder, onBytes, onUnreadable });
  return folder;
}

async function openFolder(
  store: Store,
  { session, name, owner, followPaths = [], includePatterns = [] }: FolderRequest,
  stack: AsyncDisposableStack,
): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([owner, session.sharedKey, name, followPaths, includePatterns]))
    .digest("hex")
    .slice(0, 40);
  const lock = session.sharedKey === "" ? undefined : await store.locks.tryAcquire(lockOf(key));
  if (lock === undefined) return stack.use(await store.scratch()).path;
  stack.use(lock);
  const folder = join(store.root, "clients", key, "files");
  makeFolders(folder, { mode: 0o700 });
  const now = new Date();
  await utimes(join(store.root, "clients", key), now, now);
  return folder;
}

/** Removes folders that no build has used for so long, by default a week. */
export async function sweepClientFolders(
  store: Store,
  { keptMs = KEPT_MS, only = () => true }: { readonly keptMs?: number; readonly only?: (path: string) => boolean } = {},
): Promise<void> {
  const parent = join(store.root, "clients");
  for (const key of await readdir(parent).catch(() => [])) {
    const path = join(parent, key);
    if (!only(path)) continue;
    const usedAt = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - usedAt < keptMs) continue;
    await using lock = await store.locks.tryAcquire(lockOf(key));
    if (lock !== undefined) await rm(path, { recursive: true, force: true });
  }
}

/** The folders that are kept. */
export async function clientFolders(
  store: Store,
): Promise<{ readonly path: string; readonly lastUsedMs: number; readonly isInUse: boolean }[]> {
  const parent = join(store.root, "clients");
  const found = [];
  for (const key of await readdir(parent).catch(() => [])) {
    const path = join(parent, key);
    const lastUsedMs = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (lastUsedMs === undefined) continue;
    await using lock = await store.locks.tryAcquire(lockOf(key));
    found.push({ path, lastUsedMs, isInUse: lock === undefined });
  }
  return found;
}

function lockOf(key: string): string {
  return `client folder ${key}`;
}

/** Values as the client reads them: escaped where they are more than plain text. */
function listHeader(name: string, values: readonly string[]): Record<string, string | readonly string[]> {
  if (values.length === 0) return {};
  if (values.every((value) => PRINTABLE.test(value) && value === value.trim())) return { [name]: values };
  return { [name]: values.map((value) => encodeURIComponent(value)), [`${name}-encoded`]: "1" };
}
