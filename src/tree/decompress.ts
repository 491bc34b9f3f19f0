/**
 * Undoes compression found by content, never by name (rule S89): gzip with several members, zstd with several frames, xz, bzip2, or none.
 * gzip and zstd run on the thread pool; xz and bzip2 in their programs, xz in WebAssembly where there is no program or little to do.
 */
import { createRequire } from "node:module";
import { pipeline } from "node:stream/promises";
import type { Transform } from "node:stream";
import type * as XzDecompress from "xz-decompress";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ByteStream } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { findTool, startProcess } from "../sys/index.ts";

/** What the first bytes of a file say. */
export type CompressionFormat = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** As many bytes as `sniffCompression` wants to see. */
export const SNIFF_SIZE = 10;
const CHUNK = 256 * 1024;
/** Below this, starting the program xz takes longer than WebAssembly takes for the whole. */
const SMALL_XZ_BYTES = 64 * 1024;
const DEFAULT_MAX_BYTES = 100 * 1024 ** 3;

/** How far decompression may go. */
export interface DecompressOptions {
  readonly signal?: AbortSignal;
  /** Default 100 GiB: a few kilobytes can become any amount. */
  readonly maxBytes?: number;
  /** Of the compressed data, where it is known: little is not worth a process. */
  readonly sizeBytes?: number;
}

/** Finds the compression by the first bytes, of which 10 are enough. */
export function sniffCompression(head: Uint8Array): CompressionFormat {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.byteLength >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return "gzip";
  if (bytes.byteLength >= 4) {
    const magic = bytes.readUInt32LE(0);
    // The second is a skippable frame, with which some writers begin.
    if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) return "zstd";
  }
  if (bytes.toString("latin1", 0, 6) === "\xfd7zXZ\0") return "xz";
  // Then a block, or the end of an empty file.
  const magic = bytes.toString("latin1", 4, 10);
  if (/^BZh[1-9]$/.test(bytes.toString("latin1", 0, 4)) && (magic === "1AY&SY" || magic === "\x17rE8P\x90")) return "bzip2";
  return "none";
}

/** The plain bytes of a stream, whatever its compression. Throws `ARCHIVE` for damaged data, `BLOB_SIZE` over `maxBytes`. */
export async function* decompress(stream: ByteStream, options: DecompressOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const { format, rest } = await peekCompression(stream);
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  let sizeBytes = 0;
  for await (const chunk of plain(format, rest, options)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes)
      throw new DecantError("BLOB_SIZE", `Cannot decompress ${format} data: it becomes more than ${maxBytes} bytes`);
    options.signal?.throwIfAborted();
    yield chunk;
  }
}

function plain(format: CompressionFormat, source: ByteStream, { signal, sizeBytes }: DecompressOptions): ByteStream {
  switch (format) {
    case "none":
      return source;
    case "gzip":
      return through(format, source, createGunzip({ chunkSize: CHUNK }));
    case "zstd":
      return through(format, source, createZstdDecompress({ chunkSize: CHUNK }));
    case "xz": {
      const tool = sizeBytes !== undefined && sizeBytes <= SMALL_XZ_BYTES ? undefined : findTool("xz");
      return tool === undefined ? xzInWasm(source) : throughProcess(format, [tool, "-dc"], source, signal);
    }
    case "bzip2": {
      const tool = findTool("bzip2");
      if (tool === undefined) {
        throw new DecantError("ARCHIVE", "Cannot decompress bzip2 data: there is no program bzip2", { hint: "Run: apt-get install bzip2" });
      }
      return throughProcess(format, [tool, "-dc"], source, signal);
    }
  }
}

/** Reads until the compression can be told; `rest` gives everything again. */
export async function peekCompression(stream: ByteStream): Promise<{ readonly format: CompressionFormat; readonly rest: ByteStream }> {
  const source = stream[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (head.byteLength < SNIFF_SIZE && !ended) {
    const next = await source.next();
    if (next.done === true) ended = true;
    else head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const rest = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (head.byteLength > 0) yield head;
      while (!ended) {
        const next = await source.next();
        if (next.done === true) ended = true;
        else yield next.value;
      }
    } finally {
      if (!ended) await source.return?.();
    }
  };
  return { format: sniffCompression(head), rest: rest() };
}

async function* through(format: CompressionFormat, source: ByteStream, transform: Transform): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceFailure: { readonly error: unknown } | undefined;
  const watched = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* source;
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  };
  const fed = pipeline(watched(), transform);
  // It is awaited below; a failure before that must not count as unhandled.
  fed.catch(() => {});
  try {
    for await (const chunk of transform) yield chunk as Buffer;
    await fed;
  } catch (error) {
    if (sourceFailure !== undefined) throw sourceFailure.error;
    throw damaged(format, error);
  } finally {
    transform.destroy();
    await fed.catch(() => {});
  }
}

async function* throughProcess(
  format: CompressionFormat,
  argv: readonly string[],
  input: ByteStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = startProcess({ argv, input, stdio: { stderr: "ignore" }, ...(signal === undefined ? {} : { signal }) });
  let ended = false;
  try {
    yield* child.stdout;
    ended = true;
    const { exitCode } = await child.exit;
    if (exitCode !== 0) throw damaged(format, `exit code ${exitCode}`);
  } finally {
    if (!ended) child.kill("SIGKILL");
  }
}

async function* xzInWasm(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  // Both on use: this runs only where there is no program xz. The package is CommonJS whose names an import cannot see.
  const { XzReadableStream } = createRequire(import.meta.url)("xz-decompress") as typeof XzDecompress;
  const { ReadableStream } = await import("node:stream/web");
  const plainStream = new XzReadableStream(ReadableStream.from(source));
  try {
    yield* plainStream;
  } catch (error) {
    throw error instanceof DecantError ? error : damaged("xz", error);
  }
}

function damaged(format: CompressionFormat, cause: unknown): DecantError {
  return new DecantError("ARCHIVE", `Cannot decompress ${format} data: it is damaged or cut off`, { cause });
}
