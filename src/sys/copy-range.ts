/**
 * copy_file_range(2): bytes from file to file without passing through us; shares blocks where the file system can.
 * Falls back to read and write where the kernel cannot.
 */
import { read, write } from "node:fs";
import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { bind, lastErrno, syscallError } from "./libc.ts";

/** A place in an open file. */
interface FilePosition {
  readonly fd: number;
  readonly offset: number;
}

/** Small enough that the event loop lives on between two calls. */
const SLICE_BYTES = 8 * 1024 * 1024;
const FALLBACK_BYTES = 1024 * 1024;
const { EINTR, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EXDEV } = constants.errno;
const CANNOT = new Set([EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EXDEV]);

const call = bind("long copy_file_range(int from, void *fromOffset, int to, void *toOffset, size_t length, unsigned int flags)");
const readAt = promisify(read);
const writeAt = promisify(write);

/**
 * Copies `length` bytes and gives how many there were: fewer when the source ends before. File positions of the descriptors do not
 * move. Throws `SYSCALL`, Node's errors in the fallback (ENOSPC, EIO), and the signal's reason.
 */
export async function copyRange(from: FilePosition, to: FilePosition, length: number, signal?: AbortSignal): Promise<number> {
  const offsets = new BigInt64Array(1);
  const toOffsets = new BigInt64Array(1);
  let done = 0;
  while (done < length) {
    signal?.throwIfAborted();
    offsets[0] = BigInt(from.offset + done);
    toOffsets[0] = BigInt(to.offset + done);
    const count = call(from.fd, offsets, to.fd, toOffsets, Math.min(length - done, SLICE_BYTES), 0);
    if (count < 0) {
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (!CANNOT.has(errno)) throw syscallError("copy from file to file", errno);
      return done + (await copyByHand(shift(from, done), shift(to, done), length - done, signal));
    }
    // Some file systems (proc, FUSE) say 0 where a read gives bytes.
    if (count === 0) return done + (await copyByHand(shift(from, done), shift(to, done), length - done, signal));
    done += count;
    if (done < length) await setImmediate();
  }
  return done;
}

function shift(position: FilePosition, by: number): FilePosition {
  return { fd: position.fd, offset: position.offset + by };
}

async function copyByHand(from: FilePosition, to: FilePosition, length: number, signal?: AbortSignal): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(length, FALLBACK_BYTES));
  let done = 0;
  while (done < length) {
    signal?.throwIfAborted();
    const { bytesRead } = await readAt(from.fd, buffer, 0, Math.min(buffer.length, length - done), from.offset + done);
    if (bytesRead === 0) break;
    let written = 0;
    while (written < bytesRead) {
      written += (await writeAt(to.fd, buffer, written, bytesRead - written, to.offset + done + written)).bytesWritten;
    }
    done += bytesRead;
  }
  return done;
}
