/**
 * Several layers as one file system (image-spec layer.md): the topmost entry wins, whiteouts and opaque directories hide what is below.
 * No merged table is made: a lookup is a binary search in each layer that can be seen at its directory, and which those are is remembered
 * per directory.
 */
import { InternalError } from "../errors.ts";
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, compareTreePaths } from "../paths.ts";
import { createPlaces, type Place } from "./merged-places.ts";
import { rebaseLayer } from "./rebase.ts";
import type { Entry, Layer, LayerIndex, Tree } from "./types.ts";

/** The merged view of `layers`, bottom first. Cheap: nothing is read before it is asked for. */
export function layerTree(layers: readonly Layer[]): Tree {
  return mergedTree(rebaseLayers(layers));
}

/** The layers as `layerTree` sees them: with entries for all directories, and nothing below symlinks of lower layers. Throws `TAR` for entries below what is no directory. */
export function rebaseLayers(layers: readonly Layer[]): Layer[] {
  const stack: Layer[] = [];
  for (const layer of layers) stack.push(layer.index.needsLower ? rebaseLayer(layer, mergedTree([...stack])) : layer);
  return stack;
}

function mergedTree(layers: readonly Layer[]): Tree {
  const { having, layerAt, floorOf, locate, follow, entryAt } = createPlaces(layers);
  const placeOf = (entry: Entry): Place => {
    const place = locate(entry.path);
    if (place === undefined) throw new InternalError(`no entry "${entry.path}" in this tree`);
    return follow(place);
  };

  /** Layers with hard links to files of others. They are rare. */
  let linking: readonly (readonly [number: number, targets: ReadonlySet<string>])[] | undefined;
  /** Do links name this file? Links of its own layer are marked on it; links from layers above are found by looking. */
  const isLinkedAbove = ({ layer, position }: Place): boolean => {
    const { index } = layerAt(layer);
    if (index.isLinked(position)) return true;
    linking ??= layers.map(({ index: one }, number) => [number, outsideLinks(one)] as const).filter(([, targets]) => targets.size > 0);
    return linking.some(([number, targets]) => number > layer && targets.has(index.path(position)));
  };

  return {
    lookup(path) {
      const place = locate(path);
      if (place !== undefined) return entryAt(place, path);
      return path === ROOT ? rootOf(layers) : undefined;
    },
    readdir(path) {
      const own = locate(path);
      if (own === undefined ? path !== ROOT : layerAt(own.layer).index.kind(own.position) !== "dir") return [];
      const floor = floorOf(path);
      const found = new Map<string, Place | undefined>();
      let sources = 0;
      // `rebaseLayer` leaves nothing below a directory that has no entry; the root needs none.
      const next = (limit: number): number => (path === ROOT ? limit - 1 : having(path, limit));
      for (let layer = next(layers.length); layer >= floor; layer = next(layer)) {
        const { index } = layerAt(layer);
        const before = found.size;
        collectChildren(index, path, (position, childPath) => {
          if (found.has(childPath)) return;
          found.set(childPath, index.kind(position) === "whiteout" ? undefined : { layer, position });
        });
        if (found.size > before) sources += 1;
      }
      const paths = sources > 1 ? [...found.keys()].sort(compareTreePaths) : [...found.keys()];
      const entries: Entry[] = [];
      for (const child of paths) {
        const place = found.get(child);
        if (place !== undefined) entries.push(entryAt(place, child as TreePath));
      }
      return entries;
    },
    data(entry) {
      const place = placeOf(entry);
      const layer = layerAt(place.layer);
      return layer.data(layer.index.at(place.position));
    },
    digest(entry) {
      if (entry.digest !== undefined) return entry.digest;
      const place = placeOf(entry);
      const known: Digest | undefined = layerAt(place.layer).index.at(place.position).digest;
      if (known === undefined) throw new InternalError(`"${entry.path}" has no digest`);
      return known;
    },
    linkGroup(entry) {
      if (entry.kind === "dir") return undefined;
      const place = placeOf(entry);
      const own = locate(entry.path);
      const isLink = own?.layer !== place.layer || own.position !== place.position;
      if (!isLink && !isLinkedAbove(place)) return undefined;
      return `${place.layer}:${place.position}`;
    },
  };
}

const IMPLIED_ROOT: Entry = { path: ROOT, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };

/** The root of an image, which no layer has an entry for. */
function rootOf(layers: readonly Layer[]): Entry {
  return { ...IMPLIED_ROOT, ...layers.findLast(({ rootOwner }) => rootOwner !== undefined)?.rootOwner };
}

const outside = new WeakMap<LayerIndex, ReadonlySet<string>>();

/** Targets of hard links that are not in the layer itself. */
function outsideLinks(index: LayerIndex): ReadonlySet<string> {
  const known = outside.get(index);
  if (known !== undefined) return known;
  const targets = new Set<string>();
  for (let position = 0; position < index.count; position += 1) {
    if (index.kind(position) !== "hardlink") continue;
    const { link } = index.at(position);
    if (link !== undefined && index.find(link as TreePath) < 0) targets.add(link);
  }
  outside.set(index, targets);
  return targets;
}

/** Calls `visit` for each entry directly in a directory, in order. */
function collectChildren(index: LayerIndex, directory: TreePath, visit: (position: number, path: string) => void): void {
  const [start, end] = index.below(directory);
  const prefix = directory === ROOT ? 0 : directory.length + 1;
  for (let position = start; position < end;) {
    const path = index.path(position);
    const slash = path.indexOf("/", prefix);
    if (slash >= 0) {
      // An implied directory; `rebaseLayer` leaves none.
      position = index.below(path.slice(0, slash) as TreePath)[1];
      continue;
    }
    visit(position, path);
    position = index.kind(position) === "dir" ? index.below(path)[1] : position + 1;
  }
}

/** A tree with nothing in it. */
export const emptyTree: Tree = mergedTree([]);
