/**
 * Blobs that come from afar, in partial/<algorithm>-<hex>: what came of one stays when its transfer breaks off, or its process dies, and the next one
 * goes on from there. Its bytes are checked with the rest when the blob is whole. Prunes remove what nobody writes.
 */
import { closeSync, fstatSync, ftruncateSync, lstatSync, openSync, read, readdirSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { algorithmOf, type Digest, type Expected, hexOf } from "../digest.ts";
import { DecantError, errnoOf } from "../errors.ts";
import { makeFolders } from "../sys/index.ts";
import { createBlobFile } from "./blob-file.ts";
import type { Database } from "./database.ts";
import { readFailure, writeFailure } from "./errors.ts";
import type { Layout } from "./layout.ts";
import type { BlobFile, Locks, PartialBlob } from "./types.ts";
import type { Usage } from "./usage.ts";

/** Less than this is sooner fetched again than kept. */
const MIN_KEPT_BYTES = 1024 * 1024;
const CHUNK_BYTES = 512 * 1024;
const readAt = promisify(read);

/** What partial blobs need of their store. */
interface PartialOptions {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  readonly locks: Locks;
  readonly target: (digest: Digest) => string;
  /** A file of this process alone, for a blob that another one is fetching. */
  readonly create: () => Promise<BlobFile>;
}

/** See `BlobStore.bring`. */
export async function bringInto<Result>(
  options: PartialOptions,
  expected: Expected,
  work: (file: PartialBlob) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  for (;;) {
    await using file = await open(options, expected);
    try {
      return await work(file);
    } catch (error) {
      const mayGoOn = signal?.aborted === true || (error instanceof DecantError && error.code.startsWith("REGISTRY"));
      if (mayGoOn) file.keep();
      // What was kept may be what is wrong, after a power cut for example; or a mirror lied. The next file has nothing of it.
      const isAgain = file.kept !== undefined || (error instanceof DecantError && error.details["elsewhere"] === true);
      if (mayGoOn || !isAgain) throw error;
    }
  }
}

interface OpenPartial extends PartialBlob {
  /** Disposal leaves what came. */
  readonly keep: () => void;
}

async function open(options: PartialOptions, expected: Expected): Promise<OpenPartial> {
  const { layout, locks } = options;
  const lock = await locks.tryAcquire(lockName(expected.digest));
  if (lock === undefined) {
    const file = await options.create();
    return { ...file, kept: undefined, keep: () => undefined };
  }
  await using opening = new AsyncDisposableStack();
  opening.use(lock);
  const path = `${layout.partial}/${fileName(expected.digest)}`;
  try {
    makeFolders(layout.partial, { mode: 0o700 });
  } catch (error) {
    throw writeFailure(error, "write a blob", path);
  }
  const file = createBlobFile({ ...options, path, flags: "a+" });
  let isKept = false;
  opening.defer(async () => {
    if (isKept && fstatSync(file.fd).size >= MIN_KEPT_BYTES) file.close();
    else await file[Symbol.asyncDispose]();
  });
  const { size } = fstatSync(file.fd);
  const isUsable = size >= MIN_KEPT_BYTES && size <= expected.size;
  if (!isUsable) ftruncateSync(file.fd, 0);
  const held = opening.move();
  let isCommitted = false;
  return {
    path,
    fd: file.fd,
    kept: isUsable ? { sizeBytes: size, open: () => firstBytes(path, size) } : undefined,
    keep: () => void (isKept = true),
    async commit(digest) {
      await file.commit(digest);
      isCommitted = true;
    },
    async [Symbol.asyncDispose]() {
      if (isCommitted) isKept = false;
      await held.disposeAsync();
    },
  };
}

async function* firstBytes(path: string, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = openSync(path, "r");
  try {
    for (let at = 0; at < sizeBytes;) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, sizeBytes - at));
      const { bytesRead } = await readAt(fd, chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (error) {
    throw readFailure(error, "read a blob", path);
  } finally {
    closeSync(fd);
  }
}

/** Removes what nobody writes now; gives the bytes that were freed. */
export async function sweepPartialBlobs(layout: Layout, locks: Locks): Promise<{ readonly count: number; readonly freedBytes: number }> {
  let count = 0;
  let freedBytes = 0;
  for (const name of namesIn(layout.partial)) {
    await using lock = await locks.tryAcquire(`partial:${name}`);
    const found = lock === undefined ? undefined : lstatSync(`${layout.partial}/${name}`, { throwIfNoEntry: false });
    if (found === undefined) continue;
    rmSync(`${layout.partial}/${name}`, { force: true });
    count += 1;
    freedBytes += found.size;
  }
  return { count, freedBytes };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw writeFailure(error, "prune the store", folder);
  }
}

function lockName(digest: Digest): string {
  return `partial:${fileName(digest)}`;
}

function fileName(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}`;
}
