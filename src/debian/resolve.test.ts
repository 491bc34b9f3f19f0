import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Universe, universe } from "../../test/support/universe.ts";
import { joinIndexes } from "./package-index.ts";
import type { ResolveRequest } from "./resolution.ts";
import { resolvePackages } from "./resolve.ts";

function resolve(packages: Universe, request: Partial<ResolveRequest> & Pick<ResolveRequest, "names">): string {
  const { packages: chosen } = resolvePackages(universe(packages), { architecture: "amd64", ...request });
  return chosen.map((one) => `${one.name} ${one.version}`).join(", ");
}

describe("resolvePackages()", () => {
  const rows: readonly { name: string; packages: Universe; request?: Partial<ResolveRequest>; want: string }[] = [
    { name: "follows Depends and Pre-Depends, dependencies by name", packages: { "a 1": "Depends: c; Pre-Depends: b", "b 1": "Depends: d", "c 1": "", "d 1": "" }, want: "a 1, b 1, c 1, d 1" },
    { name: "leaves Recommends and Suggests out", packages: { "a 1": "Recommends: b; Suggests: c", "b 1": "", "c 1": "" }, want: "a 1" },
    { name: "takes the highest version", packages: { "a 1": "Depends: b", "b 1.9": "", "b 1.10": "", "b 1.10~rc1": "" }, want: "a 1, b 1.10" },
    { name: "takes an older version when the highest is refused", packages: { "a 1": "Depends: b, c", "b 1": "", "b 2": "", "c 1": "Depends: b (<< 2)" }, want: "a 1, b 1, c 1" },
    { name: "takes the first alternative", packages: { "a 1": "Depends: b | c", "b 1": "", "c 1": "" }, want: "a 1, b 1" },
    { name: "takes the alternative that is needed anyway", packages: { "a 1": "Depends: b | c, d", "b 1": "", "c 1": "", "d 1": "Depends: c" }, want: "a 1, c 1, d 1" },
    { name: "takes the second alternative when the first is not there", packages: { "a 1": "Depends: b (>= 2) | c", "b 1": "", "c 1": "" }, want: "a 1, c 1" },
    { name: "goes back when an alternative cannot be met further down", packages: { "a 1": "Depends: b | c", "b 1": "Depends: d", "d 1": "Depends: nowhere", "c 1": "" }, want: "a 1, c 1" },
    { name: "prefers a package to those that provide its name", packages: { "a 1": "Depends: v", "p 1": "Provides: v", "v 1": "" }, want: "a 1, v 1" },
    { name: "takes what a Debian system has anyway of several that provide", packages: { "a 1": "Depends: awk", "gawk 1": "Provides: awk; Priority: optional", "mawk 1": "Provides: awk; Priority: required" }, want: "a 1, mawk 1" },
    { name: "takes what needs least of several that provide", packages: { "a 1": "Depends: v", "b 1": "Provides: v; Depends: x, y", "c 1": "Provides: v; Depends: x", "d 1": "Provides: v; Depends: x", "x 1": "", "y 1": "" }, want: "a 1, c 1, x 1" },
    { name: "takes a wanted package for a virtual one", packages: { "a 1": "Depends: awk", "gawk 1": "Provides: awk", "mawk 1": "Provides: awk; Priority: required" }, request: { names: ["a", "gawk"] }, want: "a 1, gawk 1" },
    { name: "takes the only provider of a wanted virtual package", packages: { "b 1": "Provides: a", "c 1": "Provides: a; Architecture: arm64" }, want: "b 1" },
    { name: "meets a version by a versioned Provides", packages: { "a 1": "Depends: v (>= 1)", "p 9": "Provides: v (= 2)" }, want: "a 1, p 9" },
    { name: "does not meet a version by a Provides without one", packages: { "a 1": "Depends: v (>= 1) | b", "p 9": "Provides: v", "b 1": "" }, want: "a 1, b 1" },
    { name: "keeps packages apart that conflict", packages: { "a 1": "Depends: b | c, d", "b 1": "Conflicts: d", "c 1": "", "d 1": "" }, want: "a 1, c 1, d 1" },
    { name: "lets a package conflict with the virtual package that it provides", packages: { "a 1": "Provides: mta; Conflicts: mta" }, want: "a 1" },
    { name: "keeps apart what one breaks of a virtual package", packages: { "a 1": "Depends: c | d, b", "b 1": "Breaks: v", "c 1": "Provides: v", "d 1": "" }, want: "a 1, b 1, d 1" },
    { name: "breaks only the versions that are named", packages: { "a 1": "Depends: b; Breaks: b (<< 2)", "b 1": "", "b 2": "" }, want: "a 1, b 2" },
    { name: "goes in circles", packages: { "a 1": "Depends: b", "b 1": "Depends: a (= 1)" }, want: "a 1, b 1" },
    { name: "meets :any by Multi-Arch: allowed only", packages: { "a 1": "Depends: b:any | c:any | d:any", "b 1": "", "c 1": "Multi-Arch: foreign", "d 1": "Multi-Arch: allowed" }, want: "a 1, d 1" },
    { name: "meets :any of a virtual package by who provides it so", packages: { "a 1": "Depends: v:any", "b 1": "Provides: v", "c 1": "Provides: v:any" }, want: "a 1, c 1" },
    { name: "meets its own architecture by name, and no other", packages: { "a 1": "Depends: b:arm64 | b:amd64", "b 1": "" }, want: "a 1, b 1" },
    { name: "takes packages of architecture all, and none of another", packages: { "a 1": "Depends: b", "b 1": "Architecture: all", "b 2": "Architecture: arm64" }, want: "a 1, b 1" },
    { name: "does not conflict with :any of a package that is not Multi-Arch: allowed", packages: { "a 1": "Depends: b; Breaks: b:any", "b 1": "" }, want: "a 1, b 1" },
    { name: "leaves out what is ignored, whichever alternative it is", packages: { "a 1": "Depends: b, c | b", "b 1": "", "c 1": "" }, request: { ignore: ["b"] }, want: "a 1" },
    { name: "takes what is wanted although it is ignored", packages: { "a 1": "Depends: b", "b 1": "" }, request: { names: ["a", "b"], ignore: ["b"] }, want: "a 1, b 1" },
    { name: "takes another alternative for what is excluded", packages: { "a 1": "Depends: b | c", "b 1": "", "c 1": "" }, request: { exclude: ["b"] }, want: "a 1, c 1" },
    { name: "gives wanted packages in the order of the request, each once", packages: { "a 1": "", "b 1": "Depends: a" }, request: { names: ["b", "a", "b"] }, want: "b 1, a 1" },
  ]; // prettier-ignore
  for (const row of rows) {
    it(row.name, () => assert.equal(resolve(row.packages, { names: ["a"], ...row.request }), row.want));
  }

  describe("A3: with packages that are there already", () => {
    const present = (text: Universe): ResolveRequest["present"] =>
      Object.keys(text).flatMap((id) => universe(text).named(id.split(" ")[0] ?? ""));
    const cases: readonly { name: string; packages: Universe; present: Universe; request?: Partial<ResolveRequest>; want: string }[] = [
      { name: "leaves them out", packages: { "a 1": "Depends: b", "b 2": "" }, present: { "b 1": "" }, request: { names: ["a", "b"] }, want: "a 1" },
      { name: "meets what they need, after what is wanted", packages: { "a 1": "", "p 1": "Depends: q", "q 1": "" }, present: { "b 1": "Depends: p" }, want: "a 1, p 1, q 1" },
      { name: "takes of their alternatives the one that is wanted", packages: { "a 1": "Depends: q", "p 1": "", "q 1": "" }, present: { "b 1": "Depends: p | q" }, want: "a 1, q 1" },
      { name: "leaves ignored needs of theirs open", packages: { "a 1": "Depends: q", "q 1": "" }, present: { "b 1": "Depends: p, r" }, request: { ignore: ["p", { package: "b", needs: ["r"] }] }, want: "a 1, q 1" },
      { name: "ignores the needs of one package for that one only", packages: { "a 1": "Depends: q, r", "q 1": "", "r 1": "Depends: q" }, present: { "b 1": "Depends: q" }, request: { ignore: [{ package: "b", needs: ["q"] }] }, want: "a 1, q 1, r 1" },
      { name: "meets their needs although nothing is wanted", packages: { "p 1": "" }, present: { "b 1": "Depends: p" }, request: { names: [] }, want: "p 1" },
    ]; // prettier-ignore
    for (const row of cases)
      it(row.name, () =>
        assert.equal(resolve(row.packages, { names: ["a"], present: present(row.present) ?? [], ...row.request }), row.want),
      );

    it("names the one whose need cannot be met", () => {
      assert.throws(() => resolve({ "a 1": "" }, { names: ["a"], present: present({ "b 1": "Depends: nowhere" }) ?? [] }), {
        code: "DEBIAN_DEPENDENCY",
        message: 'Cannot install package "b" with what it needs: b → nowhere: no source has nowhere',
      });
    });
  });

  describe("A8: with constraints on versions", () => {
    const packages = { "a 1": "", "a 2": "", "a 3": "", "b 1": "Depends: a" };
    const older = { a: [{ operator: "<<", version: "3" }] } as const;
    it("takes the highest that is allowed, also of what is needed", () => {
      assert.equal(resolve(packages, { names: ["a"], versions: older }), "a 2");
      assert.equal(resolve(packages, { names: ["b"], versions: older }), "b 1, a 2");
    });
    it("says which versions there are", () => {
      assert.throws(() => resolve(packages, { names: ["b"], versions: { a: [{ operator: ">=", version: "4" }] } }), {
        message: 'Cannot install package "b" with what it needs: b → a: a 3 is not >= 4; a 2 is not >= 4; a 1 is not >= 4',
      });
    });
  });

  it("takes the first source's of equal versions", () => {
    const index = joinIndexes([universe({ "a 1": "Suite: bookworm" }), universe({ "a 1": "Suite: later" })]);
    assert.equal(resolvePackages(index, { names: ["a"], architecture: "amd64" }).packages[0]?.suite, "bookworm");
  });

  it("says why each package is there", () => {
    const index = universe({ "a 1": "Depends: b", "b 1": "Depends: c", "c 1": "", "d 1": "" });
    const { reasons } = resolvePackages(index, { names: ["d", "a"], architecture: "amd64" });
    assert.deepEqual([...reasons], [["d", ["d"]], ["a", ["a"]], ["b", ["a", "b"]], ["c", ["a", "b", "c"]]]); // prettier-ignore
  });

  const failures: readonly { name: string; packages: Universe; request?: Partial<ResolveRequest>; want: string }[] = [
    { name: "an unknown name, all of them", packages: {}, request: { names: ["x", "y"] }, want: 'Cannot find packages "x", "y": the indexes have no such package for amd64' },
    { name: "a virtual name with several providers", packages: { "c 1": "Provides: a", "b 1": "Provides: a" }, want: 'Cannot find package "a": the indexes have no such package for amd64; "a" is virtual and provided by b, c' },
    { name: "a version that no source has", packages: { "a 1": "Depends: b", "b 1": "Depends: libfoo1 (>= 2)", "libfoo1 1.4": "" }, want: 'Cannot install package "a" with what it needs: a → b → libfoo1 (>= 2): bookworm has libfoo1 1.4' },
    { name: "a package that no source has, with its alternatives", packages: { "a 1": "Depends: b | c (>= 2)", "c 1": "Suite: trixie" }, want: 'Cannot install package "a" with what it needs: a → b | c (>= 2): no source has b; trixie has c 1' },
    { name: "packages that conflict", packages: { "a 1": "Depends: b, c", "b 1": "", "c 1": "Conflicts: b" }, want: 'Cannot install package "a" with what it needs: a → c: c 1 conflicts with b 1, which is needed by a' },
    { name: "a package that a wanted one breaks", packages: { "a 1": "Breaks: b (<< 3)", "b 2": "" }, request: { names: ["a", "b"] }, want: 'Cannot install package "b" with what it needs: b: b 2 is in conflict with a 1, which is wanted' },
    { name: "two versions of one package", packages: { "a 1": "Depends: b (= 1), c", "b 1": "", "b 2": "", "c 1": "Depends: b (= 2)" }, want: 'Cannot install package "a" with what it needs: a → c → b (= 2): b 2 is not b 1, which is needed by a' },
    { name: "a need for what is excluded", packages: { "a 1": "Depends: b", "b 1": "" }, request: { exclude: ["b"] }, want: 'Cannot install package "a" with what it needs: a → b: b is excluded' },
    { name: "an older version that is present", packages: { "a 1": "Depends: b (>= 2)", "b 1": "", "b 2": "" }, request: { present: universe({ "b 1": "" }).named("b") }, want: 'Cannot install package "a" with what it needs: a → b (>= 2): b 2 is not b 1, which is there already' },
    { name: ":any of a package that is for one architecture", packages: { "a 1": "Depends: b:any", "b 1": "" }, want: 'Cannot install package "a" with what it needs: a → b:any: b 1 is not for other architectures (Multi-Arch: allowed)' },
  ]; // prettier-ignore
  for (const row of failures) {
    it(`refuses ${row.name}`, () => {
      assert.throws(() => resolve(row.packages, { names: ["a"], ...row.request }), { code: "DEBIAN_DEPENDENCY", message: row.want });
    });
  }
  it("A9: tells what a wrong name may have meant", () => {
    assert.throws(() => resolve({ "libpq5 1": "" }, { names: ["libpq6"] }), { code: "DEBIAN_DEPENDENCY", hint: 'Did you mean "libpq5"?' });
  });

  it("finds the way back to a decision made long before", () => {
    const between = Array.from({ length: 40 }, (_, at) => at);
    const packages: Record<string, string> = {
      "a 1": `Depends: x | y, ${between.map((at) => `m${at} | n${at}`).join(", ")}, last | also`,
      "x 1": "Conflicts: last, also",
      "y 1": "",
      "last 1": "",
      "also 1": "",
    };
    for (const at of between) Object.assign(packages, { [`m${at} 1`]: "", [`n${at} 1`]: "" });
    assert.match(resolve(packages, { names: ["a"] }), /, y 1$/);
  });
});
