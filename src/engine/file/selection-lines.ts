/**
 * The lines that `--explain` compares: as strings, those of a million files would take a gigabyte. Long lists are compressed while they are made,
 * because most builds only keep them; a list that fits into one piece is compressed when somebody keeps it.
 */
import { constants, zstdCompressSync } from "node:zlib";
import { ROOT, toText, type TreePath } from "../../paths.ts";
import { bytesOf, collect } from "../../bytes.ts";
import { createGrowingBytes, decompress, type Entry } from "../../tree/index.ts";

/** Of more there is no list, and only that the files changed can be told. */
const MAX_LINES_BYTES = 64 * 1024 * 1024;

const BATCH = 64 * 1024;
/** So much is compressed at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** A list of lines in UTF-8, with line breaks between them. */
export interface PathLines {
  /** The list as zstd frames, which `readPathLines` reads. */
  compressed(): Buffer;
  /** The list itself, where it has at most 64 Ki characters. */
  readonly short?: string;
}

/** Lines in the making. */
interface SelectionLines {
  /** An entry at `relative` of the selected `root`. `facts` of `entryFacts`; `content` and `linkedTo` may be "". */
  add(entry: {
    readonly root: TreePath;
    readonly relative: TreePath;
    readonly facts: string;
    readonly content: string;
    readonly linkedTo: string;
  }): void;
  /** All of them; undefined when they are more than `MAX_LINES_BYTES`. Call once. */
  finish(): PathLines | undefined;
}

/** Starts without lines. */
export function createSelectionLines(): SelectionLines {
  const frames: Buffer[] = [];
  /** Made when it is needed, which is not for most steps. */
  let piece: ReturnType<typeof createGrowingBytes> | undefined;
  let batch = "";
  let separator = "";
  let sizeBytes = 0;

  const closePiece = (): void => {
    if (piece === undefined) return;
    frames.push(frameOf(piece.bytes.subarray(0, piece.size)));
    piece.shrink(0);
  };
  const write = (): void => {
    const bytes = Buffer.from(batch, "utf8");
    batch = "";
    sizeBytes += bytes.byteLength;
    if (sizeBytes > MAX_LINES_BYTES) {
      frames.length = 0;
      piece = undefined;
      return;
    }
    piece ??= createGrowingBytes(MAX_LINES_BYTES);
    if (piece.size + bytes.byteLength > PIECE_BYTES) closePiece();
    // Growing replaces the view.
    const at = piece.reserve(bytes.byteLength);
    bytes.copy(piece.bytes, at);
  };
  return {
    add({ root, relative, facts, content, linkedTo }) {
      batch += `${separator}${shownPath(root, relative)}\t${facts}\t${content}${linkedTo === "" ? "" : `\tlinked to ${toText(linkedTo)}`}`;
      separator = "\n";
      if (batch.length > BATCH) write();
    },
    finish() {
      if (piece === undefined && frames.length === 0 && sizeBytes === 0) {
        const short = batch;
        return { compressed: () => frameOf(Buffer.from(short, "utf8")), short };
      }
      write();
      if (sizeBytes > MAX_LINES_BYTES) return undefined;
      const last = piece;
      return {
        compressed: () => Buffer.concat(last === undefined ? frames : [...frames, frameOf(last.bytes.subarray(0, last.size))]),
      };
    },
  };
}

/** Fast: the digests in it do not compress anyway. */
function frameOf(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** The lines in UTF-8 of what `compressed` gave. Throws `ARCHIVE` and `BLOB_SIZE` for anything else. */
export async function readPathLines(compressed: Uint8Array): Promise<Uint8Array> {
  return await collect(decompress(bytesOf(compressed), { maxBytes: MAX_LINES_BYTES }), MAX_LINES_BYTES);
}

/** All of an entry that counts but its content: "kind mode uid:gid size length:link device xattrs". */
export function entryFacts(entry: Entry): string {
  const xattrs =
    entry.xattrs === undefined ? "" : [...entry.xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`).join(",");
  const device = entry.kind === "char" || entry.kind === "block" ? `${entry.major ?? 0}:${entry.minor ?? 0}` : "";
  return `${entry.kind} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.kind === "file" ? entry.size : ""} ${(entry.link ?? "").length}:${entry.link ?? ""} ${device} ${xattrs}`;
}

function shownPath(root: TreePath, relative: TreePath): string {
  if (relative === ROOT) return toText(root) || ".";
  return root === ROOT ? toText(relative) : `${toText(root)}/${toText(relative)}`;
}
