/** `${version:PACKAGE}` in the environment and annotations of a recipe: the authors' version of a package that is in the base. Pure. */
import { parseVersion } from "../debian/index.ts";
import { recipeError } from "./errors.ts";

const REFERENCE = /\$\{version:([a-z0-9][a-z0-9+.-]+)\}/g;

/** The values with versions in place, without epoch and Debian's revision: "17.0.21.1+2". Throws `RECIPE` for a package that is not there. */
export function withVersions(
  recipe: string,
  values: Readonly<Record<string, string>>,
  packages: readonly { readonly name: string; readonly version: string }[],
): Readonly<Record<string, string>> {
  const versionOf = (name: string): string => {
    const found = packages.find((one) => one.name === name);
    if (found === undefined) throw recipeError(recipe, `it asks for the version of "${name}", which is not in it`);
    return parseVersion(found.version).upstream;
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.replaceAll(REFERENCE, (_all, one: string) => versionOf(one))]),
  );
}
