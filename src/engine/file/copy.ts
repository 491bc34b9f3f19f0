/**
 * COPY and ADD of files as edits of a Draft: rules S70 to S88 of the Dockerfile semantics, with the order of decisions of BuildKit's copier.
 * Pure data: reads Trees, writes the Draft; no file system is touched.
 */
import type { Digest } from "../../digest.ts";
import type { ModeChange } from "../../dockerfile/index.ts";
import type { FileAction } from "../../graph/index.ts";
import { baseName, cleanTreePath, fromText, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { SourceRange } from "../../source.ts";
import { type DataSource, type Entry, resolvePath } from "../../tree/index.ts";
import type { Draft } from "./draft.ts";
import { directoryOverFile, fileOverDirectory, sourceChanged } from "./errors.ts";
import type { Owner } from "./owner.ts";
import { type CopySource, type Selected, walkSelected } from "./selection.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

const SETGID = 0o2000;

/** How copied entries are changed. */
export interface CopyStyle {
  /** From `--chown`; absent: the source's owner. */
  readonly owner: Owner | undefined;
  readonly chmod: ModeChange | undefined;
  readonly range: SourceRange | undefined;
}

/** "/a/b/" or "/a/." as a destination: a directory, whatever is copied (rule S83). */
export function isDirectoryDestination(dest: string): boolean {
  return dest.endsWith("/") || dest.endsWith("/.") || dest === "." || dest === "";
}

/**
 * The destination resolved inside the draft, with missing directories made: all of `dest` when it names a directory, else its parent.
 * Made directories are 0755, or the octal `--chmod` value, and get `--chown` (rule S74).
 */
export function prepareDestination(
  draft: Draft,
  action: CopyAction,
  style: CopyStyle,
  mtime: Pick<Entry, "mtimeSec" | "mtimeNsec">,
): TreePath {
  const dest = cleanTreePath(fromText(action.dest));
  const ensured = isDirectoryDestination(action.dest) ? dest : parentOf(dest);
  makeDirectories(draft, ensured, style, mtime);
  return resolvePath(draft, dest, { followLast: true }).path;
}

/** Makes directories through symlinks. Throws `COPY_CONFLICT` when something else is in the way. */
export function makeDirectories(draft: Draft, path: TreePath, style: CopyStyle, mtime: Pick<Entry, "mtimeSec" | "mtimeNsec">): TreePath {
  let at = ROOT;
  for (const name of path === ROOT ? [] : path.split("/")) {
    const next = joinTreePath(at, name);
    const { path: real, entry } = resolvePath(draft, next, { followLast: true });
    if (entry === undefined) draft.mkdirAll(real, (made) => impliedDirectory(made, draft.lookup(parentOf(made)), style, mtime));
    else if (entry.kind !== "dir") throw directoryOverFile(real, entry.kind, style.range);
    at = real;
  }
  return at;
}

function impliedDirectory(
  path: TreePath,
  parent: Entry | undefined,
  style: CopyStyle,
  mtime: Pick<Entry, "mtimeSec" | "mtimeNsec">,
): Entry {
  // As mkdir(2) does: a directory made in one with setgid gets its group and its setgid bit.
  const inherited = (parent?.mode ?? 0) & SETGID;
  const { uid, gid } = style.owner ?? { uid: 0, gid: inherited === 0 ? 0 : (parent?.gid ?? 0) };
  // BuildKit hands the number to mkdir in Go's own form, where setuid, setgid and sticky are other bits: they are lost.
  const mode = ((style.chmod?.octal ?? 0o755) & 0o777) | inherited;
  return { path, kind: "dir", mode, uid, gid, size: 0, mtimeSec: mtime.mtimeSec, mtimeNsec: mtime.mtimeNsec };
}

/** Copies one selected source to `dest` (resolved, see `prepareDestination`). */
export async function copySelected(
  draft: Draft,
  source: CopySource,
  selected: Selected,
  dest: TreePath,
  action: CopyAction,
  style: CopyStyle,
): Promise<void> {
  const existing = resolvePath(draft, dest, { followLast: true });
  const root = selected.entry;
  let target = dest;
  // S71: a directory's contents go into the destination; a file goes into an existing directory under its own name.
  const intoExisting = existing.entry?.kind === "dir" && (root.kind !== "dir" || !action.dirCopyContents);
  if (intoExisting) target = joinTreePath(existing.path, baseName(selected.path));
  const folder = root.kind === "dir" && action.dirCopyContents && existing.entry === undefined ? target : parentOf(target);
  makeDirectories(draft, folder, style, root);

  const links = new Map<string, TreePath>();
  let files = 0;
  for (const { entry, relative, implied } of walkSelected(source.tree, root, action)) {
    const to = relative === ROOT ? target : ((target === ROOT ? relative : `${target}/${relative}`) as TreePath);
    // Where a parent is a directory already, it stays as it is.
    if (implied && draft.lookup(to)?.kind === "dir") continue;
    if (entry.kind === "dir") {
      putCopiedDirectory(draft, entry, to, relative, style);
      continue;
    }
    const checked = entry.kind === "file" && selected.hashed !== undefined ? withDigest(entry, selected.hashed.at(files), style) : entry;
    if (entry.kind === "file") files += 1;
    const before = draft.lookup(to);
    if (before?.kind === "dir") {
      const left = entry.kind === "symlink" && relative !== ROOT ? { from: entry.path, relative } : undefined;
      throw fileOverDirectory(to, style.range, left);
    }
    await putCopiedFile(draft, source, checked, to, links, style);
  }
}

/** The writer checks the digest. A file that appeared since the key was made has none. */
function withDigest(entry: Entry, digest: Digest | undefined, style: CopyStyle): Entry {
  if (digest === undefined) throw sourceChanged(entry.path, style.range);
  return { ...entry, digest };
}

function putCopiedDirectory(draft: Draft, entry: Entry, to: TreePath, relative: TreePath, style: CopyStyle): void {
  const isTop = relative === ROOT;
  const { entry: before, path: real } = isTop ? resolvePath(draft, to, { followLast: true }) : { entry: draft.lookup(to), path: to };
  if (before !== undefined && before.kind !== "dir") {
    const { path: leadsTo, entry: end } = resolvePath(draft, to, { followLast: true });
    const link = end?.kind === "dir" ? { leadsTo, left: { from: entry.path, relative } } : undefined;
    throw directoryOverFile(to, before.kind, style.range, link);
  }
  if (isTop) {
    // S72: the named directory itself is not copied; the destination takes its time only.
    if (to === ROOT || real === ROOT) return;
    if (before !== undefined) draft.put({ ...before, path: real, mtimeSec: entry.mtimeSec, mtimeNsec: entry.mtimeNsec });
    return;
  }
  // S73: nested directories take the source's mode and owner even where they exist.
  draft.put(changed({ ...entry, path: to }, style));
}

async function putCopiedFile(
  draft: Draft,
  source: CopySource,
  entry: Entry,
  to: TreePath,
  links: Map<string, TreePath>,
  style: CopyStyle,
): Promise<void> {
  const group = entry.kind === "file" ? source.tree.linkGroup(entry) : undefined;
  const first = group === undefined ? undefined : links.get(group);
  if (first !== undefined && draft.lookup(first)?.kind === "file") {
    const { digest: _digest, xattrs: _xattrs, ...metadata } = changed({ ...entry, path: to }, style);
    draft.put({ ...metadata, kind: "hardlink", size: 0, link: first });
    return;
  }
  if (group !== undefined) links.set(group, to);
  const data: DataSource | undefined = entry.kind === "file" ? await source.tree.data(entry) : undefined;
  draft.put(changed({ ...entry, path: to }, style), data);
}

/** Applies `--chown` and `--chmod`; symlinks keep their mode (rule S75). */
function changed(entry: Entry, style: CopyStyle): Entry {
  const { uid, gid } = style.owner ?? entry;
  const mode = style.chmod === undefined || entry.kind === "symlink" ? entry.mode : style.chmod.apply(entry.mode, entry.kind === "dir");
  return { ...entry, uid, gid, mode };
}
