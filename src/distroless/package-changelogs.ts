/** What changed in packages since the versions of a lock, by their own changelogs. */
import { AT_ONCE, pool } from "../async.ts";
import { changelogOf } from "../debian/index.ts";
import type { Store } from "../store/index.ts";
import { binaryOf, type LockedPackage } from "./lock.ts";
import type { Recipe } from "./recipe.ts";
import { archiveOf } from "./resolve-base.ts";
import type { ArchiveAccess } from "./types.ts";

/** A package that is newer than `since`. */
export interface NewerPackage {
  readonly binary: LockedPackage;
  readonly since: string;
}

/** The entries of a package's changelog that are newer, newest first. */
export interface PackageChangelog {
  readonly name: string;
  readonly text: string;
}

/** Packages without a changelog of their own, and with nothing newer, are left out. Fetches each package. Throws the `DEBIAN_…` codes. */
export async function packageChangelogs(
  store: Store,
  recipe: Recipe,
  newer: readonly NewerPackage[],
  options: ArchiveAccess,
): Promise<PackageChangelog[]> {
  const archive = await archiveOf(store, recipe, options);
  const found = await pool(
    AT_ONCE,
    newer,
    async ({ binary, since }) => {
      const text = await changelogOf(await archive.open(binaryOf(binary)), since);
      return text === undefined || text === "" ? [] : [{ name: binary.name, text }];
    },
    options.signal,
  );
  return found.flat();
}
