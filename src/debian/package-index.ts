/** What can be chosen from: packages by name and by what they provide, whichever files they are listed in. Pure. */
import type { BinaryPackage } from "./binary-package.ts";

/** Looks packages up. */
export interface PackageIndex {
  /** Every version of a package, of every architecture that is listed. */
  named(name: string): readonly BinaryPackage[];
  /** The names of the packages of which some version provides `name`. */
  providing(name: string): readonly string[];
  /** The names of all packages, in any order, some perhaps twice. For messages: it looks at everything. */
  names(): Iterable<string>;
}

/** Several indexes as one, in their order. */
export function joinIndexes(indexes: readonly PackageIndex[]): PackageIndex {
  return {
    named: (name) => indexes.flatMap((index) => index.named(name)),
    providing: (name) => [...new Set(indexes.flatMap((index) => index.providing(name)))],
    names: () => indexes.flatMap((index) => [...index.names()]),
  };
}
