/**
 * Which layers of a long stack have a path. The table grows with the stack, and stacks that begin with the same layers share it: a chain of
 * thousands of steps looks into each layer once, not at each step. It may name a layer in vain, and leaves none out.
 */
import type { Layer, LayerIndex } from "./types.ts";

/** Layers by path. Both give the highest one below layer `limit`, or -1. */
interface StackPaths {
  /** A layer that may have the path. */
  readonly having: (path: string, limit: number) => number;
  /** A layer in which the path may hide what lower layers have below it: it is opaque there, or no directory. */
  readonly hiding: (path: string, limit: number) => number;
}

/** Up to here, looking into each layer is as good. */
const LONG = 64;
/** Of larger layers there are few, and they are looked into. */
const MAX_LAYER_ENTRIES = 4096;
const MAX_TABLE_ENTRIES = 200_000;

/** Layers that came on top of each other, on those of another table. */
interface Table {
  readonly base: Table | undefined;
  /** So many layers of `base` are below. */
  readonly start: number;
  readonly layers: Layer[];
  /** Hash of a path → layers, upwards. */
  readonly having: Map<number, number[]>;
  readonly hiding: Map<number, number[]>;
  /** Layers that are not in the table. */
  readonly unlisted: number[];
  entries: number;
}

const EVERY: StackPaths = { having: (_path, limit) => limit - 1, hiding: (_path, limit) => limit - 1 };

/** Layer → the table that it came into last. */
const tables = new WeakMap<Layer, Table>();

/** For `layers`, bottom first. */
export function stackPaths(layers: readonly Layer[]): StackPaths {
  if (layers.length <= LONG) return EVERY;
  const table = tableOf(layers);
  return {
    having: (path, limit) => highest(table, "having", hashOf(path), limit),
    hiding: (path, limit) => highest(table, "hiding", hashOf(path), limit),
  };
}

/** The table of the highest layer that has one, if its layers are the same: continued where nothing else lies on it, else the base of a new one. */
function tableOf(layers: readonly Layer[]): Table {
  const known = layers.findLast((layer) => tables.has(layer));
  const found = known === undefined ? undefined : tables.get(known);
  const shared = found === undefined ? 0 : sharedLayers(found, layers);
  const isContinued = found !== undefined && (shared === layers.length || shared === found.start + found.layers.length);
  const table = isContinued ? found : newTable(shared > 0 ? found : undefined, shared);
  for (const layer of layers.slice(table.start + table.layers.length)) addLayer(table, layer);
  return table;
}

function newTable(base: Table | undefined, start: number): Table {
  return { base, start, layers: [], having: new Map(), hiding: new Map(), unlisted: [], entries: 0 };
}

/** How many layers of a table `layers` begins with. */
function sharedLayers({ base, start, layers: own }: Table, layers: readonly Layer[]): number {
  const below = base === undefined ? 0 : Math.min(start, sharedLayers(base, layers));
  if (below < start) return below;
  const other = own.findIndex((layer, at) => layers[start + at] !== layer);
  return start + (other < 0 ? own.length : other);
}

function addLayer(table: Table, layer: Layer): void {
  const { index } = layer;
  const number = table.start + table.layers.length;
  table.layers.push(layer);
  tables.set(layer, table);
  if (index.count > MAX_LAYER_ENTRIES || table.entries + index.count > MAX_TABLE_ENTRIES) {
    table.unlisted.push(number);
    return;
  }
  table.entries += index.count;
  for (let position = 0; position < index.count; position += 1) {
    const hash = hashOf(index.path(position));
    list(table.having, hash, number);
    if (hides(index, position)) list(table.hiding, hash, number);
  }
}

function hides(index: LayerIndex, position: number): boolean {
  return index.kind(position) !== "dir" || index.isOpaque(position);
}

function list(lists: Map<number, number[]>, hash: number, layer: number): void {
  const known = lists.get(hash);
  if (known === undefined) lists.set(hash, [layer]);
  else if (known.at(-1) !== layer) known.push(layer);
}

function highest(table: Table, kind: "having" | "hiding", hash: number, limit: number): number {
  for (let at: Table | undefined = table, end = limit; at !== undefined; end = Math.min(end, at.start), at = at.base) {
    const found = Math.max(lastBelow(at[kind].get(hash), end), lastBelow(at.unlisted, end));
    if (found >= 0) return found;
  }
  return -1;
}

/** The last number below `limit` in a list that goes upwards, or -1. */
function lastBelow(numbers: readonly number[] | undefined, limit: number): number {
  let low = 0;
  let high = numbers?.length ?? 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers?.[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return numbers?.[low - 1] ?? -1;
}

/** Small integers, which maps keep as they are. */
function hashOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < path.length; at += 1) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
