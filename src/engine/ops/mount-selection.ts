/** What a mount shows, for the key of its step. */
import { framedDigest } from "../../digest.ts";
import type { BindMount, CacheMount } from "../../graph/index.ts";
import { digestMounted, type MountedDigest } from "../file/mounted.ts";
import type { CopySource } from "../file/selection.ts";
import { keepSelection, knownSelection } from "./kept-selections.ts";
import { stackOf } from "../layer-stack.ts";
import type { EngineContext, VertexResult } from "../types.ts";

/** The paths of a mount as `digestMounted` gives them. For layers the digest is kept, so that a chain of hits reads no index. */
export async function mountedDigest(
  mount: BindMount | CacheMount,
  input: VertexResult | undefined,
  open: () => Promise<CopySource>,
  context: EngineContext,
  signal: AbortSignal,
): Promise<MountedDigest> {
  if (input?.kind === "directory" && input.selections !== undefined)
    return await input.selections.mounted(mount, { look: context.byDescent === true });
  const memo = input?.kind === "layers" ? framedDigest(["mounted", mount.selector, stackOf(input).key]) : undefined;
  const known = memo === undefined ? undefined : knownSelection(context, memo);
  if (known !== undefined) return { digest: known };
  const mounted = await digestMounted(await open(), mount, signal);
  if (memo !== undefined) keepSelection(context, memo, mounted.digest);
  return mounted;
}
