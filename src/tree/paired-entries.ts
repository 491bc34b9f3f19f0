/** Two layers side by side. */
import type { Entry, LayerIndex } from "./types.ts";

/** The entries of two layers by path: those of the first in its order, then what only the second has. */
export function* pairedEntries(
  one: LayerIndex,
  two: LayerIndex,
): Generator<readonly [Entry, Entry | undefined] | readonly [undefined, Entry], void, undefined> {
  for (let at = 0; at < one.count; at += 1) {
    const entry = one.at(at);
    const position = two.find(entry.path);
    yield [entry, position < 0 ? undefined : two.at(position)];
  }
  for (let at = 0; at < two.count; at += 1) if (one.find(two.path(at)) < 0) yield [undefined, two.at(at)];
}
