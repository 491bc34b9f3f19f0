/** Digests of files of the host: hashed as they are now, and remembered when they did not change meanwhile. */
import { createHash, hash } from "node:crypto";
import type { Stats } from "node:fs";
import { closeSync, createReadStream, fstatSync, readSync } from "node:fs";
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { hasWriters, type InsidePath } from "../sys/index.ts";
import { goneSinceListed } from "./errors.ts";
import type { FileDigests } from "./file-digests.ts";
import { openForReading, readListed } from "./host-files.ts";
import type { RecentContents } from "./recent-contents.ts";
import type { Entry } from "./types.ts";

/** Files up to this are hashed at once, without a promise. */
const SMALL = 256 * 1024;

/** Takes each of them in its turn. */
let scratch: Buffer | undefined;

/** What hashing uses; `onRead` is told of bytes when they were read. */
interface HashOptions {
  readonly digests: FileDigests | undefined;
  readonly recent: RecentContents;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** Hashes a file as it is now; remembers the digest when the file did not change meanwhile. */
export function hashHostFile({ path, root }: InsidePath, entry: Entry, { digests, recent, onRead }: HashOptions): Digest | Promise<Digest> {
  const startedMs = Date.now();
  if (entry.size === 0) return `sha256:${hash("sha256", "", "hex")}` as Digest;
  const fd = readListed(path, () => openForReading(path, root));
  let isOwned = true;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw goneSinceListed(path);
    // Before it is read: who comes later changes its time.
    const memo = digests === undefined || hasWriters(fd) ? undefined : digests;
    if (stat.size <= SMALL) {
      scratch ??= Buffer.allocUnsafeSlow(SMALL);
      const bytes = scratch.subarray(0, stat.size);
      let size = 0;
      for (let read = -1; read !== 0 && size < bytes.byteLength; size += read)
        read = readSync(fd, bytes, size, bytes.byteLength - size, null);
      const content = bytes.subarray(0, size);
      const digest = `sha256:${hash("sha256", content, "hex")}` as Digest;
      memo?.put(entry.path, stat, digest, startedMs);
      recent.keep(content, digest);
      onRead?.(size);
      return digest;
    }
    isOwned = false;
    return hashLarge(fd, stat, { path: entry.path, startedMs, digests: memo }, onRead);
  } finally {
    if (isOwned) closeSync(fd);
  }
}

async function hashLarge(
  fd: number,
  stat: Stats,
  memo: { readonly path: TreePath; readonly startedMs: number; readonly digests: FileDigests | undefined },
  onRead: ((bytes: number) => void) | undefined,
): Promise<Digest> {
  const running = createHash("sha256");
  // The path is only a label: the descriptor decides, and is closed by the stream.
  for await (const chunk of createReadStream("", { fd, highWaterMark: 1024 * 1024 })) {
    running.update(chunk as Buffer);
    onRead?.((chunk as Buffer).byteLength);
  }
  const digest = `sha256:${running.digest("hex")}` as Digest;
  memo.digests?.put(memo.path, stat, digest, memo.startedMs);
  return digest;
}
