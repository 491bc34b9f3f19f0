/**
 * A gzip member (RFC 1952): header and trailer are read here, so that its bytes are given before its checksum is known, and what follows it
 * is seen. Layers for lazy pulling (eStargz) have a member for each file: small ones are inflated in one call.
 */
import { crc32, createInflateRaw, type Inflate, inflateRawSync } from "node:zlib";
import { findIsal, IsalDamage, type IsalInflate } from "../../sys/index.ts";
import type { ByteReader } from "./byte-reader.ts";
import { look, type Scan, ScanError, startScan } from "./member-scan.ts";
import { createZlibRun } from "./zlib-run.ts";

const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const TRAILER_BYTES = 8;
const CHUNK = 256 * 1024;
/** What is inflated in one call at most, and what a try for nothing may cost. */
const SMALL_BYTES = 512 * 1024;
const MAX_TEXT_BYTES = 64 * 1024;

/** Does a member begin here? Needs three bytes. */
export function isGzipMember(head: Buffer): boolean {
  return head.byteLength >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

/** The plain bytes of the member that begins at `reader.bytes`. Throws a `ScanError`, or zlib's error, after what came before the damage. */
export async function* gunzipMember(reader: ByteReader): AsyncGenerator<Uint8Array, void, undefined> {
  await passHeader(reader);
  let checksum = 0;
  let sizeBytes = 0;
  for await (const chunk of inflate(reader)) {
    checksum = crc32(chunk, checksum);
    sizeBytes += chunk.byteLength;
    yield chunk;
  }
  if (!(await reader.fill(TRAILER_BYTES))) throw new ScanError("it is cut off");
  const trailer = reader.take(TRAILER_BYTES);
  if (trailer.readUInt32LE(0) !== checksum) throw new ScanError("its checksum is wrong");
  if (trailer.readUInt32LE(4) !== sizeBytes % 2 ** 32) throw new ScanError("its size is not what it says");
}

async function passHeader(reader: ByteReader): Promise<void> {
  const scan = startScan(header());
  while (!scan.done) {
    if (!(await reader.fill(1))) throw new ScanError("it is cut off");
    reader.take(scan.push(reader.bytes));
  }
}

function* header(): Scan<void> {
  const fixed = yield* look(10);
  if (!isGzipMember(fixed)) throw new ScanError("it has no member where one is to begin");
  const flags = fixed.readUInt8(3);
  if ((flags & FLAG.reserved) !== 0) throw new ScanError("a header of it has flags that do not exist");
  let checksum = crc32(fixed);
  if ((flags & FLAG.extra) !== 0) {
    const size = yield* look(2);
    checksum = crc32(yield* look(size.readUInt16LE(0)), crc32(size, checksum));
  }
  if ((flags & FLAG.name) !== 0) checksum = yield* text(checksum);
  if ((flags & FLAG.comment) !== 0) checksum = yield* text(checksum);
  if ((flags & FLAG.headerChecksum) !== 0 && (yield* look(2)).readUInt16LE(0) !== checksum % 2 ** 16)
    throw new ScanError("the checksum of a header is wrong");
}

/** A name or a comment, with the zero at its end. */
function* text(before: number): Scan<number> {
  let checksum = before;
  for (let size = 0; size < MAX_TEXT_BYTES; size += 1) {
    const byte = yield* look(1);
    checksum = crc32(byte, checksum);
    if (byte[0] === 0) return checksum;
  }
  throw new ScanError("a name in a header has no end");
}

async function* inflate(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const small = inflateSmall(reader.bytes);
  if (small !== undefined) {
    reader.take(small.usedBytes);
    yield small.plain;
    return;
  }
  const isal = await findIsal();
  if (isal !== undefined) {
    yield* inflateFast(reader, isal.startInflate());
    return;
  }
  using run = createZlibRun(createInflateRaw({ chunkSize: CHUNK }));
  for (let usedBytes = 0; ; usedBytes = run.usedBytes) {
    if (!(await reader.fill(1))) throw new ScanError("it is cut off");
    const given = reader.bytes.byteLength;
    yield* run.feed(reader.bytes);
    const used = run.usedBytes - usedBytes;
    reader.take(used);
    if (used < given) return;
  }
}

async function* inflateFast(reader: ByteReader, run: IsalInflate): AsyncGenerator<Buffer, void, undefined> {
  while (!run.isDone) {
    if (!(await reader.fill(1))) throw new ScanError("it is cut off");
    try {
      yield* run.feed(reader.bytes);
    } catch (error) {
      throw error instanceof IsalDamage ? new ScanError("it is damaged") : error;
    }
    reader.take(run.usedBytes);
  }
}

/** In one call, where all of it is here and it is small; undefined where not, or where it is damaged. */
function inflateSmall(bytes: Buffer): { readonly plain: Buffer; readonly usedBytes: number } | undefined {
  try {
    // With `info` the result is another than the declaration of Node's types says.
    const result = inflateRawSync(bytes, { info: true, maxOutputLength: SMALL_BYTES }) as unknown as InflateInfo;
    return { plain: result.buffer, usedBytes: result.engine.bytesWritten };
  } catch {
    return undefined;
  }
}

interface InflateInfo {
  readonly buffer: Buffer;
  readonly engine: Inflate;
}
