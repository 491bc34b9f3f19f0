/** The files of an image as columns: what can be seen, and what later layers hide. */
import type { AuditLayer } from "../audit/index.ts";
import { baseName, displayPath, parentOf, ROOT, toText, type TreePath } from "../paths.ts";
import type { Inventory } from "../sbom/index.ts";
import { type Tree, walk } from "../tree/index.ts";
import type { ReportFiles } from "./data.ts";

/** More files than these are summed, the smallest first: a page must open. */
const MAX_FILES = 100_000;

interface FoundFile {
  readonly path: TreePath;
  readonly bytes: number;
  readonly layer: number;
  readonly isHidden: boolean;
}

/** The columns; `maxFiles`: how many rows have a file of their own. */
export function fileColumns(tree: Tree, layers: readonly AuditLayer[], inventory: Inventory, maxFiles: number = MAX_FILES): ReportFiles {
  const found = layers.length === 0 ? filesOfTree(tree) : filesOfLayers(tree, layers);
  const owners = new Map<TreePath, number>();
  inventory.packages.forEach(({ files }, position) => {
    for (const path of files) if (!owners.has(path)) owners.set(path, position);
  });
  const columns = createColumns(owners);
  const limit = found.length <= maxFiles ? -1 : (found.map(({ bytes }) => bytes).toSorted((a, b) => b - a)[maxFiles] ?? 0);
  const sums = new Map<string, { readonly first: FoundFile; bytes: number; count: number }>();
  for (const file of found) {
    if (file.bytes > limit) columns.add(file, toText(baseName(file.path)));
    else addTo(sums, file, owners.get(file.path) ?? -1);
  }
  for (const { first, bytes, count } of sums.values()) columns.add({ ...first, bytes }, `${count} smaller files`, count);
  return columns.done();
}

function addTo(sums: Map<string, { readonly first: FoundFile; bytes: number; count: number }>, file: FoundFile, owner: number): void {
  const key = `${file.layer} ${owner} ${file.isHidden} ${parentOf(file.path)}`;
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { first: file, bytes: file.bytes, count: 1 });
  else {
    sum.bytes += file.bytes;
    sum.count += 1;
  }
}

interface Columns {
  add(file: FoundFile, name: string, count?: number): void;
  done(): ReportFiles;
}

function createColumns(owners: ReadonlyMap<TreePath, number>): Columns {
  const positions = new Map<TreePath, number>();
  const directories: string[] = [];
  const columns = {
    directory: [] as number[],
    name: [] as string[],
    bytes: [] as number[],
    layer: [] as number[],
    package: [] as number[],
  };
  const hidden: number[] = [];
  const several: [number, number][] = [];
  return {
    add({ path, bytes, layer, isHidden }, name, count = 1) {
      const parent = parentOf(path);
      let directory = positions.get(parent);
      if (directory === undefined) {
        directory = directories.push(displayPath(parent)) - 1;
        positions.set(parent, directory);
      }
      const position = columns.name.push(name) - 1;
      columns.directory.push(directory);
      columns.bytes.push(bytes);
      columns.layer.push(layer);
      columns.package.push(owners.get(path) ?? -1);
      if (isHidden) hidden.push(position);
      if (count > 1) several.push([position, count]);
    },
    done: () => ({ directories, ...columns, hidden, several }),
  };
}

/** Of a directory of the host. A file with several names counts once. */
function filesOfTree(tree: Tree): FoundFile[] {
  const seen = new Set<string>();
  const found: FoundFile[] = [];
  for (const entry of walk(tree, ROOT)) {
    if (entry.kind !== "file") continue;
    const group = tree.linkGroup(entry);
    if (group !== undefined && seen.has(group)) continue;
    if (group !== undefined) seen.add(group);
    found.push({ path: entry.path, bytes: entry.size, layer: -1, isHidden: false });
  }
  return found;
}

/** Further names of a file have no bytes of their own, so they are left out. */
function filesOfLayers(tree: Tree, layers: readonly AuditLayer[]): FoundFile[] {
  const top = new Map<TreePath, number>();
  layers.forEach(({ layer: { index } }, layer) => {
    for (let position = 0; position < index.count; position += 1) top.set(index.path(position), layer);
  });
  const visible = new Set<TreePath>();
  for (const entry of walk(tree, ROOT)) if (entry.kind === "file") visible.add(entry.path);
  const found: FoundFile[] = [];
  layers.forEach(({ layer: { index } }, layer) => {
    for (let position = 0; position < index.count; position += 1) {
      if (index.kind(position) !== "file") continue;
      const { path, size } = index.at(position);
      const isSeen = visible.has(path) && top.get(path) === layer;
      // Another name of the file may still be there.
      found.push({ path, bytes: size, layer, isHidden: !isSeen && !index.isLinked(position) });
    }
  });
  return found;
}
