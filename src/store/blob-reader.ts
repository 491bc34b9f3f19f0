/** Reads blobs: as streams, or whole and checked. */
import { closeSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { algorithmOf, createHasher, type Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { blobCorrupt, readFailure } from "./errors.ts";
import type { BlobStore } from "./types.ts";

const CHUNK_BYTES = 512 * 1024;
const readAt = promisify(read);

/** A blob that can be read; the descriptor is its reader's to close. */
export interface OpenedBlob {
  readonly fd: number;
  readonly size: number;
}

/** `openBlob` throws `BLOB_MISSING`. `pathOf`: for messages. */
export function createBlobReader(
  openBlob: (digest: Digest) => OpenedBlob,
  pathOf: (digest: Digest) => string,
): Pick<BlobStore, "open" | "read"> {
  return {
    async *open(digest, range = { start: 0 }) {
      const { fd, size: total } = openBlob(digest);
      try {
        const end = Math.min(total, range.start + (range.length ?? total));
        for (let at = range.start; at < end;) {
          const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at));
          const { bytesRead } = await readAt(fd, chunk, 0, chunk.length, at);
          if (bytesRead === 0) throw blobCorrupt(digest, pathOf(digest), "of fewer bytes than a moment ago");
          at += bytesRead;
          yield chunk.subarray(0, bytesRead);
        }
      } catch (error) {
        throw readFailure(error, `read blob "${digest}"`, pathOf(digest));
      } finally {
        closeSync(fd);
      }
    },
    async read(digest, maxBytes) {
      const { fd, size: total } = openBlob(digest);
      try {
        if (total > maxBytes)
          throw new DecantError("BLOB_SIZE", `Cannot read blob "${digest}": it has ${total} bytes; at most ${maxBytes} are allowed`);
        const data = await readWhole(fd, total);
        const hasher = createHasher(algorithmOf(digest));
        hasher.update(data);
        const actual = hasher.digest();
        if (actual !== digest) throw blobCorrupt(digest, pathOf(digest), actual);
        return data;
      } catch (error) {
        throw readFailure(error, `read blob "${digest}"`, pathOf(digest));
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** `size` bytes of a file, or as many as it has. Small ones come without a turn of the event loop. */
async function readWhole(fd: number, size: number): Promise<Buffer> {
  const data = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const count = size <= CHUNK_BYTES ? readSync(fd, data, at, size - at, at) : (await readAt(fd, data, at, size - at, at)).bytesRead;
    if (count === 0) break;
    at += count;
  }
  return data.subarray(0, at);
}
