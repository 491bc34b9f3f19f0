/** A base made once more from its lock, from nothing: no layer that was made before is used, only downloads are. */
import type { Filled } from "../given.ts";
import type { Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { assembleBase } from "./assemble.ts";
import { withVariant } from "./join-recipes.ts";
import { lockedFor, packagesOfVariant } from "./lock.ts";
import { nodeOf, registryOf } from "./node-part.ts";
import { copyNpmPackage } from "./npm.ts";
import type { Recipe } from "./recipe.ts";
import type { AssembledBase, AssembleOptions } from "./types.ts";

/** Assembles a base in the empty store `fresh`; packages that `store` has are taken from there. Throws as `assembleBase`. */
export async function rebuildBase(
  store: Store,
  fresh: Store,
  recipe: Recipe,
  options: AssembleOptions & Filled<Pick<AssembleOptions, "lock">>,
): Promise<AssembledBase> {
  const { lock, platform, variant, signal } = options;
  const base = withVariant(recipe, variant);
  for (const { digest, size } of packagesOfVariant(lockedFor(lock.lock, platform.architecture), base.variant)) {
    signal?.throwIfAborted();
    if (store.blobs.size(digest) === size) await fresh.blobs.write(store.blobs.open(digest), { digest, size });
  }
  const node = lockedNode(base, platform, options);
  if (node !== undefined) await copyNpmPackage(store, fresh, node, await registryOf(options));
  return await assembleBase(fresh, recipe, options);
}

function lockedNode(
  recipe: Recipe,
  platform: Platform,
  { lock }: Filled<Pick<AssembleOptions, "lock">>,
): { readonly name: string; readonly version: string } | undefined {
  return lockedFor(lock.lock, platform.architecture).node ?? nodeOf(recipe, platform);
}
