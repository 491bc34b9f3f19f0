/** Where the entries are that can be seen in a stack of layers: behind whiteouts, opaque directories and hard links (image-spec layer.md). */
import { DecantError, InternalError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, displayPath, parentOf } from "../paths.ts";
import { stackPaths } from "./stack-paths.ts";
import type { Entry, Layer } from "./types.ts";

const MAX_FLOORS = 20_000;
const MAX_HOPS = 40;

/** An entry of a layer, by its position there. */
export interface Place {
  readonly layer: number;
  readonly position: number;
}

/** Looks for entries; which layers can be seen in a directory is remembered. */
interface Places {
  /** `StackPaths.having`. */
  readonly having: (path: TreePath, limit: number) => number;
  readonly layerAt: (number: number) => Layer;
  /** The lowest layer whose entries in `directory` can be seen; as many as there are layers when none can. */
  readonly floorOf: (directory: TreePath) => number;
  /** Where the visible entry of a path is. */
  readonly locate: (path: TreePath) => Place | undefined;
  /** The file that a hard link names: in its own layer, or below. Throws `TAR`. */
  readonly follow: (place: Place) => Place;
  /** The entry as it is seen at `path`. */
  readonly entryAt: (place: Place, path: TreePath) => Entry;
}

/** Places of `layers`, bottom first. */
export function createPlaces(layers: readonly Layer[]): Places {
  const floors = new Map<string, number>();
  const { having, hiding } = stackPaths(layers);

  const layerAt = (number: number): Layer => {
    const layer = layers[number];
    if (layer === undefined) throw new InternalError(`no layer ${number} of ${layers.length}`);
    return layer;
  };

  const floorOf = (directory: TreePath): number => {
    const known = floors.get(directory);
    if (known !== undefined) return known;
    const floor = findFloor(directory, directory === ROOT ? 0 : floorOf(parentOf(directory)), layers.length);
    if (floors.size >= MAX_FLOORS) floors.clear();
    floors.set(directory, floor);
    return floor;
  };

  /** The lowest layer below layer `limit` that can be seen in a directory. */
  const findFloor = (directory: TreePath, parentFloor: number, limit: number): number => {
    for (let layer = hiding(directory, limit); layer >= parentFloor; layer = hiding(directory, layer)) {
      const { index } = layerAt(layer);
      const position = index.find(directory);
      if (position < 0) continue;
      if (index.kind(position) !== "dir") return layer + 1;
      if (index.isOpaque(position)) return layer;
    }
    return parentFloor;
  };

  /** The entry of the highest layer from `floor` to below `limit` that has one; a whiteout is none. */
  const topmost = (path: TreePath, floor: number, limit: number): Place | undefined => {
    for (let layer = having(path, limit); layer >= floor; layer = having(path, layer)) {
      const { index } = layerAt(layer);
      const position = index.find(path);
      if (position < 0) continue;
      return index.kind(position) === "whiteout" ? undefined : { layer, position };
    }
    return undefined;
  };

  const locate = (path: TreePath): Place | undefined => topmost(path, path === ROOT ? 0 : floorOf(parentOf(path)), layers.length);

  /** `locate` for the layers below `limit` only, as they were when layer `limit` was added. */
  const locateBelow = (path: TreePath, limit: number): Place | undefined => {
    let floor = findFloor(ROOT, 0, limit);
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
      floor = findFloor(path.slice(0, slash) as TreePath, floor, limit);
    return topmost(path, floor, limit);
  };

  const follow = (place: Place): Place => {
    let current = place;
    for (let hops = 0; hops < MAX_HOPS; hops += 1) {
      const { index } = layerAt(current.layer);
      if (index.kind(current.position) !== "hardlink") return current;
      const { link } = index.at(current.position);
      if (link === undefined) break;
      const target = link as TreePath;
      const position = index.find(target);
      const isHere = position >= 0 && index.kind(position) !== "whiteout";
      const next = isHere ? { layer: current.layer, position } : locateBelow(target, current.layer);
      if (next === undefined) break;
      current = next;
    }
    const { index } = layerAt(place.layer);
    const entry = index.at(place.position);
    throw new DecantError("TAR", `Cannot use hard link "${displayPath(entry.path)}": its target "${entry.link}" is not in the image`);
  };

  const entryAt = (place: Place, path: TreePath): Entry => {
    const { index } = layerAt(place.layer);
    if (index.kind(place.position) !== "hardlink") {
      const entry = index.at(place.position);
      if (entry.opaque === undefined) return entry;
      // What a layer hides of those below it is nothing of what is seen, and must not get into a layer on top.
      const { opaque: _opaque, ...seen } = entry;
      return seen;
    }
    const target = follow(place);
    return { ...layerAt(target.layer).index.at(target.position), path };
  };

  return { having, layerAt, floorOf, locate, follow, entryAt };
}
