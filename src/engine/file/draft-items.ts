/** The edits of a draft as entries of a layer: what differs from the base, with the directories above it, in layer order. */
import { InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import { baseName, joinTreePath, ROOT, type TreePath } from "../../paths.ts";
import { type Entry, hasSameMetadata, hasSameTime, type LayerItem, type PathTable, ROOT_NODE } from "../../tree/index.ts";
import { type DraftNames, NO_FILE } from "./draft-names.ts";

/** What is known of a node: it is there; its name is in the base, too, and not covered; it is not as in the base; it is written. */
const IN_PLACE = 1;
const IN_BASE = 2;
const CHANGED = 4;
const WANTED = 8;

/** What comes below an empty directory: items in layer order, at least one. */
export interface Filling {
  readonly node: number;
  readonly items: Iterable<LayerItem | Promise<LayerItem>>;
}

/** The first name of a file has its bytes, the others link to it. */
export async function* draftItems(names: DraftNames, filling: Filling | undefined): AsyncGenerator<LayerItem, void, undefined> {
  const { table, files, covered } = names;
  const firsts = new Map<number, number>();
  const states = wantedNodes(names, filling);
  if (filling?.node === ROOT_NODE) yield* filling.items;
  for (const [node, path] of walkTable(table, states)) {
    const file = names.fileAt(node);
    const entry = file === NO_FILE ? names.lookup(path) : files.entry(file, path);
    if (entry === undefined || (file === NO_FILE && entry.kind !== "dir"))
      throw new InternalError(`"${baseName(path)}" is no directory, but something was put below it`);
    const first = firsts.get(file);
    if (first !== undefined) {
      const { digest: _digest, ...metadata } = entry;
      yield { entry: { ...metadata, kind: "hardlink", size: 0, link: table.path(first) } };
      continue;
    }
    if (entry.kind !== "dir" && files.names(file) > 1) firsts.set(file, node);
    const data = file === NO_FILE ? undefined : await names.data(file);
    const isOpaque = entry.kind === "dir" && covered.has(path);
    yield { entry: isOpaque ? { ...entry, opaque: true } : entry, ...given({ data }) };
    if (node === filling?.node) yield* filling.items;
  }
}

/** For each node: is it written? With what is written are the directories above it. */
function wantedNodes(names: DraftNames, filling: Filling | undefined): Uint8Array {
  const { table } = names;
  const states = new Uint8Array(table.count);
  states[ROOT_NODE] = IN_PLACE | IN_BASE;
  // Nodes come after those above them.
  for (let node = 1; node < states.length; node += 1) {
    const above = states[table.parent(node)] ?? 0;
    if (above & IN_PLACE && table.isInPlace(node))
      states[node] = IN_PLACE | (above & IN_BASE ? stateOverBase(names, node) : stateOfNew(names, node));
  }
  if (filling !== undefined) states[filling.node] = (states[filling.node] ?? 0) | CHANGED;
  for (let node = states.length - 1; node > ROOT_NODE; node -= 1) {
    const state = states[node] ?? 0;
    if (state & WANTED || (state & CHANGED && names.fileAt(node) !== NO_FILE)) {
      states[node] = state | WANTED;
      const above = table.parent(node);
      states[above] = (states[above] ?? 0) | WANTED;
    }
  }
  return states;
}

/** Is the name in the base, so that names below it can be; and does it differ from there? */
function stateOverBase(names: DraftNames, node: number): number {
  const { files, covered, table } = names;
  const path = table.path(node);
  const before = names.inBase(path);
  if (before === undefined) return stateOfNew(names, node);
  if (covered.has(path)) return CHANGED;
  const file = names.fileAt(node);
  return IN_BASE | (file === NO_FILE || isUnchanged(before, files.entry(file, path), files.names(file)) ? 0 : CHANGED);
}

/** A name that the base does not have. What was made and removed again is nothing. */
function stateOfNew(names: DraftNames, node: number): number {
  const file = names.fileAt(node);
  return file !== NO_FILE && names.files.entry(file, names.table.path(node)).kind === "whiteout" ? 0 : CHANGED;
}

/** As BuildKit has it, what is as before is not written, and a directory of another time only with what changed in it (rules S123, S124). */
function isUnchanged(before: Entry, entry: Entry, namesOfFile: number): boolean {
  if (namesOfFile > 1 || !hasSameMetadata(before, entry)) return false;
  if (entry.kind === "dir") return true;
  return hasSameTime(before, entry) && (entry.kind !== "file" || (entry.digest !== undefined && entry.digest === before.digest));
}

/** The wanted nodes in layer order, with their paths. */
function* walkTable(table: PathTable, states: Uint8Array): Generator<readonly [node: number, path: TreePath], void, undefined> {
  const open = [{ path: ROOT, children: table.children(ROOT_NODE), next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const node = top.children[top.next];
    top.next += 1;
    if (node === undefined) open.pop();
    else if ((states[node] ?? 0) & WANTED) {
      const path = joinTreePath(top.path, table.name(node));
      yield [node, path];
      if (table.hasChildren(node)) open.push({ path, children: table.children(node), next: 0 });
    }
  }
}
