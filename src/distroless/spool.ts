/**
 * One temporary file for the contents of a layer in the making: a package's files come in its own order, a layer wants them sorted, and
 * they need not fit into memory.
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
  /** Writes a stream to the end. One at a time. */
  keep(source: ByteStream): Promise<Spooled>;
}

/** Creates the file `path`, which must not exist. */
export async function createSpool(path: string): Promise<Spool> {
  const file: FileHandle = await open(path, "wx", 0o600);
  let end = 0;
  return {
    async keep(source) {
      const offset = end;
      const hash = createHash("sha256");
      for await (const chunk of source) {
        hash.update(chunk);
        for (let at = 0; at < chunk.byteLength;) at += (await file.write(chunk, at, chunk.byteLength - at, end + at)).bytesWritten;
        end += chunk.byteLength;
      }
      return { data: { kind: "slice", path, offset }, size: end - offset, digest: parseDigest(`sha256:${hash.digest("hex")}`) };
    },
    async [Symbol.asyncDispose]() {
      await file.close();
    },
  };
}
