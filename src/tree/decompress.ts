/**
 * Undoes compression found by content, never by name (rule S89): gzip, zstd, xz, bzip2, or none. A file may have any number of members (frames,
 * streams) one after the other, also empty ones; none is passed over. Zeros behind the last are padding, and anything else there is an error.
 * gzip and zstd run on the thread pool; xz and bzip2 in their programs, xz in WebAssembly where there is no program or little to do.
 */
import type { ByteStream } from "../bytes.ts";
import { DecantError, errnoOf } from "../errors.ts";
import { unbzip2, unxz } from "./decompress-program.ts";
import { archiveDamaged } from "./errors.ts";
import { isBzip2Stream, scanBzip2Stream } from "./members/bzip2-stream.ts";
import { type ByteReader, createByteReader } from "./members/byte-reader.ts";
import { gunzipMember, isGzipMember } from "./members/gzip-member.ts";
import { type MemberScan, ScanError, startScan } from "./members/member-scan.ts";
import { isXzStream, type XzSizes, xzStream } from "./members/xz-stream.ts";
import { unzstdFrame } from "./members/zstd-decode.ts";
import { isZstdFrame } from "./members/zstd-frame.ts";

/** What the first bytes of a file say. */
export type CompressionFormat = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** As many bytes as `sniffCompression` wants to see. */
const SNIFF_SIZE = 10;
const DEFAULT_MAX_BYTES = 100 * 1024 ** 3;

/** How far decompression may go. */
interface DecompressOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 100 GiB: a few kilobytes can become any amount. */
  readonly maxBytes?: number | undefined;
  /** Of the compressed data, where it is known: little is not worth a process. */
  readonly sizeBytes?: number | undefined;
  /**
   * Asked when bytes follow the last member that belong to none and are not zeros: may they be passed over? By then everything before them
   * was given. Default: they are an error (`ARCHIVE`).
   */
  readonly mayTrail?: (() => boolean) | undefined;
}

/** Finds the compression by the first bytes, of which 10 are enough. */
export function sniffCompression(head: Uint8Array): CompressionFormat {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (isGzipMember(bytes)) return "gzip";
  // Some writers begin with a skippable frame.
  if (isZstdFrame(bytes)) return "zstd";
  if (isXzStream(bytes)) return "xz";
  return isBzip2Stream(bytes) ? "bzip2" : "none";
}

/** The plain bytes of a stream, whatever its compression. Throws `ARCHIVE` for damaged data, `BLOB_SIZE` over `maxBytes`. */
export async function* decompress(stream: ByteStream, options: DecompressOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const { mayTrail, maxBytes = DEFAULT_MAX_BYTES } = options;
  await using reader = createByteReader(stream);
  await reader.fill(SNIFF_SIZE);
  const format = sniffCompression(reader.bytes);
  let sizeBytes = 0;
  for await (const chunk of plain(format, reader, options)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes)
      throw new DecantError("BLOB_SIZE", `Cannot decompress ${format} data: it becomes more than ${maxBytes} bytes`);
    options.signal?.throwIfAborted();
    yield chunk;
  }
  if (!(await reader.fill(1))) return;
  if (mayTrail?.() !== true) throw archiveDamaged(format, "something else follows its end");
  // Whoever hashes the stream wants to see all of it.
  while (await reader.fill(1)) reader.take(reader.bytes.byteLength);
}

/** Reads until the compression is known; `rest` gives everything again. */
export async function peekCompression(stream: ByteStream): Promise<{ readonly format: CompressionFormat; readonly rest: ByteStream }> {
  const reader = createByteReader(stream);
  await reader.fill(SNIFF_SIZE);
  return { format: sniffCompression(reader.bytes), rest: everything(reader) };
}

async function* everything(source: ByteReader): AsyncGenerator<Uint8Array, void, undefined> {
  await using reader = source;
  while (await reader.fill(1)) yield reader.take(reader.bytes.byteLength);
}

function plain(format: CompressionFormat, reader: ByteReader, options: DecompressOptions): ByteStream {
  switch (format) {
    case "none":
      return everything(reader);
    case "gzip":
      return members(reader, { format, begins: isGzipMember, read: gunzipMember });
    case "zstd":
      return members(reader, { format, begins: isZstdFrame, read: unzstdFrame });
    case "xz": {
      const sizes = { plainBytes: 0 };
      // Streams begin at multiples of four bytes.
      const streams = packed(reader, { begins: isXzStream, scan: () => startScan(xzStream(sizes)), paddingUnit: 4 });
      return sized(unxz(streams, options), sizes);
    }
    case "bzip2":
      return unbzip2(packed(reader, { begins: isBzip2Stream, scan: scanBzip2Stream }), options);
  }
}

/** A format whose members are decompressed one by one. */
interface MemberReader {
  readonly format: CompressionFormat;
  readonly begins: (head: Buffer) => boolean;
  readonly read: (reader: ByteReader) => ByteStream;
}

async function* members(reader: ByteReader, { format, begins, read }: MemberReader): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    do yield* read(reader);
    while (await hasNext(reader, begins));
  } catch (error) {
    // Errors of the source are what they are.
    if (error instanceof ScanError) throw archiveDamaged(format, error.message, error);
    throw errnoOf(error)?.startsWith("Z") === true ? archiveDamaged(format, "it is damaged", error) : error;
  }
}

/** A format whose decompressor takes all members at once. */
interface PackedMembers {
  readonly begins: (head: Buffer) => boolean;
  readonly scan: () => MemberScan;
  readonly paddingUnit?: number;
}

/** The members as they are, and nothing else. What the scan cannot read is for the decompressor to refuse. */
async function* packed(reader: ByteReader, { begins, scan, paddingUnit }: PackedMembers): AsyncGenerator<Uint8Array, void, undefined> {
  do {
    for (let member: MemberScan | undefined = scan(); member?.done !== true;) {
      if (!(await reader.fill(1))) return;
      let size = reader.bytes.byteLength;
      try {
        size = member?.push(reader.bytes) ?? size;
      } catch (error) {
        if (!(error instanceof ScanError)) throw error;
        member = undefined;
      }
      yield reader.take(size);
    }
  } while (await hasNext(reader, begins, paddingUnit));
}

/** Passes over padding: does another member follow? If not, the stream has ended, or has something else. */
async function hasNext(reader: ByteReader, begins: (head: Buffer) => boolean, paddingUnit?: number): Promise<boolean> {
  await reader.fill(SNIFF_SIZE);
  if (begins(reader.bytes)) return true;
  let padding = 0;
  while (await reader.fill(1)) {
    const end = reader.bytes.findIndex((byte) => byte !== 0);
    padding += reader.take(end < 0 ? reader.bytes.byteLength : end).byteLength;
    if (end >= 0) break;
  }
  if (padding === 0 || paddingUnit === undefined || padding % paddingUnit !== 0) return false;
  await reader.fill(SNIFF_SIZE);
  return begins(reader.bytes);
}

/** A decompressor that stops behind the first stream must not pass for one that read all. */
async function* sized(stream: ByteStream, sizes: XzSizes): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength;
    yield chunk;
  }
  if (sizeBytes !== sizes.plainBytes) throw archiveDamaged("xz", `it becomes ${sizeBytes} bytes; its index says ${sizes.plainBytes}`);
}
