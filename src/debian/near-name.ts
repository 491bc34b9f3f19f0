/** Did-you-mean for packages: most wrong names are those of another release, "libpq6" for "libpq5", "libssl3" for "libssl3t64". Pure. */
import { suggest } from "../dockerfile/index.ts";
import type { PackageIndex } from "./package-index.ts";

const NUMBER = /\d+(?:\.\d+)*/g;
/** Debian's mark of libraries that were built anew with a wider time_t. */
const WIDE_TIME = /t64$/;

/** The names that may have been meant, one for each of `names` at most; "" when there is none. As a hint: `Did you mean "libpq5"?` */
export function nearNames(index: PackageIndex, names: readonly string[]): string {
  const known = [...new Set(index.names())];
  const near = names.flatMap((name) => sameButNumbers(name, known) ?? suggest(name, known) ?? []);
  return near.length === 0 ? "" : `Did you mean ${[...new Set(near)].map((one) => `"${one}"`).join(", ")}?`;
}

/** The name that differs in its numbers only, and in them least. */
function sameButNumbers(name: string, known: readonly string[]): string | undefined {
  const wanted = stemOf(name);
  // Without a number the same stem is the same name.
  const others = known.filter((one) => one !== name && stemOf(one) === wanted);
  return others.toSorted((a, b) => distance(name, a) - distance(name, b) || (a < b ? 1 : -1))[0];
}

function stemOf(name: string): string {
  return name.replace(WIDE_TIME, "").replaceAll(NUMBER, "#");
}

/** A difference of an earlier number counts more than all later ones. */
function distance(a: string, b: string): number {
  const [x, y] = [a, b].map((name) => name.replace(WIDE_TIME, "").match(/\d+/g)?.map(Number) ?? []);
  let sum = 0;
  for (let at = 0; at < Math.max(x?.length ?? 0, y?.length ?? 0); at += 1) sum += Math.abs((x?.[at] ?? 0) - (y?.[at] ?? 0)) / 1000 ** at;
  return sum;
}
