/** The search compared with trying every combination, on small universes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { universe } from "../../test/support/universe.ts";
import { isDecantError } from "../errors.ts";
import type { BinaryPackage } from "./binary-package.ts";
import { type Candidate, meets, readCandidate } from "./candidates.ts";
import type { PackageIndex } from "./package-index.ts";
import { resolvePackages } from "./resolve.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const VIRTUAL = "v";
const name = fc.constantFrom(...NAMES, VIRTUAL);
const relation = fc
  .tuple(name, fc.option(fc.tuple(fc.constantFrom("<<", "<=", "=", ">=", ">>"), fc.constantFrom("1", "2")), { freq: 2 }))
  .map(([one, version]) => (version === null ? one : `${one} (${version.join(" ")})`));
const group = fc.array(relation, { minLength: 1, maxLength: 2 }).map((alternatives) => alternatives.join(" | "));
const fields = fc.record({
  depends: fc.array(group, { maxLength: 3 }),
  conflicts: fc.array(relation, { maxLength: 1 }),
  provides: fc.constantFrom("", "", "v", "v (= 1)", "v (= 2)"),
});
const packages = fc
  .dictionary(
    fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom("1", "2")).map((id) => id.join(" ")),
    fields.map(({ depends, conflicts, provides }) =>
      [`Depends: ${depends.join(", ")}`, `Conflicts: ${conflicts.join(", ")}`, `Provides: ${provides}`].join("; "),
    ),
    { minKeys: 1, maxKeys: 8 },
  )
  .map((made) => ({ ...made }));
const request = fc.record({
  names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 }),
  ignore: fc.uniqueArray(name, { maxLength: 1 }),
  exclude: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 1 }),
});

type Wish = Readonly<Record<"names" | "ignore" | "exclude", readonly string[]>>;

/** What is wrong with a set of packages; nothing when they fit together. */
function faults(chosen: readonly BinaryPackage[], { names, ignore, exclude }: Wish): string[] {
  const all = chosen.map(readCandidate);
  const isThere = (relations: Candidate["needs"][number]): boolean =>
    relations.some((one) => ignore.includes(one.name) || all.some((candidate) => meets(candidate, one, "amd64")));
  return [
    ...names.filter((wanted) => !chosen.some((one) => one.name === wanted)).map((wanted) => `${wanted} is not there`),
    ...chosen.filter((one) => exclude.includes(one.name)).map((one) => `${one.name} is excluded`),
    ...all.flatMap(({ binary, needs }) => needs.filter((need) => !isThere(need)).map((need) => `${binary.name} needs ${need[0]?.name}`)),
    ...all.flatMap((one) =>
      all
        .filter((other) => other !== one && one.refuses.some((refused) => meets(other, refused, "amd64")))
        .map((other) => `${one.binary.name} refuses ${other.binary.name}`),
    ),
  ];
}

/** Every choice of at most one version for each name. */
function* combinations(index: PackageIndex, names: readonly string[] = NAMES): Generator<BinaryPackage[]> {
  const [first, ...rest] = names;
  if (first === undefined) return yield [];
  for (const others of combinations(index, rest)) {
    yield others;
    for (const one of index.named(first)) yield [one, ...others];
  }
}

describe("resolvePackages() on any universe", () => {
  it("gives packages that fit together, and fails only where no choice of packages does", () => {
    let failed = 0;
    fc.assert(
      fc.property(packages, request, (made, wish) => {
        const index = universe(made);
        try {
          const { packages: chosen, reasons } = resolvePackages(index, { ...wish, architecture: "amd64" });
          assert.deepEqual(faults(chosen, wish), []);
          assert.deepEqual(
            [...reasons.keys()],
            chosen.map((one) => one.name),
          );
        } catch (error) {
          if (!isDecantError(error, "DEBIAN_DEPENDENCY")) throw error;
          failed += 1;
          for (const choice of combinations(index))
            assert.notDeepEqual(faults(choice, wish), [], `but these do: ${JSON.stringify(choice)}`);
        }
      }),
      { numRuns: 1500 },
    );
    // Both sides of the property are looked at.
    assert.ok(failed > 100);
  });
});
