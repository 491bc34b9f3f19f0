/** The sums of the files that packages own. SHA-256 is in the layers' indexes; SHA-1, which SPDX asks for, means reading every byte. */
import { createHash } from "node:crypto";
import { hexOf } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { type Entry, readEntry, type Tree } from "../tree/index.ts";
import type { FileSums, InventoryPackage } from "./types.ts";

/** How sums are made. */
interface FileSumsOptions {
  /** Default false. */
  readonly sha1?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The sums of all regular files of `packages`; links have none. Files with one content are read once. */
export async function fileSums(
  tree: Tree,
  packages: readonly InventoryPackage[],
  options: FileSumsOptions = {},
): Promise<ReadonlyMap<TreePath, FileSums>> {
  const sums = new Map<TreePath, FileSums>();
  const known = new Map<string, FileSums>();
  for (const path of packages.flatMap(({ files }) => files)) {
    options.signal?.throwIfAborted();
    const entry = sums.has(path) ? undefined : tree.lookup(path);
    if (entry?.kind !== "file") continue;
    const sum = options.sha1 === true ? await bothSums(tree, entry, known) : { sha256: hexOf(await tree.digest(entry)) };
    known.set(sum.sha256, sum);
    sums.set(path, sum);
  }
  return sums;
}

/** One pass over the bytes for both, where none of them is known (directories of the host). */
async function bothSums(tree: Tree, entry: Entry, known: ReadonlyMap<string, FileSums>): Promise<FileSums> {
  const same = entry.digest === undefined ? undefined : known.get(hexOf(entry.digest));
  if (same !== undefined) return same;
  const sha1 = createHash("sha1");
  const sha256 = entry.digest === undefined ? createHash("sha256") : undefined;
  for await (const chunk of readEntry(tree, entry)) {
    sha1.update(chunk);
    sha256?.update(chunk);
  }
  return { sha256: sha256?.digest("hex") ?? hexOf(await tree.digest(entry)), sha1: sha1.digest("hex") };
}
