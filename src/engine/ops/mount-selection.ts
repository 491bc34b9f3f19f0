/** What a mount selects from its source, as a path without symlinks and as a part of the key (rules S111, S113). */
import { type Digest, framedDigest } from "../../digest.ts";
import type { BindMount, CacheMount } from "../../graph/index.ts";
import { cleanTreePath, fromText, ROOT, type TreePath } from "../../paths.ts";
import { resolvePath, subtreeDigest } from "../../tree/index.ts";
import { sourceMissing } from "../file/errors.ts";
import { type CopySource, missingHint } from "../file/selection.ts";
import { keepSelection, knownSelection } from "./kept-selections.ts";
import { stackOf } from "../layer-stack.ts";
import type { EngineContext, VertexResult } from "../types.ts";

/** Follows the symlinks of a mount's source inside of its tree. Throws `COPY_SOURCE_MISSING`. */
export function selectMounted(source: CopySource, mount: BindMount | CacheMount): { readonly path: TreePath } {
  const wanted = cleanTreePath(fromText(mount.selector));
  const { path, entry } = resolvePath(source.tree, wanted, { followLast: true });
  if (entry === undefined && path !== ROOT) throw sourceMissing(wanted, source.name, missingHint(source, wanted), mount.range, "mount");
  return { path };
}

/** The digest of what a mount shows: never times. For layers it is kept, so that a chain of hits reads no index. */
export async function mountedDigest(
  mount: BindMount | CacheMount,
  input: VertexResult | undefined,
  open: () => Promise<CopySource>,
  context: EngineContext,
  signal: AbortSignal,
): Promise<Digest> {
  if (input?.kind === "directory" && input.selections !== undefined) return await input.selections.mounted(mount);
  const memo = input?.kind === "layers" ? framedDigest(["mounted", mount.selector, stackOf(input).key]) : undefined;
  const known = memo === undefined ? undefined : knownSelection(context, memo);
  if (known !== undefined) return known;
  const source = await open();
  const digest = await subtreeDigest(source.tree, selectMounted(source, mount).path, { signal });
  if (memo !== undefined) keepSelection(context, memo, digest);
  return digest;
}
