/** Items that are no layer yet, as a Tree: what the cache of libraries is made from. Of two items with one path the later one counts. */
import { compareTreePaths, parentOf, ROOT, type TreePath } from "../paths.ts";
import { type Entry, type LayerItem, readData, type Tree } from "../tree/index.ts";
import { sha256 } from "../digest.ts";
import { collect } from "../bytes.ts";
import { directoryEntry } from "./layer-items.ts";

const MAX_HASHED_BYTES = 1024 ** 3;

/** Every directory above an item is there. */
export function itemsTree(items: Iterable<LayerItem>): Tree {
  const byPath = new Map<string, LayerItem>([[ROOT, { entry: directoryEntry(ROOT) }]]);
  const children = new Map<TreePath, Set<TreePath>>();
  for (const item of items) {
    byPath.set(item.entry.path, item);
    for (let path = item.entry.path; path !== ROOT; path = parentOf(path)) {
      const parent = parentOf(path);
      if (!byPath.has(parent)) byPath.set(parent, { entry: directoryEntry(parent) });
      const siblings = children.get(parent) ?? new Set();
      children.set(parent, siblings.add(path));
    }
  }
  const fileOf = (path: TreePath): LayerItem | undefined => {
    const item = byPath.get(path);
    return item?.entry.kind === "hardlink" ? byPath.get(item.entry.link ?? "") : item;
  };
  const lookup = (path: TreePath): Entry | undefined => {
    const entry = fileOf(path)?.entry;
    return entry === undefined ? undefined : { ...entry, path };
  };
  const data: Tree["data"] = ({ path }) => fileOf(path)?.data ?? { kind: "bytes", bytes: new Uint8Array() };
  return {
    lookup,
    data,
    readdir: (path) => [...(children.get(path) ?? [])].toSorted(compareTreePaths).flatMap((child) => lookup(child) ?? []),
    async digest(entry) {
      return entry.digest ?? sha256(await collect(readData(await data(entry), entry.size), MAX_HASHED_BYTES));
    },
    linkGroup: () => undefined,
  };
}
