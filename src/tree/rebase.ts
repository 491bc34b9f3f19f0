/**
 * Fills the gaps of a layer that has entries or opaque marks below directories without having the directories: unpacked over the layers
 * below, as containerd does, such a directory is the one that is there already, and an entry below a symlink goes to where the symlink
 * leads. An invented directory never takes the place of anything.
 */
import type { Digest } from "../digest.ts";
import { framedDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, baseName, compareTreePaths, joinTreePath, parentOf } from "../paths.ts";
import { entriesBelowFile } from "./errors.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { resolvePath } from "./resolve.ts";
import type { DataSource, Entry, EntryTime, Layer, LayerIndex, Tree } from "./types.ts";

/** The id that a rebased layer came from: its bytes are still there. */
interface RebasedLayer extends Layer {
  readonly original: Layer;
  /** Path in this layer → path in the original, where they differ. */
  readonly moved: ReadonlyMap<TreePath, TreePath>;
}

const made = new WeakMap<Layer, Map<Digest, RebasedLayer>>();

/** True for a layer that `rebaseLayer` made. */
export function isRebased(layer: Layer): layer is RebasedLayer {
  return "original" in layer;
}

/**
 * The layer as it is over `lower`. Its id, and so its directory, is another for another outcome; its content digest stays. Throws `TAR` for
 * entries below what is no directory.
 */
export function rebaseLayer(layer: Layer, lower: Tree): RebasedLayer {
  const { index } = layer;
  const places = findPlaces(index, lower);
  const id = framedDigest(["decant.rebased-2", layer.id, ...places.parts]);
  const known = made.get(layer)?.get(id);
  if (known !== undefined) return known;
  const rebased = makeRebased(layer, id, rebuild(index, places, lower), places.moves);
  const all = made.get(layer) ?? new Map<Digest, RebasedLayer>();
  all.set(id, rebased);
  made.set(layer, all);
  return rebased;
}

interface Places {
  /** Path in the layer → where it is over `lower`, where they differ. */
  readonly moves: ReadonlyMap<TreePath, TreePath>;
  /** Targets of hard links that are not in the layer, without symlinks. */
  readonly targets: ReadonlyMap<TreePath, TreePath>;
  /** Directories without an entry. */
  readonly gaps: ReadonlySet<TreePath>;
  /** Those of them that have an opaque mark. */
  readonly opaque: ReadonlySet<TreePath>;
  /** What of `lower` the outcome depends on. */
  readonly parts: readonly string[];
}

function findPlaces(index: LayerIndex, lower: Tree): Places {
  const gaps = new Set<TreePath>();
  const opaque = new Set<TreePath>();
  /** Directory → where it is. */
  const leads = new Map<TreePath, TreePath>();
  const parts: string[] = [];
  const isGap = (directory: TreePath): boolean => {
    const position = index.find(directory);
    return position < 0 || index.kind(position) === "opaque";
  };
  const realDirectory = (directory: TreePath): TreePath => {
    if (directory === ROOT) return ROOT;
    const known = leads.get(directory);
    if (known !== undefined) return known;
    const real = joinTreePath(realDirectory(parentOf(directory)), baseName(directory));
    let target = real;
    if (isGap(directory)) {
      if (lower.lookup(real)?.kind === "symlink") target = resolvePath(lower, real, { followLast: true }).path;
      if (target !== ROOT && isGap(target)) gaps.add(target);
      parts.push(real, target, describe(lower.lookup(target)));
    }
    leads.set(directory, target);
    return target;
  };
  const realPath = (path: TreePath): TreePath => joinTreePath(realDirectory(parentOf(path)), baseName(path));
  const moves = new Map<TreePath, TreePath>();
  const targets = new Map<TreePath, TreePath>();
  for (let position = 0; position < index.count; position += 1) {
    const path = index.path(position);
    if (path === ROOT) continue;
    const kind = index.kind(position);
    if (kind === "opaque") {
      const directory = realDirectory(path);
      if (directory !== ROOT) opaque.add(directory);
      continue;
    }
    const real = realPath(path);
    if (real !== path) moves.set(path, real);
    const link = kind === "hardlink" ? (index.at(position).link as TreePath) : undefined;
    if (link === undefined || index.find(link) >= 0) continue;
    // Nothing comes into being where a link looks for its file.
    const target = joinTreePath(resolvePath(lower, parentOf(link), { followLast: true }).path, baseName(link));
    targets.set(link, target);
    parts.push(link, target);
  }
  return { moves, targets, gaps, opaque, parts };
}

function describe(entry: Entry | undefined): string {
  return entry === undefined ? "" : `${entry.kind} ${entry.mode} ${entry.uid} ${entry.gid} ${entry.mtimeSec} ${entry.mtimeNsec}`;
}

function rebuild(index: LayerIndex, places: Places, lower: Tree): LayerIndex {
  const builder = createIndexBuilder();
  for (const entry of gapEntries(index, places, lower)) builder.add(entry, NO_DATA);
  for (let position = 0; position < index.count; position += 1) {
    const entry = index.at(position);
    if (entry.kind === "opaque") continue;
    const path = places.moves.get(entry.path) ?? entry.path;
    // Nothing is there to be removed.
    if (entry.kind === "whiteout" && lower.lookup(path) === undefined) continue;
    const link = entry.kind === "hardlink" ? (entry.link as TreePath) : undefined;
    const target = link === undefined ? undefined : (places.targets.get(link) ?? places.moves.get(link) ?? link);
    const isOpaque = entry.kind === "dir" && places.opaque.has(path);
    const changes = { path, ...given({ link: target }), ...(isOpaque ? { opaque: true } : {}) };
    builder.add({ ...entry, ...changes }, index.dataOffset(position));
  }
  return builder.finish().index;
}

/** Entries for the directories that lack one: as they are below, else of root. They are as old as the youngest entry that was put into them. */
function gapEntries(index: LayerIndex, { moves, gaps, opaque }: Places, lower: Tree): Entry[] {
  const newest = new Map<TreePath, EntryTime>();
  const touch = (directory: TreePath, { mtimeSec, mtimeNsec }: EntryTime): void => {
    const known = newest.get(directory);
    if (known === undefined || mtimeSec > known.mtimeSec) newest.set(directory, { mtimeSec, mtimeNsec });
  };
  /** Directories that hold more than removals: only these come into being where nothing was. */
  const needed = new Set<TreePath>(opaque);
  const need = (directory: TreePath): void => {
    for (let at = directory; at !== ROOT && !needed.has(at); at = parentOf(at)) needed.add(at);
  };
  for (const directory of opaque) need(parentOf(directory));
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    if (kind === "whiteout" || kind === "opaque") continue;
    const entry = index.at(position);
    const parent = parentOf(moves.get(entry.path) ?? entry.path);
    if (parent === ROOT) continue;
    need(parent);
    touch(parent, entry);
  }
  const entries: Entry[] = [];
  const isMissing = (path: TreePath): boolean => gaps.has(path) || index.find(path) < 0;
  const missing = new Set([...needed].filter(isMissing).concat([...gaps]));
  // Deepest first: a new directory counts for the time of the one that it is in.
  for (const path of [...missing].sort(compareTreePaths).reverse()) {
    const found = lower.lookup(path);
    if (found?.kind !== "dir" && !needed.has(path)) continue;
    // A mark says that this is a directory; entries below it do not.
    if (found !== undefined && found.kind !== "dir" && !opaque.has(path)) throw entriesBelowFile(path, found.kind);
    const below = found?.kind === "dir" ? found : undefined;
    const time = newest.get(path);
    const entry: Entry = {
      ...(below ?? { path, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 }),
      ...(time === undefined || (below !== undefined && below.mtimeSec >= time.mtimeSec) ? {} : time),
      ...(opaque.has(path) ? { opaque: true } : {}),
    };
    if (below === undefined && parentOf(path) !== ROOT) touch(parentOf(path), entry);
    entries.push(entry);
  }
  return entries;
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
    rootOwner: layer.rootOwner,
    original: layer,
    moved,
    data(entry: Entry): DataSource | Promise<DataSource> {
      const path = moved.get(entry.path) ?? entry.path;
      const position = layer.index.find(path);
      return layer.data(layer.index.at(position));
    },
  };
}
