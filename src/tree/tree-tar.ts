/** A whole tree as one tar (type=tar), hard links included. */
import type { TreePath } from "../paths.ts";
import { joinTreePath, ROOT } from "../paths.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { tarChunks } from "./tar-chunks.ts";
import type { XattrFilter } from "./tar-write.ts";
import type { Entry, Tree } from "./types.ts";
import { walk } from "./walk.ts";

/** A tree of the tar. */
interface TarPart {
  readonly tree: Tree;
  /** A directory that everything is put into, as an entry of its own. */
  readonly folder?: Entry | undefined;
}

/** How the tar is written. */
interface TreeTarOptions {
  readonly signal?: AbortSignal | undefined;
  /** Extended attributes that are written. Default: file capabilities only (rule S126). */
  readonly xattrs?: XattrFilter | undefined;
  /** Everything gets this time, in seconds. Default: each entry its own. */
  readonly mtimeSec?: number | undefined;
}

/** Streams a tar of one or more trees; its chunks are the consumer's to keep. Always the same bytes for the same trees. */
export async function* treeTar(parts: readonly TarPart[], options: TreeTarOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of tarChunks(partItems(parts, options.mtimeSec), options)) yield Buffer.from(chunk);
}

async function* partItems(parts: readonly TarPart[], mtimeSec: number | undefined): AsyncGenerator<LayerItem> {
  for (const { tree, folder } of parts) {
    const items = mtimeSec === undefined ? treeItems(tree, ROOT) : timed(treeItems(tree, ROOT), mtimeSec);
    yield* folder === undefined ? items : within(folder, items);
  }
}

async function* timed(items: AsyncIterable<LayerItem>, mtimeSec: number): AsyncGenerator<LayerItem> {
  for await (const { entry, ...rest } of items) yield { ...rest, entry: { ...entry, mtimeSec, mtimeNsec: 0 } };
}

async function* within(folder: Entry, items: AsyncIterable<LayerItem>): AsyncGenerator<LayerItem> {
  yield { entry: folder };
  for await (const { entry, ...rest } of items) {
    if (entry.path === ROOT) continue;
    const link = entry.kind === "hardlink" && entry.link !== undefined ? { link: joinTreePath(folder.path, entry.link) } : {};
    yield { ...rest, entry: { ...entry, path: joinTreePath(folder.path, entry.path), ...link } };
  }
}

/** A subtree as items for `writeLayer` and `treeTar`: the first name of a file is the file, others are hard links to it (rule S127). */
export async function* treeItems(tree: Tree, path: TreePath): AsyncGenerator<LayerItem, void, undefined> {
  const firsts = new Map<string, TreePath>();
  for (const entry of walk(tree, path)) {
    if (entry.kind === "dir") {
      yield { entry };
      continue;
    }
    const group = tree.linkGroup(entry);
    const first = group === undefined ? undefined : firsts.get(group);
    if (first !== undefined) {
      yield { entry: { ...entry, kind: "hardlink", size: 0, link: first } };
      continue;
    }
    if (group !== undefined) firsts.set(group, entry.path);
    const data = entry.kind === "file" ? tree.data(entry) : undefined;
    yield data === undefined ? { entry } : { entry, data: data instanceof Promise ? await data : data };
  }
}
