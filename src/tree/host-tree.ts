/**
 * A directory of the host as a Tree: contexts of `COPY`, bind mounts. Metadata comes from one lstat an entry; nothing is followed,
 * also when somebody puts a symlink in the place of a directory meanwhile.
 * Owners and modes are those on disk. The directory may change meanwhile: whoever reads contents checks what it got.
 */
import { constants } from "node:fs";
import type { TreePath } from "../paths.ts";
import { joinTreePath, parentOf, ROOT } from "../paths.ts";
import { type FileStat, splitDevice } from "../sys/index.ts";
import type { FileDigests } from "./file-digests.ts";
import { hashHostFile } from "./host-digest.ts";
import { openHostRoot } from "./host-root.ts";
import { createRecentContents } from "./recent-contents.ts";
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

/** The tree of `root`, an absolute path in UTF-16. Throws `CONTEXT` when it is no directory. */
export function hostTree(root: string, options: HostTreeOptions = {}): Tree {
  const host = openHostRoot(root);
  const groups = new Map<TreePath, string>();
  /** Directories that were seen to be directories, so that their children need no check of their parents. */
  const directories = new Set<TreePath>();
  const recent = createRecentContents();
  const { filter, digests } = options;

  const entryOf = (path: TreePath, stat: FileStat): Entry | undefined => {
    const entry = basicEntry(path, stat);
    const { kind } = entry;
    if (filter !== undefined && path !== ROOT && !filter(path, kind === "dir")) return undefined;
    if (kind === "dir") directories.add(path);
    else if (kind === "symlink") entry.link = host.target(path);
    else if (kind === "char" || kind === "block") Object.assign(entry, splitDevice(stat.rdev));
    else if (kind === "file") {
      if (stat.nlink > 1) groups.set(path, `${stat.dev}:${stat.ino}`);
      const known = digests?.get(path, stat);
      if (known !== undefined) entry.digest = known;
    }
    if (options.xattrs !== undefined) {
      const xattrs = host.xattrs(path, options.xattrs);
      if (xattrs.size > 0 && kind !== "symlink") entry.xattrs = xattrs;
    }
    return entry;
  };
  const entryAt = (path: TreePath): Entry | undefined => {
    const stat = host.stat(path);
    return stat === undefined ? undefined : entryOf(path, stat);
  };

  /** Is this a directory, reached through directories only, that the filter shows? */
  const isDirectory = (path: TreePath): boolean => {
    if (path === ROOT || directories.has(path)) return true;
    if (!isDirectory(parentOf(path))) return false;
    const stat = host.stat(path);
    return stat !== undefined && kindOf(stat) === "dir" && entryOf(path, stat) !== undefined;
  };

  const recentBytes = (entry: Entry): Buffer | undefined => {
    const bytes = entry.digest === undefined ? undefined : recent.take(entry.digest);
    return bytes?.byteLength === entry.size ? bytes : undefined;
  };

  return {
    lookup: (path) => (path === ROOT || isDirectory(parentOf(path)) ? entryAt(path) : undefined),
    readdir(path) {
      if (!isDirectory(path)) return [];
      const entries: Entry[] = [];
      for (const [name, stat] of host.list(path)) {
        const entry = entryOf(joinTreePath(path, name), stat);
        if (entry !== undefined) entries.push(entry);
      }
      return entries;
    },
    data(entry): DataSource {
      const bytes = entry.size === 0 ? new Uint8Array(0) : recentBytes(entry);
      return bytes === undefined ? { kind: "host", ...host.place(entry.path) } : { kind: "bytes", bytes };
    },
    digest: (entry, onRead) => entry.digest ?? hashHostFile(host.place(entry.path), entry, { digests, recent, onRead }),
    linkGroup: (entry) => groups.get(entry.path),
  };
}

const KINDS: ReadonlyMap<number, EntryKind> = new Map([
  [constants.S_IFREG, "file"],
  [constants.S_IFDIR, "dir"],
  [constants.S_IFLNK, "symlink"],
  [constants.S_IFCHR, "char"],
  [constants.S_IFBLK, "block"],
  [constants.S_IFIFO, "fifo"],
]);

/** What an lstat says. */
function basicEntry(path: TreePath, stat: FileStat): { -readonly [Key in keyof Entry]: Entry[Key] } {
  const kind = kindOf(stat);
  const mtimeSec = Math.floor(stat.mtimeMs / 1000);
  return {
    path,
    kind,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: (stat.mode & constants.S_IFMT) === constants.S_IFREG ? stat.size : 0,
    mtimeSec,
    // A double keeps times of today to 244 ns.
    mtimeNsec: Math.min(Math.round((stat.mtimeMs - mtimeSec * 1000) * 1e6), 999_999_999),
  };
}

function kindOf({ mode }: FileStat): EntryKind {
  // Rule S88: a socket becomes an empty file.
  return KINDS.get(mode & constants.S_IFMT) ?? "file";
}
