/** Packages as values: an index of a few of them, for tests of choosing. */
import { type BinaryPackage, toBinaryPackage } from "../../src/debian/binary-package.ts";
import type { PackageIndex } from "../../src/debian/package-index.ts";

/** "name version" → fields of its paragraph, "Depends: b | c; Suite: trixie". Suite is "bookworm" and Architecture "amd64" unless told. */
export type Universe = Readonly<Record<string, string>>;

/** The index of such packages, in their order. */
export function universe(packages: Universe): PackageIndex {
  return indexOf(Object.entries(packages).map(([id, fields]) => packageOf(id, fields)));
}

/** An index of packages at hand. */
export function indexOf(packages: readonly BinaryPackage[]): PackageIndex {
  return {
    named: (name) => packages.filter((one) => one.name === name),
    names: () => packages.map((one) => one.name),
    providing: (name) => [
      ...new Set(
        packages
          .filter(({ provides = "" }) => provides.split(",").some((one) => one.trim().split(/[ :(]/)[0] === name))
          .map((one) => one.name),
      ),
    ],
  };
}

function packageOf(id: string, text: string): BinaryPackage {
  const [name = "", version = ""] = id.split(" ");
  const fields = new Map([
    ["package", name],
    ["version", version],
    ["architecture", "amd64"],
    ["filename", `pool/${name}_${version}.deb`],
    ["size", "1"],
    ["sha256", "a".repeat(64)],
  ]);
  for (const field of text.split(";")) {
    const colon = field.indexOf(":");
    if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim());
  }
  return toBinaryPackage(fields, { uri: "http://a", suite: fields.get("suite") ?? "bookworm" }, "t");
}
