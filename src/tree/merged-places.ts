/** Where the entries are that can be seen in a stack of layers: behind whiteouts, opaque directories and hard links (image-spec layer.md). */
import { DecantError, InternalError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, displayPath, parentOf } from "../paths.ts";
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

  const layerAt = (number: number): Layer => {
    const layer = layers[number];
    if (layer === undefined) throw new InternalError(`no layer ${number} of ${layers.length}`);
    return layer;
  };

  const floorOf = (directory: TreePath): number => {
    const known = floors.get(directory);
    if (known !== undefined) return known;
    const floor = findFloor(layers, directory, directory === ROOT ? 0 : floorOf(parentOf(directory)));
    if (floors.size >= MAX_FLOORS) floors.clear();
    floors.set(directory, floor);
    return floor;
  };

  const locate = (path: TreePath): Place | undefined => {
    const floor = path === ROOT ? 0 : floorOf(parentOf(path));
    for (let layer = layers.length - 1; layer >= floor; layer -= 1) {
      const { index } = layerAt(layer);
      const position = index.find(path);
      if (position < 0) continue;
      return index.kind(position) === "whiteout" ? undefined : { layer, position };
    }
    return undefined;
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
      const next = isHere ? { layer: current.layer, position } : locateBelow(layers, target, current.layer);
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

  return { layerAt, floorOf, locate, follow, entryAt };
}

function findFloor(layers: readonly Layer[], directory: TreePath, parentFloor: number): number {
  for (let layer = layers.length - 1; layer >= parentFloor; layer -= 1) {
    const index = layers[layer]?.index;
    const position = index?.find(directory) ?? -1;
    if (index === undefined || position < 0) continue;
    if (index.kind(position) !== "dir") return layer + 1;
    if (index.isOpaque(position)) return layer;
  }
  return parentFloor;
}

/** `locate` for the layers below `limit` only, as they were when layer `limit` was added. */
function locateBelow(layers: readonly Layer[], path: TreePath, limit: number): Place | undefined {
  let floor = findFloor(layers.slice(0, limit), ROOT, 0);
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    floor = findFloor(layers.slice(0, limit), path.slice(0, slash) as TreePath, floor);
  }
  for (let layer = limit - 1; layer >= floor; layer -= 1) {
    const index = layers[layer]?.index;
    const position = index?.find(path) ?? -1;
    if (index === undefined || position < 0) continue;
    return index.kind(position) === "whiteout" ? undefined : { layer, position };
  }
  return undefined;
}
