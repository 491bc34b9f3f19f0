/**
 * A place for the contents of a layer in the making: a package's files come in its own order, a layer wants them sorted, and they need not fit into
 * memory. Small files stay in memory up to a bound, the others go to one temporary file.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteStream } from "../bytes.ts";
import { type Digest, parseDigest } from "../digest.ts";
import type { DataSource } from "../tree/index.ts";

/** What was kept. */
export interface Spooled {
  readonly data: DataSource;
  readonly size: number;
  readonly digest: Digest;
}

/** Closes its file when disposed; the folder's owner removes it. */
export interface Spool extends AsyncDisposable {
  /** Keeps a stream of `sizeBytes`, as its header says. One at a time. */
  keep(source: ByteStream, sizeBytes: number): Promise<Spooled>;
}

/** Files larger than this are written in any case. */
const SMALL_BYTES = 1024 * 1024;
/** Of all files together; several packages are unpacked at a time. */
const MEMORY_BYTES = 6 * 1024 * 1024;
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

  const write = async (source: ByteStream, update: (chunk: Uint8Array) => void): Promise<Omit<Spooled, "digest">> => {
    file ??= await open(path, "wx", 0o600);
    const offset = end;
    for await (const chunk of source) {
      update(chunk);
      for (let at = 0; at < chunk.byteLength;) at += (await file.write(chunk, at, chunk.byteLength - at, end + at)).bytesWritten;
      end += chunk.byteLength;
    }
    return { data: { kind: "slice", path, offset }, size: end - offset };
  };

  const hold = async (source: ByteStream, sizeBytes: number, update: (chunk: Uint8Array) => void): Promise<Omit<Spooled, "digest">> => {
    memory -= sizeBytes;
    const bytes = allocate(sizeBytes);
    let size = 0;
    for await (const chunk of source) {
      update(chunk);
      bytes.set(chunk, size);
      size += chunk.byteLength;
    }
    return { data: { kind: "bytes", bytes: bytes.subarray(0, size) }, size };
  };

  return {
    async keep(source, sizeBytes) {
      const hash = createHash("sha256");
      const update = (chunk: Uint8Array): void => void hash.update(chunk);
      const isHeld = sizeBytes <= Math.min(SMALL_BYTES, memory);
      const kept = isHeld ? await hold(source, sizeBytes, update) : await write(source, update);
      return { ...kept, digest: parseDigest(`sha256:${hash.digest("hex")}`) };
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
    },
  };
}
