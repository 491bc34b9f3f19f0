/** What a base is made of, before anything is made: its packages, from a lock or the archive, its Node.js, and the recipe for its platform. */
import { debianArchitecture, snapshotUri } from "../debian/index.ts";
import { given } from "../given.ts";
import { formatPlatform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import type { BaseInputs } from "./compose.ts";
import { recipeError } from "./errors.ts";
import { withVariant } from "./join-recipes.ts";
import { binaryOf, checkDrift, type LockedArchitecture, lockedFor, type LockedPackage, packagesOfVariant } from "./lock.ts";
import { fetchNode, nodeOf } from "./node-part.ts";
import type { Recipe } from "./recipe.ts";
import { archiveOf, resolveBase } from "./resolve-base.ts";
import type { AssembleOptions } from "./types.ts";

/** A base that is ready to be made. */
export interface OpenedInputs {
  /** With the variant joined in. */
  readonly recipe: Recipe;
  /** The same, without what is for other architectures, and without parts of packages that are taken whole. */
  readonly forLayers: Recipe;
  readonly locked: LockedArchitecture;
  readonly packages: readonly LockedPackage[];
  readonly inputs: BaseInputs;
}

/** Throws `RECIPE`, `RECIPE_LOCK`, `RECIPE_DRIFT`, `NODE_PACKAGE` and the `DEBIAN_…` codes. */
export async function openInputs(store: Store, recipe: Recipe, options: AssembleOptions): Promise<OpenedInputs> {
  const { platform, variant, lock } = options;
  const base = withVariant(recipe, variant);
  if (platform.os !== "linux" || !base.architectures.includes(platform.architecture)) {
    const known = base.architectures.map((architecture) => `linux/${architecture}`).join(", ");
    throw recipeError(recipe.name, `it is not for ${formatPlatform(platform)}; wanted one of ${known}`);
  }
  // A lock does not say which variant its packages are of.
  debianArchitecture(platform);
  if (lock !== undefined) checkDrift(lock.lock, recipe, lock.file);
  const archive = await archiveOf(store, recipe, options);
  const locked =
    lock === undefined ? await resolveBase(archive, recipe, platform, [base.variant]) : lockedFor(lock.lock, platform.architecture);
  const packages = packagesOfVariant(locked, base.variant);
  const wanted = locked.node ?? nodeOf(base, platform);
  const node = wanted === undefined ? undefined : await fetchNode(store, base, wanted, options);
  const partial = new Set(packages.flatMap((one) => (one.part === true ? [one.name] : [])));
  return {
    recipe: base,
    forLayers: {
      ...base,
      parts: base.parts.filter((part) => partial.has(part.package)),
      files: base.files.filter((file) => file.architecture === undefined || file.architecture === platform.architecture),
    },
    locked,
    packages,
    inputs: {
      packages: packages.map(binaryOf),
      open: (binary) => archive.open(binary, elsewhere(locked, binary)),
      ...given({ node }),
    },
  };
}

/** Where an archive's mirror has lost a file, the archive of the day when it was chosen still has it. */
function elsewhere(locked: LockedArchitecture, { uri, suite }: { readonly uri: string; readonly suite: string }): string[] {
  const release = locked.releases.find((one) => one.uri === uri && one.suite === suite);
  const snapshot = release === undefined ? undefined : snapshotUri(uri, new Date(release.date));
  return snapshot === undefined ? [] : [snapshot];
}
