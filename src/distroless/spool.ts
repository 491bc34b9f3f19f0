/**
 * A place for the contents of a layer in the making: a package's files come in its own order, a layer wants them sorted, and they need not fit into
 * memory. Small files stay in memory up to a bound, the others go to one temporary file.
 */
import { createHash, hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteStream } from "../bytes.ts";
import { type Digest, parseDigest, sha256 } from "../digest.ts";
import { type DataSource, writeFailure } from "../tree/index.ts";

/** What was kept. */
interface Spooled {
  readonly data: DataSource;
  readonly size: number;
  readonly digest: Digest;
  /** In hex: what dpkg's lists of files have. */
  readonly md5: string;
}

/** Closes its file when disposed; the folder's owner removes it. */
interface Spool extends AsyncDisposable {
  /** Keeps a stream of `sizeBytes`, as its header says. One at a time. Throws `STORE_FULL`, `STORE_READ_ONLY`, and what the stream throws. */
  keep(source: ByteStream, sizeBytes: number): Promise<Spooled>;
}

/** Files larger than this are written in any case. */
const LARGE_BYTES = 8 * 1024 * 1024;
/** Of all files together; several packages are unpacked at a time. */
const MEMORY_BYTES = 16 * 1024 * 1024;
/** Most files are tiny: they share their memory. */
const SLAB_BYTES = 256 * 1024;

/** Creates the file `path`, which must not exist, when the first content needs it. */
export function createSpool(path: string): Spool {
  let file: FileHandle | undefined;
  let end = 0;
  let memory = MEMORY_BYTES;
  let slab = Buffer.alloc(0);

  const allocate = (sizeBytes: number): Buffer => {
    if (sizeBytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(sizeBytes);
    if (slab.byteLength < sizeBytes) slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    const part = slab.subarray(0, sizeBytes);
    slab = slab.subarray(sizeBytes);
    return part;
  };

  const write = async (source: ByteStream): Promise<Spooled> => {
    const to = (file ??= await writing(() => open(path, "wx", 0o600)));
    const offset = end;
    const content = createHash("sha256");
    const md5 = createHash("md5");
    for await (const chunk of source) {
      content.update(chunk);
      md5.update(chunk);
      for (let at = 0; at < chunk.byteLength;) {
        const from = at;
        at += (await writing(() => to.write(chunk, from, chunk.byteLength - from, end + from))).bytesWritten;
      }
      end += chunk.byteLength;
    }
    return {
      data: { kind: "slice", path, offset },
      size: end - offset,
      digest: parseDigest(`sha256:${content.digest("hex")}`),
      md5: md5.digest("hex"),
    };
  };

  const hold = async (source: ByteStream, sizeBytes: number): Promise<Spooled> => {
    memory -= sizeBytes;
    const held = allocate(sizeBytes);
    let size = 0;
    for await (const chunk of source) {
      held.set(chunk, size);
      size += chunk.byteLength;
    }
    const bytes = held.subarray(0, size);
    return { data: { kind: "bytes", bytes }, size, digest: sha256(bytes), md5: hash("md5", bytes, "hex") };
  };

  return {
    async keep(source, sizeBytes) {
      return sizeBytes <= Math.min(LARGE_BYTES, memory) ? await hold(source, sizeBytes) : await write(source);
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
    },
  };
}

/** Says that a disk is full as the store does. */
async function writing<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw writeFailure(error, "the content of a package");
  }
}
