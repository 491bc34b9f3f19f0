/** The lines that `--explain` compares, as bytes: as strings, those of a million files would take a gigabyte. */
import { ROOT, toText, type TreePath } from "../../paths.ts";
import { createGrowingBytes, type Entry } from "../../tree/index.ts";

/** Of more there is no list, and only that the files changed can be told. */
export const MAX_LINES_BYTES: number = 64 * 1024 * 1024;

const BATCH = 64 * 1024;

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
  /** All of them in UTF-8, with line breaks between them; undefined when they are more than `MAX_LINES_BYTES`. Call once. */
  finish(): Uint8Array | undefined;
}

/** Starts without lines. */
export function createSelectionLines(): SelectionLines {
  const memory = createGrowingBytes(MAX_LINES_BYTES);
  let batch = "";
  let separator = "";
  let isFull = false;
  const write = (): void => {
    const bytes = Buffer.from(batch, "utf8");
    batch = "";
    isFull ||= memory.size + bytes.byteLength > MAX_LINES_BYTES;
    if (isFull) memory.shrink(0);
    else bytes.copy(memory.bytes, memory.reserve(bytes.byteLength));
  };
  return {
    add({ root, relative, facts, content, linkedTo }) {
      batch += `${separator}${shownPath(root, relative)}\t${facts}\t${content}${linkedTo === "" ? "" : `\tlinked to ${toText(linkedTo)}`}`;
      separator = "\n";
      if (batch.length > BATCH) write();
    },
    finish() {
      write();
      return isFull ? undefined : memory.bytes.subarray(0, memory.size);
    },
  };
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
