/** Sizes of directories of one layer. */
import type { TreePath } from "../paths.ts";
import type { LayerIndex } from "../tree/index.ts";

/** Bytes of all files below `path`; a file with several names counts once. */
export function sizeBelow(index: LayerIndex, path: TreePath): number {
  const [start, end] = index.below(path);
  let sizeBytes = 0;
  for (let position = start; position < end; position += 1) if (index.kind(position) === "file") sizeBytes += index.size(position);
  return sizeBytes;
}
