/** A blob on its way into the store: a file of this process's own folder, then, after fsync, a name among the blobs. */
import { closeSync, fsync, futimesSync, open, openSync, renameSync, rmSync, write } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { InternalError, errnoOf } from "../errors.ts";
import type { Database } from "./database.ts";
import { makeFolders } from "../sys/index.ts";
import { writeFailure } from "./errors.ts";
import type { BlobFile } from "./types.ts";
import type { Usage } from "./usage.ts";

const syncFile = promisify(fsync);
const openFile = promisify(open);
const writeFile = promisify(write);

/** What a `BlobFile` needs to know. */
interface BlobFileOptions {
  /** Of the temporary file, on the same file system as the blobs. */
  readonly path: string;
  /** Its write lock keeps the new name apart from a prune. */
  readonly database: Database;
  readonly usage: Usage;
  /** How it is opened. Default: it must be new. */
  readonly flags?: "a+";
  /** Where a blob with this digest goes. */
  readonly target: (digest: Parameters<BlobFile["commit"]>[0]) => string;
}

/** Opens the temporary file; `close` leaves it. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
export function createBlobFile(options: BlobFileOptions): BlobFile & { readonly close: () => void } {
  const { path, database, usage, target, flags = "wx+" } = options;
  let state: "open" | "closed" = "open";
  let fd: number;
  try {
    fd = openSync(path, flags, 0o644);
  } catch (error) {
    throw writeFailure(error, "write a blob", path);
  }
  const close = (): void => {
    if (state === "open") closeSync(fd);
    state = "closed";
  };
  return {
    path,
    fd,
    close,
    async commit(digest) {
      if (state === "closed") throw new InternalError("a blob file was committed twice");
      const final = target(digest);
      try {
        const now = usage.now() / 1000;
        futimesSync(fd, now, now);
        await syncFile(fd);
        close();
        // Also over one that is there: it may be an old one that a prune is about to remove.
        database.transaction(() => rename(path, final));
        await syncFolder(dirname(final));
      } catch (error) {
        throw writeFailure(error, `write blob "${digest}"`, final);
      }
    },
    async [Symbol.asyncDispose]() {
      close();
      rmSync(path, { force: true });
    },
  };
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    // The first blob of an algorithm.
    makeFolders(dirname(to));
    renameSync(from, to);
  }
}

/** Without it, a power cut may take the name of a file whose content is safe. */
async function syncFolder(path: string): Promise<void> {
  const fd = await openFile(path, "r");
  try {
    await syncFile(fd);
  } finally {
    closeSync(fd);
  }
}

/** Collects small chunks, so that a network stream does not cost a system call for every packet. */
interface FileWriter {
  /** `chunk` may be used anew by its owner when this resolves. */
  write(chunk: Uint8Array): Promise<void>;
  flush(): Promise<void>;
}

const BUFFER_BYTES = 512 * 1024;
/** Most blobs are smaller than this: a build of thousands of steps makes thousands of them. */
const FIRST_BUFFER_BYTES = 16 * 1024;

/** Writes to an open file from its start. Errors are Node's. */
export function createFileWriter(fd: number): FileWriter {
  let buffer: Buffer | undefined;
  let used = 0;
  let position = 0;
  const writeAll = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength;) {
      const { bytesWritten } = await writeFile(fd, bytes, at, bytes.byteLength - at, position);
      at += bytesWritten;
      position += bytesWritten;
    }
  };
  const flush = async (): Promise<void> => {
    if (buffer === undefined || used === 0) return;
    const full = buffer.subarray(0, used);
    used = 0;
    await writeAll(full);
  };
  return {
    async write(chunk) {
      if (chunk.byteLength >= BUFFER_BYTES / 2) {
        await flush();
        await writeAll(chunk);
        return;
      }
      if (used + chunk.byteLength > BUFFER_BYTES) await flush();
      buffer = bufferFor(buffer, used, chunk.byteLength);
      buffer.set(chunk, used);
      used += chunk.byteLength;
    },
    flush,
  };
}

function bufferFor(known: Buffer | undefined, used: number, added: number): Buffer {
  if (known !== undefined && used + added <= known.byteLength) return known;
  const larger = Buffer.allocUnsafeSlow(used + added <= FIRST_BUFFER_BYTES ? FIRST_BUFFER_BYTES : BUFFER_BYTES);
  known?.copy(larger, 0, 0, used);
  return larger;
}
