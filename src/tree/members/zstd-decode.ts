/** Decompresses one zstd frame. Layers of podman (zstd:chunked) have a frame for each file: small ones are decompressed in one call. */
import { createZstdDecompress, zstdDecompressSync } from "node:zlib";
import type { ByteReader } from "./byte-reader.ts";
import { type MemberScan, ScanError, startScan } from "./member-scan.ts";
import { createZlibRun, type ZlibRun } from "./zlib-run.ts";
import { isSkippableFrame, zstdFrame } from "./zstd-frame.ts";

const CHUNK = 256 * 1024;
/** What is decompressed in one call at most. */
const SMALL_BYTES = 512 * 1024;
const CHECKSUM_BYTES = 4;

/** The plain bytes of the frame that begins at `reader.bytes`. Throws a `ScanError`, or zlib's error, after what came before the damage. */
export async function* unzstdFrame(reader: ByteReader): AsyncGenerator<Uint8Array, void, undefined> {
  const scan = startScan(zstdFrame());
  const size = scan.push(reader.bytes);
  if (isSkippableFrame(reader.bytes)) {
    for await (const _piece of pieces(reader, scan, size));
    return;
  }
  const small = scan.done ? decompressSmall(reader.bytes.subarray(0, size)) : undefined;
  if (small !== undefined) {
    reader.take(size);
    yield small;
    return;
  }
  using run = createZlibRun(createZstdDecompress({ chunkSize: CHUNK }));
  let givenBytes = 0;
  for await (const piece of pieces(reader, scan, size)) {
    givenBytes += piece.byteLength;
    // A wrong checksum is an error only after the bytes that it is about.
    const split = scan.done ? Math.max(0, piece.byteLength - CHECKSUM_BYTES) : piece.byteLength;
    yield* given(run, piece.subarray(0, split));
    yield* given(run, piece.subarray(split));
  }
  yield* run.finish();
  if (run.usedBytes !== givenBytes) throw new ScanError("a frame of it ends before its last block");
}

/** The bytes of a frame whose first `size` bytes were scanned. */
async function* pieces(reader: ByteReader, scan: MemberScan, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let scanned = size; ; scanned = scan.push(reader.bytes)) {
    yield reader.take(scanned);
    if (scan.done) return;
    if (!(await reader.fill(1))) throw new ScanError("it is cut off");
  }
}

async function* given(run: ZlibRun, piece: Buffer): AsyncGenerator<Buffer, void, undefined> {
  if (piece.byteLength > 0) yield* run.feed(piece);
}

/** In one call, where it is small; undefined where it is not, or is damaged. */
function decompressSmall(frame: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: SMALL_BYTES });
  } catch {
    return undefined;
  }
}
