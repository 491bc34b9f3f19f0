/** ADD of a local archive: known by its content, never by its name (rules S89, S90, S130). */
import type { ByteStream } from "../../bytes.ts";
import { createHasher, type Digest } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import type { TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { decompress, type Entry, readData, sniffCompression, spoolArchive } from "../../tree/index.ts";
import { createArchiveWriter } from "./archive-writer.ts";
import { type CopyStyle, makeDirectories } from "./directories.ts";
import type { Draft } from "./draft.ts";
import { sourceChanged } from "./errors.ts";
import type { CopySource } from "./selection.ts";

const TAR_BLOCK_BYTES = 512;

/**
 * Is this file a tar, plain or compressed? Reads its first block only. "damaged": it is compressed, and not even that block can be had of it;
 * such a file is copied as it is, as BuildKit does. Throws `ARCHIVE` where a program is missing that could tell.
 */
export async function archiveKind(source: CopySource, entry: Entry): Promise<"archive" | "file" | "damaged"> {
  if (entry.kind !== "file" || entry.size === 0) return "file";
  const open = async (): Promise<ByteStream> => inPieces(readData(await source.tree.data(entry), entry.size));
  const head = await readHead(await open(), TAR_BLOCK_BYTES);
  if (sniffCompression(head) === "none") return isTarBlock(head) ? "archive" : "file";
  try {
    return isTarBlock(await readHead(decompress(await open()), TAR_BLOCK_BYTES)) ? "archive" : "file";
  } catch (error) {
    if (isDecantError(error, "ARCHIVE") && error.details["program"] === undefined) return "damaged";
    throw error;
  }
}

/** What is damaged further on must not hide the beginning: a decompressor gives nothing for a piece with an error. */
async function* inPieces(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream)
    for (let at = 0; at < chunk.byteLength; at += TAR_BLOCK_BYTES) yield chunk.subarray(at, at + TAR_BLOCK_BYTES);
}

async function readHead(stream: ByteStream, sizeBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let have = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    have += chunk.byteLength;
    if (have >= sizeBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, sizeBytes);
}

/** Does a tar begin with this block of 512 bytes: a header whose checksum is right? */
export function isTarBlock(block: Buffer): boolean {
  if (block.byteLength < TAR_BLOCK_BYTES) return false;
  const stored = Number.parseInt(block.toString("latin1", 148, 156).replace(/[\0 ]+$/, ""), 8);
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK_BYTES; at += 1) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  return stored === sum;
}

/** What is extracted, and how. */
interface Unpacking {
  readonly source: CopySource;
  /** The archive. */
  readonly entry: Entry;
  /** Of the archive, as it is in the key; absent for what cannot change. */
  readonly digest: Digest | undefined;
  /** A directory, made when missing. */
  readonly dest: TreePath;
  readonly style: CopyStyle;
}

/**
 * Extracts an archive: owners and modes of the archive unless `--chown`; `--chmod` is ignored. Contents are there until the result is disposed.
 * Throws `COPY_CONFLICT`, `PATH_ESCAPE`, `TAR`, `ARCHIVE`, `CONTEXT`.
 */
export async function unpackArchive(store: Store, draft: Draft, work: Unpacking, signal: AbortSignal): Promise<AsyncDisposable> {
  const { source, entry, digest, dest } = work;
  const style: CopyStyle = { ...work.style, chmod: undefined };
  const writer = createArchiveWriter(draft, makeDirectories(draft, dest, style), style);
  const hasher = createHasher();
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of readData(await source.tree.data(entry), entry.size)) {
      hasher.update(chunk);
      yield chunk;
    }
  };
  await using contents = new AsyncDisposableStack();
  contents.use(await spoolArchive(store, bytes(), writer.add, { signal }));
  // The key says what was hashed before.
  if (digest !== undefined && hasher.digest() !== digest) throw sourceChanged(entry.path, style.range);
  writer.finish();
  return contents.move();
}
