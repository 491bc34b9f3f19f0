/**
 * COPY and ADD of files as edits of a Draft: rules S70 to S88 of the Dockerfile semantics, with the order of decisions of BuildKit's copier.
 * Pure data: reads Trees, writes the Draft; no file system is touched.
 */
import type { Digest } from "../../digest.ts";
import type { FileAction } from "../../graph/index.ts";
import { baseName, cleanTreePath, fromText, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import { type DataSource, type Entry, type EntryTime, type LayerItem, resolvePath } from "../../tree/index.ts";
import { type CopyStyle, makeDirectories } from "./directories.ts";
import type { Draft } from "./draft.ts";
import { directoryOverFile, fileOverDirectory, sourceChanged } from "./errors.ts";
import type { HashedFiles } from "./hashed-files.ts";
import { type CopySource, type Selected, type Walked, walkSelected } from "./selection.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** "/a/b/" or "/a/." as a destination: a directory, whatever is copied (rule S83). */
function isDirectoryDestination(dest: string): boolean {
  return dest.endsWith("/") || dest.endsWith("/.") || dest === "." || dest === "";
}

/**
 * The destination resolved inside the draft, with missing directories made: all of `dest` when it names a directory, else its parent.
 * Made directories are 0755, or the octal `--chmod` value, and get `--chown` (rule S74).
 */
export function prepareDestination(draft: Draft, action: CopyAction, style: CopyStyle): TreePath {
  const dest = cleanTreePath(fromText(action.dest));
  makeDirectories(draft, isDirectoryDestination(action.dest) ? dest : parentOf(dest), style);
  return resolvePath(draft, dest, { followLast: true }).path;
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
  makeDirectories(draft, folder, style);

  if (style.isLast === true && fillDestination(draft, source, selected, target, action, style)) return;
  const links = new Map<string, TreePath>();
  const times = new Map<TreePath, EntryTime>();
  let files = 0;
  for (const { entry, relative, implied } of walkSelected(source.tree, root, action)) {
    const to = relative === ROOT ? target : ((target === ROOT ? relative : `${target}/${relative}`) as TreePath);
    // Where a parent is a directory already, it stays as it is.
    if (implied && draft.lookup(to)?.kind === "dir") continue;
    if (entry.kind === "dir") {
      const made = putCopiedDirectory(draft, entry, to, relative, style);
      if (!implied && made !== ROOT) times.set(made, timeOf(draft, entry));
      continue;
    }
    const checked = entry.kind === "file" && selected.hashed !== undefined ? withDigest(entry, selected.hashed.at(files), style) : entry;
    if (entry.kind === "file") files += 1;
    const before = draft.lookup(to);
    if (before?.kind === "dir" && style.replaces !== true) {
      const left = entry.kind === "symlink" && relative !== ROOT ? { from: entry.path, relative } : undefined;
      throw fileOverDirectory(to, style.range, left);
    }
    await putCopiedFile(draft, source, checked, to, links, style);
  }
  // Now that nothing comes into them any more.
  for (const [path, time] of times) draft.change(path, style.time ?? time);
}

/**
 * Leaves the walk to the writer of the layer, where nothing lies over what is copied: then no draft of a million files is in memory. Gives false
 * where it has to be copied into the draft.
 */
function fillDestination(
  draft: Draft,
  source: CopySource,
  selected: Selected,
  target: TreePath,
  action: CopyAction,
  style: CopyStyle,
): boolean {
  const root = selected.entry;
  const isWhole = root.kind === "dir" && action.includePatterns === undefined && action.excludePatterns.length === 0;
  if (!isWhole || !draft.isEmpty(target)) return false;
  const walk = walkSelected(source.tree, root, action);
  walk.next();
  const first = walk.next();
  if (first.done === true) return false;
  draft.fill(target, copiedItems(source, withFirst(first.value, walk), target, selected.hashed, style));
  if (target !== ROOT) draft.change(target, style.time ?? timeOf(draft, root));
  return true;
}

function* withFirst(first: Walked, rest: Iterable<Walked>): Generator<Walked, void, undefined> {
  yield first;
  yield* rest;
}

/** What is copied into an empty directory, as items of a layer: those that the draft would give. */
function* copiedItems(
  { tree }: CopySource,
  walk: Iterable<Walked>,
  target: TreePath,
  hashed: HashedFiles | undefined,
  style: CopyStyle,
): Generator<LayerItem | Promise<LayerItem>, void, undefined> {
  const links = new Map<string, Entry>();
  let files = 0;
  for (const { entry, relative } of walk) {
    const path = (target === ROOT ? relative : `${target}/${relative}`) as TreePath;
    if (entry.kind !== "file") {
      yield { entry: changed({ ...entry, path }, style) };
      continue;
    }
    const checked = hashed === undefined ? entry : withDigest(entry, hashed.at(files), style);
    files += 1;
    const group = tree.linkGroup(entry);
    const first = group === undefined ? undefined : links.get(group);
    if (first !== undefined) {
      const { digest: _digest, ...metadata } = first;
      yield { entry: { ...metadata, path, kind: "hardlink", size: 0, link: first.path } };
      continue;
    }
    const copied = changed({ ...checked, path }, style);
    if (group !== undefined) links.set(group, copied);
    const data = tree.data(checked);
    yield data instanceof Promise ? data.then((found) => ({ entry: copied, data: found })) : { entry: copied, data };
  }
}

/** Of a copied directory. The root of an image or a context has none of its own. */
function timeOf(draft: Draft, { path, mtimeSec, mtimeNsec }: Entry): EntryTime {
  return path === ROOT ? draft.now : { mtimeSec, mtimeNsec };
}

/** The writer checks the digest. A file that appeared since the key was made has none. */
function withDigest(entry: Entry, digest: Digest | undefined, style: CopyStyle): Entry {
  if (digest === undefined) throw sourceChanged(entry.path, style.range);
  return { ...entry, digest };
}

/** Gives where the directory is. */
function putCopiedDirectory(draft: Draft, entry: Entry, to: TreePath, relative: TreePath, style: CopyStyle): TreePath {
  const isTop = relative === ROOT;
  const { entry: before, path: real } = isTop ? resolvePath(draft, to, { followLast: true }) : { entry: draft.lookup(to), path: to };
  if (before !== undefined && before.kind !== "dir" && (isTop || style.replaces !== true)) {
    const { path: leadsTo, entry: end } = resolvePath(draft, to, { followLast: true });
    const link = end?.kind === "dir" ? { leadsTo, left: { from: entry.path, relative } } : undefined;
    throw directoryOverFile(to, before.kind, style.range, link);
  }
  // S73: nested directories take the source's mode and owner even where they exist. S72: the named one itself is not copied but for its time.
  if (!isTop) draft.put(changed({ ...entry, path: to }, style));
  return real;
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
    draft.link(to, first);
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
  return { ...entry, uid, gid, mode, ...style.time };
}
