/** The device files of layers. */
import type { Entry, LayerIndex } from "./types.ts";

const known = new WeakMap<LayerIndex, readonly Entry[]>();

/** All device files of `layers`, those that upper layers hide included. Looks at kinds only, and once at each index. */
export function deviceFiles(layers: readonly { readonly index: LayerIndex }[]): Entry[] {
  return layers.flatMap(({ index }) => {
    let found = known.get(index);
    if (found === undefined) known.set(index, (found = devicesOf(index)));
    return found;
  });
}

function devicesOf(index: LayerIndex): Entry[] {
  const found: Entry[] = [];
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    if (kind === "char" || kind === "block") found.push(index.at(position));
  }
  return found;
}
