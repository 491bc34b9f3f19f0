/**
 * A tree being edited: pending entries over a base, seen as one Tree. Edits are data; `items` gives them as the entries of a layer. As in a
 * file system, names can share a file, and a directory in which a name comes or goes is as old as that.
 * All is packed, about 250 bytes a file: a COPY may have a million of them, and an archive may name them in a few bytes each.
 * Every path put here must be resolved already: no part of it is a symlink (the callers use `resolvePath` on the draft itself).
 */
import { InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import { baseName, compareTreePaths, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import {
  checkIndexSize,
  createPathTable,
  createRecords,
  type DataSource,
  type Entry,
  type EntryTime,
  hasSameMetadata,
  hasSameTime,
  type LayerItem,
  type PathTable,
  ROOT_NODE,
  type Tree,
} from "../../tree/index.ts";
import { createPackedData } from "./packed-data.ts";

/** What can be changed of an entry that is there. */
type Change = Partial<Pick<Entry, "mode" | "uid" | "gid" | "mtimeSec" | "mtimeNsec" | "xattrs">>;

/** A tree that can be written to. */
export interface Draft extends Tree {
  /** The time of the edits. */
  readonly now: EntryTime;
  /** Sets the entry at its path. Throws `LIMIT` where names and attributes are longer than a layer may have them. What is not a directory replaces a whole directory; a directory over another one keeps what is in it. */
  put(entry: Entry, data?: DataSource): void;
  /** Makes `path` another name of what is at `target`, which is no directory. */
  link(path: TreePath, target: TreePath): void;
  /** Changes what is at a path, under all its names. */
  change(path: TreePath, change: Change): void;
  /** All that was edited, with the directories above it, in layer order. */
  items(): AsyncGenerator<LayerItem, void, undefined>;
}

/** The column of a node: its file plus 1, or 0. */
const FILE = 0;
const NO_DATA = -1;

/** Starts an edit of `base`. `now`: the time of directories in which something changes. */
export function createDraft(base: Tree, now: EntryTime): Draft {
  const table = createPathTable(1);
  /** A record for each file: what its names share. */
  const records = createRecords();
  const sources = createPackedData();
  /** Of files with several names. */
  const nameCounts = new Map<number, number>();
  /** Directories of the base that something else took the place of: what is below them is gone. */
  const covered = new Set<TreePath>();
  let pathBytes = 0;
  /** The directory that was given the time of the edits last. */
  let touched: TreePath | undefined;

  const isBelowCovered = (path: TreePath): boolean => {
    for (let at = parentOf(path); covered.size > 0 && at !== ROOT; at = parentOf(at)) if (covered.has(at)) return true;
    return false;
  };
  const inBase = (path: TreePath): Entry | undefined => (isBelowCovered(path) ? undefined : base.lookup(path));
  /** The file at a node or path, or -1. */
  const fileAt = (node: number | undefined): number => (node === undefined ? -1 : table.get(node, FILE) - 1);
  const pendingAt = (path: TreePath): number => fileAt(table.find(path));
  const lookup = (path: TreePath): Entry | undefined => {
    const file = pendingAt(path);
    return file < 0 ? inBase(path) : records.entry(file, path);
  };
  const namesOf = (file: number): number => nameCounts.get(file) ?? 1;
  const countNames = (file: number, names: number): void => void (names <= 1 ? nameCounts.delete(file) : nameCounts.set(file, names));
  const dataOf = (file: number): DataSource | Promise<DataSource> | undefined => {
    const at = records.data(file);
    if (at === NO_DATA) return undefined;
    const source = sources.at(at);
    if (source.kind !== "other") return source;
    const entry = base.lookup(table.path(source.value));
    return entry === undefined ? undefined : base.data(entry);
  };

  const setAt = (path: TreePath, file: number): void => {
    const node = table.make(path);
    if (table.get(node, FILE) === 0) pathBytes += path.length;
    table.set(node, FILE, file + 1);
    // Small archives can name much: what no layer may hold is refused before it is collected.
    checkIndexSize(table.count, pathBytes + records.heapSize);
  };
  /** The file at a path, which becomes pending. */
  const fileToChange = (path: TreePath): number => {
    const known = pendingAt(path);
    if (known >= 0) return known;
    const source = inBase(path);
    if (source === undefined) throw new InternalError(`there is no "${path}" to be changed`);
    const file = records.addNameless(source, source.kind === "file" ? sources.addOther(table.make(path)) : NO_DATA);
    setAt(path, file);
    return file;
  };
  const touch = (directory: TreePath): void => {
    if (directory === ROOT || directory === touched) return;
    const file = fileToChange(directory);
    if (!hasSameTime(records.entry(file, directory), now)) change(directory, now);
    touched = directory;
  };
  const change = (path: TreePath, changes: Change): void => {
    const file = fileToChange(path);
    records.replace(file, { ...records.entry(file, path), ...changes }, records.data(file));
    touched = undefined;
  };
  /** Puts a file where it belongs; what was there goes. `fileFor`: gives it, and may take the record of a file that has no name any more. */
  const place = (path: TreePath, isDirectory: boolean, fileFor: (free: number | undefined) => number): void => {
    const node = table.find(path);
    const own = fileAt(node);
    const below = own < 0 || !isDirectory ? inBase(path) : undefined;
    const wasDirectory = (own < 0 ? below : records.entry(own, path))?.kind === "dir";
    if (wasDirectory) touched = undefined;
    if (wasDirectory && !isDirectory) {
      if (below?.kind === "dir") covered.add(path);
      if (node !== undefined)
        table.empty(node, (lost) => {
          const gone = fileAt(lost);
          if (gone >= 0) countNames(gone, namesOf(gone) - 1);
        });
    }
    const isFree = own >= 0 && namesOf(own) === 1;
    if (own >= 0) countNames(own, namesOf(own) - 1);
    setAt(path, fileFor(isFree ? own : undefined));
    if (!isDirectory || !wasDirectory) touch(parentOf(path));
  };

  /** As BuildKit has it, what is as before is not written, and a directory of another time only with what changed in it (rules S123, S124). */
  const isUnchanged = (path: TreePath, file: number): boolean => {
    const before = namesOf(file) > 1 || covered.has(path) ? undefined : inBase(path);
    if (before === undefined) return false;
    const entry = records.entry(file, path);
    if (!hasSameMetadata(before, entry)) return false;
    if (entry.kind === "dir") return true;
    return hasSameTime(before, entry) && (entry.kind !== "file" || (entry.digest !== undefined && entry.digest === before.digest));
  };
  /** For each node: is it written? With what is written are the directories above it. */
  const wantedNodes = (): Uint8Array => {
    const states = new Uint8Array(table.count);
    states[ROOT_NODE] = IN_PLACE;
    // Nodes come after those above them.
    for (let node = 1; node < states.length; node += 1)
      if (states[table.parent(node)] === IN_PLACE && table.isInPlace(node)) states[node] = IN_PLACE;
    for (let node = states.length - 1; node > ROOT_NODE; node -= 1) {
      const file = states[node] === IN_PLACE ? fileAt(node) : -1;
      if (file >= 0 && !isUnchanged(table.path(node), file)) states[node] = WANTED;
      if (states[node] === WANTED) states[table.parent(node)] = WANTED;
    }
    return states;
  };

  /** In layer order; the first name of a file has its bytes, the others link to it. */
  async function* items(): AsyncGenerator<LayerItem, void, undefined> {
    const states = wantedNodes();
    const firsts = new Map<number, number>();
    for (const [node, path] of walkTable(table, states)) {
      const file = fileAt(node);
      const entry = file < 0 ? lookup(path) : records.entry(file, path);
      if (entry === undefined || (file < 0 && entry.kind !== "dir"))
        throw new InternalError(`"${baseName(path)}" is no directory, but something was put below it`);
      const first = firsts.get(file);
      if (first !== undefined) {
        const { digest: _digest, ...metadata } = entry;
        yield { entry: { ...metadata, kind: "hardlink", size: 0, link: table.path(first) } };
        continue;
      }
      if (entry.kind !== "dir" && namesOf(file) > 1) firsts.set(file, node);
      const data = file < 0 ? undefined : await dataOf(file);
      const isOpaque = entry.kind === "dir" && covered.has(path);
      yield { entry: isOpaque ? { ...entry, opaque: true } : entry, ...given({ data }) };
    }
  }

  return {
    now,
    lookup,
    readdir(path) {
      const names = new Map<TreePath, Entry>();
      if (!covered.has(path) && !isBelowCovered(path)) for (const entry of base.readdir(path)) names.set(entry.path, entry);
      const folder = table.find(path);
      for (const node of folder === undefined ? [] : table.children(folder)) {
        const entry = lookup(joinTreePath(path, table.name(node)));
        if (entry !== undefined) names.set(entry.path, entry);
      }
      return [...names.values()].toSorted((a, b) => compareTreePaths(a.path, b.path));
    },
    data(entry) {
      const file = pendingAt(entry.path);
      if (file < 0) return base.data(entry);
      const data = dataOf(file);
      if (data === undefined) throw new InternalError(`no data for ${entry.path}`);
      return data;
    },
    digest: (entry) => entry.digest ?? base.digest(entry),
    linkGroup: (entry) => (pendingAt(entry.path) < 0 ? base.linkGroup(entry) : undefined),

    put(entry, data) {
      const at = data === undefined ? NO_DATA : sources.add(data);
      place(entry.path, entry.kind === "dir", (free) => {
        if (free === undefined) return records.addNameless(entry, at);
        records.replace(free, entry, at);
        return free;
      });
    },
    link(path, target) {
      const file = fileToChange(target);
      countNames(file, namesOf(file) + 1);
      place(path, false, () => file);
    },
    change,
    items,
  };
}

const IN_PLACE = 1;
const WANTED = 2;

/** The wanted nodes in layer order, with their paths. */
function* walkTable(table: PathTable, states: Uint8Array): Generator<readonly [node: number, path: TreePath], void, undefined> {
  const open = [{ path: ROOT, children: table.children(ROOT_NODE), next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const node = top.children[top.next];
    top.next += 1;
    if (node === undefined) open.pop();
    else if (states[node] === WANTED) {
      const path = joinTreePath(top.path, table.name(node));
      yield [node, path];
      if (table.hasChildren(node)) open.push({ path, children: table.children(node), next: 0 });
    }
  }
}
