/** Which packages a recipe is made of: what it names, and what that needs where a level follows dependencies. */
import type { Archive, BinaryPackage } from "../debian/index.ts";
import { suggest } from "../dockerfile/index.ts";
import { given } from "../given.ts";
import { recipeError } from "./errors.ts";
import { withVariant } from "./join-recipes.ts";
import { LATEST, type LockedPackage } from "./lock.ts";
import type { Recipe } from "./recipe.ts";

interface Chosen {
  readonly binary: BinaryPackage;
  /** Only some of its paths are taken. */
  readonly part: boolean;
}

/** The packages of a recipe with its variant joined in: level by level, then those that are taken in parts. */
async function choosePackages(archive: Archive, recipe: Recipe, architecture: string): Promise<Chosen[]> {
  const { certificates, busybox, exclude, versions = {} } = recipe;
  checkExcluded(recipe);
  // The bundle is there, whoever asks for it.
  const ignore = [...recipe.ignore, ...(certificates === undefined ? [] : [certificates.package])];
  const whole = new Map<string, BinaryPackage>();
  const add = (packages: readonly BinaryPackage[]): void => {
    for (const one of packages) if (!whole.has(one.name)) whole.set(one.name, one);
  };
  for (const { packages, follow } of recipe.levels) {
    // What a lower level followed is there already.
    const names = packages.filter((name) => !whole.has(name));
    // Packages of lower levels that did not follow may need something still.
    if (follow) add((await archive.resolve({ names, architecture, ignore, exclude, versions, present: [...whole.values()] })).packages);
    else if (names.length > 0) add(await archive.select(names, { architecture, versions }));
  }
  const partly = new Set(recipe.parts.map((part) => part.package));
  if (certificates !== undefined) partly.add(certificates.package);
  if (busybox !== undefined) partly.add(busybox);
  const names = [...partly].filter((name) => !whole.has(name));
  const parts = names.length === 0 ? [] : await archive.select(names, { architecture, versions });
  checkSliced(recipe, new Set([...whole.keys(), ...partly]));
  return [...[...whole.values()].map((binary) => ({ binary, part: false })), ...parts.map((binary) => ({ binary, part: true }))];
}

/** Packages that are taken without what they need are not looked for, so nothing else would refuse them. */
function checkExcluded({ name, exclude, levels, parts, certificates, busybox }: Recipe): void {
  const named = [
    ...levels.flatMap((level) => level.packages.map((one) => ({ one, by: level.name }))),
    ...[...parts.map((part) => part.package), certificates?.package, busybox].map((one) => ({ one, by: name })),
  ];
  const wrong = named.find(({ one }) => one !== undefined && exclude.includes(one));
  if (wrong === undefined) return;
  throw recipeError(name, `it excludes the package "${wrong.one ?? ""}", which "${wrong.by}" names`, {
    hint: "Exclude only what packages bring with them, or extend a recipe that does not have it",
  });
}

/** A misspelt name would leave its files in. */
function checkSliced({ name, slices }: Recipe, packages: ReadonlySet<string>): void {
  const wrong = slices.find((slice) => slice.package !== undefined && !packages.has(slice.package))?.package;
  if (wrong === undefined) return;
  const near = suggest(wrong, [...packages]);
  throw recipeError(name, `it slices the package "${wrong}", which it does not have`, {
    hint: near === undefined ? "Name a package that is in the base, or leave the slice out" : `Did you mean "${near}"?`,
  });
}

/**
 * The packages of a recipe and of some of its variants (undefined: of none), each once. Those that not all of them have say which have them.
 * Throws `DEBIAN_DEPENDENCY`.
 */
export async function chooseVariants(
  archive: Archive,
  recipe: Recipe,
  architecture: string,
  variants: readonly (string | undefined)[],
): Promise<LockedPackage[]> {
  const all = new Map<string, { readonly chosen: Chosen; readonly variants: (string | undefined)[] }>();
  for (const variant of variants)
    for (const chosen of await choosePackages(archive, withVariant(recipe, variant), architecture)) {
      const key = `${chosen.binary.name} ${chosen.binary.version} ${chosen.part ? "part" : "whole"}`;
      const known = all.get(key) ?? { chosen, variants: [] };
      known.variants.push(variant);
      all.set(key, known);
    }
  // The packages of a variant come in the same order, whichever other variants are resolved with it.
  const found = [...all.values()];
  const whole = found.filter(({ chosen }) => !chosen.part);
  const parts = found.filter(({ chosen }) => chosen.part).toSorted((a, b) => (a.chosen.binary.name < b.chosen.binary.name ? -1 : 1));
  return [...whole, ...parts].map(({ chosen, variants: having }) => ({
    ...locked(chosen.binary),
    ...(chosen.part ? { part: true } : {}),
    ...(having.length === variants.length ? {} : { variants: having.map((variant) => variant ?? LATEST) }),
  }));
}

/** Only what a lock keeps, so that bases from a lock and without one are made of the same. */
function locked(binary: BinaryPackage): LockedPackage {
  const { name, version, architecture, source, sourceVersion, uri, suite, filename, size, digest } = binary;
  return {
    name,
    version,
    architecture,
    source,
    ...given({ sourceVersion }),
    uri,
    suite,
    filename,
    size,
    digest,
  };
}
