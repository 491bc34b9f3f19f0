/**
 * Unpacks an archive over a Draft, member by member, as BuildKit does with a chroot in the destination: symlinks on the way are followed
 * inside the destination, directories that are there stay as they are, and what a member takes the place of goes (rules S90, S129).
 */
import { isDecantError } from "../../errors.ts";
import { baseName, isWithin, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import { type DataSource, type Entry, type EntryTime, type ResolvedPath, resolvePath, type Tree } from "../../tree/index.ts";
import { type CopyStyle, inheritedGroup, makeMissing } from "./directories.ts";
import type { Draft } from "./draft.ts";
import { linkLeaves, linkTargetMissing, memberBelowFile } from "./errors.ts";

/** Takes the members of an archive in their order. */
interface ArchiveWriter {
  /** Throws `COPY_CONFLICT` for a member below a file, `PATH_ESCAPE` for one behind a symlink that leads out, `TAR` for a hard link to nothing. */
  readonly add: (entry: Entry, data: DataSource | undefined) => void;
  /** After the last one: directories that the archive names get its times. */
  finish(): void;
}

const CAPABILITY = "security.capability";

/** Starts to unpack into `root`, a directory of the draft. */
export function createArchiveWriter(draft: Draft, root: TreePath, style: Pick<CopyStyle, "owner" | "range">): ArchiveWriter {
  const { range } = style;
  const outside = (path: TreePath): TreePath => (root === ROOT ? path : path === ROOT ? root : joinTreePath(root, path));
  const inside: Pick<Tree, "lookup"> = { lookup: (path) => draft.lookup(outside(path)) };
  /** Directory as members name it → where it is in the destination. */
  const folders = new Map<TreePath, TreePath>();
  const times: (readonly [path: TreePath, time: EntryTime])[] = [];

  const resolve = (path: TreePath): ResolvedPath => {
    try {
      return resolvePath(inside, path, { followLast: true, escape: "refuse" });
    } catch (error) {
      throw isDecantError(error, "PATH_ESCAPE") ? linkLeaves(outside(path), outside(ROOT), range) : error;
    }
  };

  /** The directory of a member, made where it is missing. It never has an entry of its own. */
  const folderAt = (path: TreePath): TreePath => {
    if (path === ROOT) return ROOT;
    const known = folders.get(path);
    if (known !== undefined) return known;
    const next = joinTreePath(folderAt(parentOf(path)), baseName(path));
    const entry = inside.lookup(next);
    const found = entry?.kind === "symlink" ? resolve(next) : { path: next, entry };
    if (found.entry === undefined) makeMissing(draft, outside(found.path), impliedDirectory, range);
    else if (found.entry.kind !== "dir") throw memberBelowFile(outside(path), outside(found.path), found.entry.kind, range);
    folders.set(path, found.path);
    return found.path;
  };

  const addLink = (entry: Entry): void => {
    const link = (entry.link ?? "") as TreePath;
    const folder = resolve(parentOf(link));
    const target = outside(joinTreePath(folder.path, baseName(link)));
    const file = folder.entry?.kind === "dir" ? draft.lookup(target) : undefined;
    // What is in its place goes before the link is made.
    if (file === undefined || file.kind === "dir" || isWithin(target, entry.path)) throw linkTargetMissing(entry.path, target, range);
    draft.link(entry.path, target);
    const { mode, uid, gid, mtimeSec, mtimeNsec } = entry;
    // The last header counts; but for its owner, nothing of a symlink can be set.
    if (file.kind === "symlink") draft.change(entry.path, { uid, gid });
    else draft.change(entry.path, { mode, uid, gid, mtimeSec, mtimeNsec, xattrs: linkedAttributes(file, entry) });
  };

  return {
    add(entry, data) {
      const path = outside(joinTreePath(folderAt(parentOf(entry.path)), baseName(entry.path)));
      const owned: Entry = { ...entry, path, ...style.owner };
      const before = draft.lookup(path);
      if (before?.kind === "symlink" || (before?.kind === "dir" && entry.kind !== "dir")) folders.clear();
      if (entry.kind === "hardlink") addLink(owned);
      else draft.put(owned, data);
      if (entry.kind === "dir") times.push([path, { mtimeSec: entry.mtimeSec, mtimeNsec: entry.mtimeNsec }]);
    },
    finish() {
      for (const [path, time] of times) if (draft.lookup(path)?.kind === "dir") draft.change(path, time);
    },
  };
}

function impliedDirectory(path: TreePath, parent: Entry | undefined): Omit<Entry, "mtimeSec" | "mtimeNsec"> {
  return { path, kind: "dir", mode: 0o755, uid: 0, gid: inheritedGroup(parent), size: 0 };
}

/** Setting the owner takes capabilities that the link does not repeat. */
function linkedAttributes(file: Entry, link: Entry): Map<string, Uint8Array> {
  return new Map([...[...(file.xattrs ?? [])].filter(([name]) => name !== CAPABILITY), ...(link.xattrs ?? [])]);
}
