/** Reads ranges of a file of a Tree, from where its bytes are: nothing is unpacked or copied. */
import { type Entry, type Tree, readDataRange } from "../tree/index.ts";
import type { ElfReader } from "./types.ts";

/** A reader for a file entry of `tree`; holds nothing open. Throws what `Tree.data` throws. */
export async function treeElfReader(tree: Tree, entry: Entry): Promise<ElfReader> {
  const source = await tree.data(entry);
  return {
    size: entry.size,
    // Asynchronous in its type only: a range of a local file is there sooner than a thread could fetch it.
    read: async (offset, length) => readDataRange(source, entry.size, offset, length),
  };
}
