/**
 * A directory of the host as a Tree: contexts of `COPY`, bind mounts. Metadata comes from one lstat an entry; nothing is followed.
 * Owners and modes are those on disk. The directory may change meanwhile: whoever reads contents checks what it got.
 */
import type { Stats } from "node:fs";
import { closeSync, createReadStream, fstatSync, lstatSync, readSync, readdirSync, readlinkSync } from "node:fs";
import { createHash, hash } from "node:crypto";
import type { Digest } from "../digest.ts";
import { DecantError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, displayPath, fromText, joinTreePath, parentOf } from "../paths.ts";
import { hasWriters, readXattrs, splitDevice } from "../sys/index.ts";
import type { FileDigests } from "./file-digests.ts";
import { fsPath, openForReading } from "./host-files.ts";
import { createRecentContents, type RecentContents } from "./recent-contents.ts";
import type { DataSource, Entry, EntryKind, Tree } from "./types.ts";

/** How a host directory is seen. */
interface HostTreeOptions {
  /** False hides a path and, for a directory, all below it (.dockerignore). Never asked for the root. */
  readonly filter?: ((path: TreePath, isDirectory: boolean) => boolean) | undefined;
  /** Remembers digests of unchanged files between builds. */
  readonly digests?: FileDigests | undefined;
  /** Extended attributes that are read; default none, because each costs system calls. */
  readonly xattrs?: ((name: string) => boolean) | undefined;
}

/** Files up to this are hashed at once, without a promise. */
const SMALL = 256 * 1024;

/** The tree of `root`, an absolute path in UTF-16. Throws `CONTEXT` when it is no directory. */
export function hostTree(root: string, options: HostTreeOptions = {}): Tree {
  const rootPath = fromText(root).replace(/\/+$/, "");
  const groups = new Map<TreePath, string>();
  /** Directories that were seen to be directories, so that their children need no check of their parents. */
  const directories = new Set<TreePath>();
  const recent = createRecentContents();
  const { filter, digests } = options;
  const hostPath = (path: TreePath): string => (path === ROOT ? rootPath || "/" : `${rootPath}/${path}`);
  checkDirectory(root, `${rootPath}/.`);

  const entryOf = (path: TreePath, stat: Stats): Entry | undefined => {
    const kind = kindOf(stat);
    if (filter !== undefined && path !== ROOT && !filter(path, kind === "dir")) return undefined;
    const mtimeSec = Math.floor(stat.mtimeMs / 1000);
    const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {
      path,
      kind,
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      size: kind === "file" && stat.isFile() ? stat.size : 0,
      mtimeSec,
      // A double keeps times of today to 244 ns.
      mtimeNsec: Math.min(Math.round((stat.mtimeMs - mtimeSec * 1000) * 1e6), 999_999_999),
    };
    if (kind === "dir") directories.add(path);
    else if (kind === "symlink") entry.link = readTarget(path);
    else if (kind === "char" || kind === "block") Object.assign(entry, splitDevice(stat.rdev));
    else if (kind === "file") {
      if (stat.nlink > 1) groups.set(path, `${stat.dev}:${stat.ino}`);
      const known = digests?.get(path, stat);
      if (known !== undefined) entry.digest = known;
    }
    if (options.xattrs !== undefined) {
      const xattrs = readXattrs(hostPath(path), options.xattrs);
      if (xattrs.size > 0 && kind !== "symlink") entry.xattrs = xattrs;
    }
    return entry;
  };

  const readTarget = (path: TreePath): string => {
    try {
      return readlinkSync(fsPath(hostPath(path)), { encoding: "latin1" });
    } catch (error) {
      throw new DecantError("CONTEXT", `Cannot read link "${displayPath(path)}" of "${root}": ${errnoOf(error) ?? String(error)}`, {
        cause: error,
      });
    }
  };

  const statOf = (path: TreePath): Stats | undefined => {
    try {
      return path === ROOT ? lstatSync(fsPath(`${rootPath}/.`)) : lstatSync(fsPath(hostPath(path)), { throwIfNoEntry: false });
    } catch (error) {
      // A parent that is a file: there is nothing of this name.
      if (errnoOf(error) === "ENOTDIR" || errnoOf(error) === "ENAMETOOLONG") return undefined;
      throw error;
    }
  };

  /** Is this a directory, reached through directories only, that the filter shows? */
  const isDirectory = (path: TreePath): boolean => {
    if (path === ROOT || directories.has(path)) return true;
    if (!isDirectory(parentOf(path))) return false;
    const stat = statOf(path);
    return stat?.isDirectory() === true && entryOf(path, stat) !== undefined;
  };

  /** Only what was hashed as the entry says: the file may have been hashed again since, as another one. */
  const recentBytes = (entry: Entry): Buffer | undefined => {
    const bytes = entry.digest === undefined ? undefined : recent.take(entry.path, entry.digest);
    return bytes?.byteLength === entry.size ? bytes : undefined;
  };

  return {
    lookup(path) {
      if (path !== ROOT && !isDirectory(parentOf(path))) return undefined;
      const stat = statOf(path);
      return stat === undefined ? undefined : entryOf(path, stat);
    },
    readdir(path) {
      if (!isDirectory(path)) return [];
      let names: string[];
      try {
        names = readdirSync(fsPath(hostPath(path)), { encoding: "latin1" });
      } catch (error) {
        if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
        throw new DecantError("CONTEXT", `Cannot read directory "${displayPath(path)}" of "${root}": ${errnoOf(error) ?? String(error)}`, {
          cause: error,
        });
      }
      // Without slashes the order of parts is the order of strings.
      names.sort();
      const entries: Entry[] = [];
      for (const name of names) {
        const child = joinTreePath(path, name);
        const stat = statOf(child);
        const entry = stat === undefined ? undefined : entryOf(child, stat);
        if (entry !== undefined) entries.push(entry);
      }
      return entries;
    },
    data(entry): DataSource {
      const bytes = entry.size === 0 ? new Uint8Array(0) : recentBytes(entry);
      return bytes === undefined ? { kind: "host", path: hostPath(entry.path) } : { kind: "bytes", bytes };
    },
    digest: (entry) => entry.digest ?? hashFile(hostPath(entry.path), entry, { digests, recent }),
    linkGroup: (entry) => groups.get(entry.path),
  };
}

function checkDirectory(root: string, path: string): void {
  try {
    // A root that is a symlink is the user's own choice: its "." is followed.
    lstatSync(fsPath(path));
  } catch (error) {
    throw new DecantError("CONTEXT", `Cannot use "${root}": it is not a directory that can be read`, { cause: error });
  }
}

function kindOf(stat: Stats): EntryKind {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "dir";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "char";
  if (stat.isBlockDevice()) return "block";
  if (stat.isFIFO()) return "fifo";
  // Rule S88: a socket becomes an empty file.
  return "file";
}

/** Hashes a file as it is now; remembers the digest when the file did not change meanwhile. */
function hashFile(
  path: string,
  entry: Entry,
  { digests, recent }: { readonly digests: FileDigests | undefined; readonly recent: RecentContents },
): Digest | Promise<Digest> {
  const startedMs = Date.now();
  if (entry.size === 0) return `sha256:${hash("sha256", "", "hex")}` as Digest;
  const fd = openForReading(path);
  let isOwned = true;
  try {
    const stat = fstatSync(fd);
    // Before it is read: who comes later changes its time.
    const memo = digests === undefined || hasWriters(fd) ? undefined : digests;
    if (stat.size <= SMALL) {
      const bytes = Buffer.allocUnsafe(stat.size);
      let size = 0;
      for (let read = -1; read !== 0 && size < bytes.byteLength; size += read)
        read = readSync(fd, bytes, size, bytes.byteLength - size, null);
      const content = bytes.subarray(0, size);
      const digest = `sha256:${hash("sha256", content, "hex")}` as Digest;
      memo?.put(entry.path, stat, digest, startedMs);
      recent.keep(entry.path, content, digest);
      return digest;
    }
    isOwned = false;
    return hashLarge(fd, stat, { path: entry.path, startedMs, digests: memo });
  } finally {
    if (isOwned) closeSync(fd);
  }
}

async function hashLarge(
  fd: number,
  stat: Stats,
  memo: { readonly path: TreePath; readonly startedMs: number; readonly digests: FileDigests | undefined },
): Promise<Digest> {
  const running = createHash("sha256");
  // The path is only a label: the descriptor decides, and is closed by the stream.
  for await (const chunk of createReadStream("", { fd, highWaterMark: 1024 * 1024 })) running.update(chunk as Buffer);
  const digest = `sha256:${running.digest("hex")}` as Digest;
  memo.digests?.put(memo.path, stat, digest, memo.startedMs);
  return digest;
}
