/**
 * Fills the gaps of a layer that has entries below directories without having the directories: unpacked over the layers below, as
 * containerd does, such a directory is the one that is there already, and an entry below a symlink goes to where the symlink leads.
 */
import type { Digest } from "../digest.ts";
import { framedDigest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, joinTreePath, parentOf } from "../paths.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { resolvePath } from "./resolve.ts";
import type { DataSource, Entry, Layer, LayerIndex, Tree } from "./types.ts";

/** The id that a rebased layer came from: its bytes are still there. */
export interface RebasedLayer extends Layer {
  readonly original: Layer;
  /** Path in this layer → path in the original, where they differ. */
  readonly moved: ReadonlyMap<TreePath, TreePath>;
}

const made = new WeakMap<Layer, Map<Digest, RebasedLayer>>();

/** True for a layer that `rebaseLayer` made. */
export function isRebased(layer: Layer): layer is RebasedLayer {
  return "original" in layer;
}

/** The layer as it is over `lower`. Its id, and so its directory, is another for another outcome; its content digest stays. */
export function rebaseLayer(layer: Layer, lower: Tree): RebasedLayer {
  const { index } = layer;
  /** Directories without an entry → what they are below. */
  const gaps = new Map<TreePath, Entry | undefined>();
  /** The same, when a symlink leads elsewhere. */
  const leads = new Map<TreePath, TreePath>();
  const parts: string[] = [];
  const realParent = (directory: TreePath): TreePath => {
    if (directory === ROOT) return ROOT;
    const known = leads.get(directory);
    if (known !== undefined) return known;
    const real = joinTreePath(realParent(parentOf(directory)), directory.slice(directory.lastIndexOf("/") + 1));
    let target = real;
    if (index.find(directory) < 0) {
      const below = lower.lookup(real);
      if (below?.kind === "symlink") target = resolvePath(lower, real, { followLast: true }).path;
      const entry = lower.lookup(target);
      if (target !== ROOT && index.find(target) < 0) gaps.set(target, entry?.kind === "dir" ? entry : undefined);
      parts.push(
        real,
        target,
        entry === undefined ? "" : `${entry.kind} ${entry.mode} ${entry.uid} ${entry.gid} ${entry.mtimeSec} ${entry.mtimeNsec}`,
      );
    }
    leads.set(directory, target);
    return target;
  };
  const moves = new Map<TreePath, TreePath>();
  for (let position = 0; position < index.count; position += 1) {
    const path = index.path(position);
    if (path === ROOT) continue;
    const parent = parentOf(path);
    const real = realParent(parent);
    if (real !== parent) moves.set(path, joinTreePath(real, path.slice(path.lastIndexOf("/") + 1)));
  }

  const id = framedDigest(["decant.rebased", layer.id, ...parts]);
  const known = made.get(layer)?.get(id);
  if (known !== undefined) return known;
  const rebased = makeRebased(layer, id, rebuild(index, gaps, moves, lower), moves);
  const all = made.get(layer) ?? new Map<Digest, RebasedLayer>();
  all.set(id, rebased);
  made.set(layer, all);
  return rebased;
}

function rebuild(
  index: LayerIndex,
  gaps: ReadonlyMap<TreePath, Entry | undefined>,
  moves: ReadonlyMap<TreePath, TreePath>,
  lower: Tree,
): LayerIndex {
  const builder = createIndexBuilder();
  /** Directories that hold more than removals: only these come into being where nothing was. */
  const needed = new Set<TreePath>();
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    if (kind === "whiteout" || kind === "opaque") continue;
    const path = index.path(position);
    for (let directory = parentOf(moves.get(path) ?? path); directory !== ROOT && !needed.has(directory); directory = parentOf(directory))
      needed.add(directory);
  }
  for (const directory of needed)
    if (!gaps.has(directory) && index.find(directory) < 0) gapEntry(builder, directory, lower.lookup(directory));
  for (const [path, entry] of gaps) if (entry !== undefined || needed.has(path)) gapEntry(builder, path, entry);
  for (let position = 0; position < index.count; position += 1) {
    const entry = index.at(position);
    const path = moves.get(entry.path) ?? entry.path;
    const isRemoval = entry.kind === "whiteout" || entry.kind === "opaque";
    // Nothing is there to be removed.
    if (isRemoval && lower.lookup(path) === undefined) continue;
    const link = entry.kind === "hardlink" && entry.link !== undefined ? { link: moves.get(entry.link as TreePath) ?? entry.link } : {};
    builder.add({ ...entry, path, ...link }, index.dataOffset(position));
  }
  return builder.finish().index;
}

function gapEntry(builder: ReturnType<typeof createIndexBuilder>, path: TreePath, entry: Entry | undefined): void {
  // Opaque below says nothing of this layer.
  if (entry?.kind === "dir") builder.add({ ...entry, opaque: false }, NO_DATA);
  else builder.add({ path, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 }, NO_DATA);
}

function makeRebased(layer: Layer, id: Digest, index: LayerIndex, moves: ReadonlyMap<TreePath, TreePath>): RebasedLayer {
  const moved = new Map([...moves].map(([from, to]) => [to, from]));
  return {
    id,
    contentDigest: layer.contentDigest,
    get diffId() {
      return layer.diffId;
    },
    index,
    original: layer,
    moved,
    data(entry: Entry): DataSource | Promise<DataSource> {
      const path = moved.get(entry.path) ?? entry.path;
      const position = layer.index.find(path);
      return layer.data(layer.index.at(position));
    },
  };
}
