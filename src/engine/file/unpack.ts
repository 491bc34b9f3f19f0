/** ADD of a local archive: known by its content, never by its name (rules S89, S90, S130). */
import type { ByteStream } from "../../bytes.ts";
import { isDecantError } from "../../errors.ts";
import { joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { decompress, type Entry, importLayerTar, layerTree, readData, sniffCompression, walk } from "../../tree/index.ts";
import { makeDirectories, type CopyStyle } from "./copy.ts";
import type { Draft } from "./draft.ts";
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

/** Extracts an archive below `dest` (a directory, made when missing): owners and modes of the archive unless `--chown`; `--chmod` is ignored. */
export async function unpackArchive(
  store: Store,
  draft: Draft,
  source: CopySource,
  entry: Entry,
  dest: TreePath,
  style: CopyStyle,
  signal: AbortSignal,
): Promise<void> {
  const plain: CopyStyle = { owner: style.owner, chmod: undefined, range: style.range };
  const root = makeDirectories(draft, dest, plain, entry);
  const layer = await importLayerTar(store, readData(await source.tree.data(entry), entry.size), { signal, layer: false, archive: true });
  const tree = layerTree([layer]);
  const links = new Map<string, TreePath>();
  for (const item of walk(tree, ROOT)) {
    if (item.path === ROOT) continue;
    const parent = parentOf(item.path);
    const folder = makeDirectories(draft, below(root, parent), plain, item);
    const to = joinTreePath(folder, item.path.slice(parent === ROOT ? 0 : parent.length + 1));
    const owned: Entry = { ...item, path: to, ...style.owner };
    const before = draft.lookup(to);
    const group = item.kind === "file" ? tree.linkGroup(item) : undefined;
    const first = group === undefined ? undefined : links.get(group);
    if (first !== undefined) {
      const { digest: _digest, xattrs: _xattrs, ...metadata } = owned;
      draft.put({ ...metadata, kind: "hardlink", size: 0, link: first });
      continue;
    }
    if (group !== undefined) links.set(group, to);
    if (item.kind === "dir" && before?.kind === "symlink") {
      // A directory of the archive over a symlink of the image: the symlink goes, as tar extraction does.
      draft.put(owned);
      continue;
    }
    draft.put(owned, item.kind === "file" ? await tree.data(item) : undefined);
  }
}

function below(root: TreePath, path: TreePath): TreePath {
  if (root === ROOT) return path;
  return path === ROOT ? root : (`${root}/${path}` as TreePath);
}
