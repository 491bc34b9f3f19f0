/** Which extended attributes of layers the file system of the store did not take: kept with their directories, so that every build can tell. */
import * as v from "valibot";
import type { Store } from "../store/index.ts";
import type { Layer } from "./types.ts";

const SPACE = "layer-dropped";
const NamesSchema = v.array(v.string());

/** Notes what the directory of a layer lacks. */
export function noteDropped(store: Store, layerId: string, names: ReadonlySet<string>): void {
  if (names.size > 0) store.records.put(SPACE, layerId, [...names].toSorted());
}

/** Names of the attributes, in bytes form, that files of these layers have and their directories, which were made before, lack (rule S126). */
export function droppedAttributes(store: Store, layers: readonly Layer[]): string[] {
  const names = new Set<string>();
  for (const layer of layers) {
    let found = known.get(layer);
    if (found === undefined) known.set(layer, (found = readDropped(store, layer)));
    for (const name of found) names.add(name);
  }
  return [...names].toSorted();
}

/** Each step of a long chain asks for all layers below it. */
const known = new WeakMap<Layer, readonly string[]>();

function readDropped(store: Store, { id }: Layer): readonly string[] {
  const found = v.safeParse(NamesSchema, store.records.get(SPACE, id));
  return found.success ? found.output : [];
}
