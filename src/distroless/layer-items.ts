/** From a bag of entries to what `writeLayer` wants: sorted, the first name of a file before its other names. Pure. */
import { compareTreePaths, parentOf, ROOT, toBytes, type TreePath, treePath } from "../paths.ts";
import type { Entry, Layer, LayerItem } from "../tree/index.ts";

/** A directory with time 0. */
export function directoryEntry(
  path: TreePath,
  options: { readonly mode?: number; readonly uid?: number; readonly gid?: number } = {},
): Entry {
  return {
    path,
    kind: "dir",
    mode: options.mode ?? 0o755,
    uid: options.uid ?? 0,
    gid: options.gid ?? 0,
    size: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
  };
}

/** A file with time 0 whose bytes are at hand. `path` is as text. */
export function textItem(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number; readonly uid?: number; readonly gid?: number } = {},
): LayerItem {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  return {
    entry: { ...directoryEntry(treePath(path), { mode: 0o644, ...options }), kind: "file", size: bytes.byteLength },
    data: { kind: "bytes", bytes },
  };
}

/**
 * The items of a layer in order, every parent directory present. A missing parent directory is taken from `below` (what lower layers have there), else it is 0755 root with time 0.
 * Of two items with one path the later one counts. The root directory itself is left out: it is the runtime's.
 */
export function arrangeItems(items: Iterable<LayerItem>, below: (path: TreePath) => Entry | undefined = () => undefined): LayerItem[] {
  const byPath = new Map(lastOfEach(items).map((item) => [item.entry.path, item]));
  for (const path of byPath.keys()) {
    for (let parent = parentOf(path); parent !== ROOT && !byPath.has(parent); parent = parentOf(parent)) {
      const known = below(parent);
      byPath.set(parent, { entry: known?.kind === "dir" ? known : directoryEntry(parent) });
    }
  }
  return sortItems(byPath.values());
}

/** The items in order, and no others. Of two items with one path the later one counts. The root directory itself is left out: it is the runtime's. */
export function sortItems(items: Iterable<LayerItem>): LayerItem[] {
  const byPath = new Map(lastOfEach(items).map((item) => [item.entry.path, item]));
  byPath.delete(ROOT);
  const sorted = [...byPath.values()].toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path));
  return firstNamesFirst(sorted, byPath);
}

/** Of items with one path the last one. */
export function lastOfEach(items: Iterable<LayerItem>): LayerItem[] {
  const byPath = new Map<TreePath, LayerItem>();
  for (const item of items) byPath.set(item.entry.path, item);
  return [...byPath.values()];
}

/** The items of a layer that is in the store. */
export async function layerItems(layer: Layer): Promise<LayerItem[]> {
  const items: LayerItem[] = [];
  for (let at = 0; at < layer.index.count; at += 1) {
    const entry = layer.index.at(at);
    items.push(entry.kind === "file" ? { entry, data: await layer.data(entry) } : { entry });
  }
  return items;
}

/** In the order of the layer the name with the bytes may come after a hard link to it: then the two change roles. */
function firstNamesFirst(sorted: readonly LayerItem[], byPath: ReadonlyMap<string, LayerItem>): LayerItem[] {
  const first = new Map<string, TreePath>();
  return sorted.map((item) => {
    const target = targetOf(item, byPath);
    const { path } = item.entry;
    const holder = first.get(target);
    if (holder !== undefined) return { entry: linkTo(holder, path, byPath.get(target) ?? item) };
    first.set(target, path);
    const source = byPath.get(target);
    return source === undefined || source === item ? item : { ...source, entry: { ...source.entry, path } };
  });
}

/** The name that holds the bytes, through links to links. */
function targetOf(item: LayerItem, byPath: ReadonlyMap<string, LayerItem>): string {
  let current = item;
  for (let depth = 0; current.entry.kind === "hardlink" && depth < 64; depth += 1) {
    const next = byPath.get(current.entry.link ?? "");
    if (next === undefined) break;
    current = next;
  }
  return current.entry.path;
}

function linkTo(holder: TreePath, path: TreePath, source: LayerItem): Entry {
  const { digest: _digest, ...entry } = source.entry;
  return { ...entry, path, kind: "hardlink", link: holder, size: 0 };
}

/** What makes two lists of items the same layer, as framed parts: files whose bytes are not at hand have a digest. */
export function itemParts(items: readonly LayerItem[]): (string | Uint8Array)[] {
  return items.flatMap(({ entry, data }) => [
    JSON.stringify([entry.kind, entry.mode, entry.uid, entry.gid, entry.mtimeSec, entry.mtimeNsec, entry.digest ?? ""]),
    toBytes(entry.path),
    toBytes(entry.link ?? ""),
    ...[...(entry.xattrs ?? [])].flat(),
    entry.digest === undefined && data?.kind === "bytes" ? data.bytes : "",
  ]);
}
