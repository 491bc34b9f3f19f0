/**
 * The files of a debugging image that an image lacks. What the image has stays as it is, so a program behaves as it does without the tools. Links are
 * followed as the image has them: tools of /bin go to /usr/bin where /bin is a link to it.
 */
import { compareTreePaths, joinTreePath, parentOf, ROOT, type TreePath } from "../paths.ts";
import { type Entry, followPath, type LayerItem, type Tree } from "../tree/index.ts";

/** A directory of the tools, and the one that its files go to. */
type Pair = readonly [from: TreePath, to: TreePath];

/** The items of a layer to put over the image, with the directories above them. Throws the signal's reason. */
export async function missingTools(image: Tree, tools: Tree, signal: AbortSignal): Promise<LayerItem[]> {
  const added = new Map<TreePath, LayerItem>();
  const merged = { lookup: (path: TreePath) => added.get(path)?.entry ?? image.lookup(path) };
  const joined = new Set<string>();
  // A list, so that depth costs no call stack.
  const open: Pair[] = [[ROOT, ROOT]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    signal.throwIfAborted();
    // Links lead to one directory by several ways, and in circles.
    if (joined.has(pair.join("\0"))) continue;
    joined.add(pair.join("\0"));
    const [from, to] = pair;
    for (const entry of tools.readdir(from)) {
      const path = joinTreePath(to, entry.path.slice(from === ROOT ? 0 : from.length + 1));
      const own = merged.lookup(path);
      if (own === undefined) {
        for (let parent = to; parent !== ROOT && !added.has(parent); parent = parentOf(parent)) {
          const known = image.lookup(parent);
          if (known !== undefined) added.set(parent, { entry: known });
        }
        added.set(path, { entry: { ...entry, path }, ...(entry.kind === "file" ? { data: await tools.data(entry) } : {}) });
      }
      const source = directoryOf(tools, entry);
      const target = directoryOf(merged, own ?? { ...entry, path });
      // A link that is added leads to what is joined anyway.
      if (source !== undefined && target !== undefined && (own !== undefined || entry.kind === "dir")) open.push([source, target]);
    }
  }
  return [...added.values()].toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path));
}

/** The directory that an entry is, or leads to. */
function directoryOf(tree: Pick<Tree, "lookup">, { kind, path }: Entry): TreePath | undefined {
  if (kind === "dir") return path;
  const found = kind === "symlink" ? followPath(tree, path) : undefined;
  return found?.entry?.kind === "dir" ? found.path : undefined;
}
