/** What a mount selects from its source, as a path without symlinks and as a part of the key (rules S111, S113). */
import type { Digest } from "../../digest.ts";
import type { BindMount, CacheMount } from "../../graph/index.ts";
import { cleanTreePath, fromText, ROOT, type TreePath } from "../../paths.ts";
import { resolvePath, subtreeDigest } from "../../tree/index.ts";
import { sourceMissing } from "./errors.ts";
import { type CopySource, missingHint } from "./selection.ts";
import { createSelectionLines, entryFacts, type PathLines } from "./selection-lines.ts";

/** Follows the symlinks of a mount's source inside of its tree. Throws `COPY_SOURCE_MISSING`. */
export function selectMounted(source: CopySource, mount: BindMount | CacheMount): { readonly path: TreePath } {
  const wanted = cleanTreePath(fromText(mount.selector));
  const { path, entry } = resolvePath(source.tree, wanted, { followLast: true });
  if (entry === undefined && path !== ROOT) throw sourceMissing(wanted, source.name, missingHint(source, wanted), mount.range, "mount");
  return { path };
}

/** What a mount shows, as a part of keys. */
export interface MountedDigest {
  readonly digest: Digest;
  /** Its paths, for explanations; undefined where they are too many, or not known. */
  readonly lines?: PathLines | undefined;
}

/** Digests what a mount shows: never times. Throws `COPY_SOURCE_MISSING`. */
export async function digestMounted(source: CopySource, mount: BindMount | CacheMount, signal: AbortSignal): Promise<MountedDigest> {
  const lines = createSelectionLines();
  const { path: root } = selectMounted(source, mount);
  const digest = await subtreeDigest(source.tree, root, {
    signal,
    onEntry: (entry, relative, content, linkedTo) => lines.add({ root, relative, facts: entryFacts(entry), content, linkedTo }),
  });
  return { digest, lines: lines.finish() };
}
