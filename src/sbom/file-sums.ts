/** The sums of the files that packages own. SHA-256 is in the layers' indexes; SHA-1, which SPDX asks for, means reading every byte. */
import { createHash } from "node:crypto";
import { hexOf } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { readEntry, type Tree } from "../tree/index.ts";
import type { FileSums, InventoryPackage } from "./types.ts";

/** How sums are made. */
export interface FileSumsOptions {
  /** Default false. */
  readonly sha1?: boolean;
  readonly signal?: AbortSignal;
}

/** The sums of all regular files of `packages`; links have none. Files with one content are read once. */
export async function fileSums(
  tree: Tree,
  packages: readonly InventoryPackage[],
  options: FileSumsOptions = {},
): Promise<ReadonlyMap<TreePath, FileSums>> {
  const sums = new Map<TreePath, FileSums>();
  const known = new Map<string, string>();
  for (const path of packages.flatMap(({ files }) => files)) {
    options.signal?.throwIfAborted();
    const entry = sums.has(path) ? undefined : tree.lookup(path);
    if (entry?.kind !== "file") continue;
    const sha256 = hexOf(await tree.digest(entry));
    if (options.sha1 !== true) {
      sums.set(path, { sha256 });
      continue;
    }
    let sha1 = known.get(sha256);
    if (sha1 === undefined) {
      const hash = createHash("sha1");
      for await (const chunk of readEntry(tree, entry)) hash.update(chunk);
      sha1 = hash.digest("hex");
      known.set(sha256, sha1);
    }
    sums.set(path, { sha256, sha1 });
  }
  return sums;
}
