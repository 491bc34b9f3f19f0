/** Distroless bases: recipes, the catalogue, and assembling them from verified packages. */
export { assembleBase } from "./assemble.ts";
export { baseConfig } from "./base-config.ts";
export { busyboxTools } from "./busybox-tools.ts";
export { keptLayer } from "./kept-layer.ts";
export { baseScripts } from "./scripts/base-scripts.ts";
export { type BaseName, baseOfImage, formatStandIn, isRecipeFile, parseBaseName, parseStandIn, type StandInName } from "./base-name.ts";
export { listRecipes, loadRecipe, recipeSchemaText } from "./catalogue.ts";
export {
  checkDrift,
  formatLock,
  type Lock,
  type LockedArchitecture,
  lockedFor,
  lockOf,
  type LockedPackage,
  type LockedRelease,
  parseLock,
} from "./lock.ts";
export { type EffectState, type ScriptEffect } from "./scripts/script-effects.ts";
export { type NewerPackage, type PackageChangelog, packageChangelogs } from "./package-changelogs.ts";
export { refreshedCache, touchesLibraries } from "./refresh-cache.ts";
export { lockRecipe } from "./resolve-base.ts";
export { rebuildBase } from "./rebuild.ts";
export { withVariant } from "./join-recipes.ts";
export { firstEnd } from "./support-periods.ts";
export type * from "./recipe.ts";
export type { ArchiveAccess, AssembledBase, AssembleOptions, AssemblyReport } from "./types.ts";
