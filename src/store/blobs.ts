/**
 * Immutable bytes by digest (decision 4). A file's modification time is its last use. The only way in is `createBlobFile`; the only bytes
 * that we hash come by `verified` or are hashed here.
 */
import { closeSync, fstatSync, openSync, statSync, unlinkSync, utimesSync } from "node:fs";
import { type ByteStream, bytesOf } from "../bytes.ts";
import { createHasher, type Digest, type Expected, sha256, sizeMismatch, verified } from "../digest.ts";
import { errnoOf } from "../errors.ts";
import type { Database } from "./database.ts";
import { createBlobFile, createFileWriter } from "./blob-file.ts";
import { createBlobReader, type OpenedBlob } from "./blob-reader.ts";
import { blobMissing, openedReadOnly, readFailure, writeFailure } from "./errors.ts";
import { blobPath, type Layout } from "./layout.ts";
import type { Presence } from "./presence.ts";
import { bringInto } from "./partial-blobs.ts";
import type { BlobFile, BlobStore, Locks } from "./types.ts";
import { refKey, type Usage } from "./usage.ts";

/** What blobs are made of. */
interface BlobsOptions {
  readonly layout: Layout;
  /** Its write lock keeps uses apart from a prune. */
  readonly database: Database;
  readonly usage: Usage;
  readonly locks: Locks;
  /** Absent: for reading only. */
  readonly presence: Presence | undefined;
}

/** Opens the blobs. */
export function openBlobs({ layout, database, usage, locks, presence }: BlobsOptions): BlobStore {
  const path = (digest: Digest): string => blobPath(layout, digest);

  /** Tells prunes that it is in use; false when one has just taken it. */
  const touch = (digest: Digest, lastUsed: number): boolean => {
    if (presence === undefined) return true;
    usage.see(refKey("blob", "", digest));
    if (!usage.isStale(lastUsed)) return true;
    const now = usage.now() / 1000;
    try {
      database.transaction(() => utimesSync(path(digest), now, now));
      return true;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return false;
      throw writeFailure(error, `use blob "${digest}"`, path(digest));
    }
  };

  const openToRead = (digest: Digest): OpenedBlob => {
    let fd: number | undefined;
    try {
      fd = openSync(path(digest), "r");
      const { size, mtimeMs } = fstatSync(fd);
      if (!touch(digest, mtimeMs)) throw blobMissing(digest);
      return { fd, size };
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      if (errnoOf(error) === "ENOENT") throw blobMissing(digest);
      throw readFailure(error, `read blob "${digest}"`, path(digest));
    }
  };

  const create = async (): Promise<BlobFile> => {
    if (presence === undefined) throw openedReadOnly("write a blob", layout.root);
    return createBlobFile({ path: presence.fresh("blob"), database, usage, target: path });
  };

  const size = (digest: Digest): number | undefined => {
    const found = statSync(path(digest), { throwIfNoEntry: false });
    return found !== undefined && touch(digest, found.mtimeMs) ? found.size : undefined;
  };

  const write = async (source: ByteStream, expected?: Expected): Promise<Expected> => {
    const present = expected === undefined ? undefined : size(expected.digest);
    if (expected !== undefined && present !== undefined) {
      await source[Symbol.asyncIterator]().return?.();
      if (present !== expected.size) throw sizeMismatch(expected, present);
      return expected;
    }
    await using file = await create();
    const result = await fill(file, source, expected);
    await file.commit(result.digest);
    usage.see(refKey("blob", "", result.digest));
    return result;
  };

  const bring: BlobStore["bring"] = async (expected, work, signal) => {
    if (presence === undefined) throw openedReadOnly("write a blob", layout.root);
    return await bringInto({ layout, database, usage, locks, target: path, create }, expected, work, signal);
  };

  const receive: BlobStore["receive"] = async (expected, open, signal) => {
    const present = size(expected.digest);
    if (present === expected.size) return expected;
    if (present !== undefined) throw sizeMismatch(expected, present);
    await bring(
      expected,
      async (file) => {
        await fill(file, open(file.kept), expected, file.kept?.sizeBytes);
        await file.commit(expected.digest);
      },
      signal,
    );
    usage.see(refKey("blob", "", expected.digest));
    return expected;
  };

  return {
    size,
    path,
    ...createBlobReader(openToRead, path),
    write,
    async put(data) {
      const digest = sha256(data);
      return write(bytesOf(data), { digest, size: Buffer.byteLength(data) });
    },
    create,
    bring,
    receive,
    remove(digest) {
      if (presence === undefined) throw openedReadOnly("remove a blob", layout.root);
      try {
        unlinkSync(path(digest));
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw writeFailure(error, `remove blob "${digest}"`, path(digest));
      }
    },
  };
}

/** Writes a stream but for its first `keptBytes`, which are in the file, and gives what came. Throws what `verified` throws. */
async function fill(file: BlobFile, source: ByteStream, expected: Expected | undefined, keptBytes = 0): Promise<Expected> {
  const hasher = expected === undefined ? createHasher() : undefined;
  const writer = createFileWriter(file.fd);
  let sizeBytes = 0;
  try {
    for await (const chunk of expected === undefined ? source : verified(source, expected)) {
      sizeBytes += chunk.byteLength;
      hasher?.update(chunk);
      const fresh = chunk.subarray(Math.max(0, keptBytes - (sizeBytes - chunk.byteLength)));
      if (fresh.byteLength > 0) await stored(file, writer.write(fresh));
    }
  } catch (error) {
    // What came may be kept.
    await writer.flush().catch(() => undefined);
    throw error;
  }
  await stored(file, writer.flush());
  return expected ?? { digest: hasher?.digest() ?? sha256(""), size: sizeBytes };
}

async function stored(file: BlobFile, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw writeFailure(error, "write a blob", file.path);
  }
}
