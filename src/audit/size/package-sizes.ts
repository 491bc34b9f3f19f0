/** Bytes by package, as the inventory says whose a file is. */
import type { TreePath } from "../../paths.ts";
import type { Inventory } from "../../sbom/index.ts";
import type { SubjectFiles } from "../files.ts";

/** What one package takes. */
interface PackageSize {
  /** "deb", "npm" … */
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  readonly files: number;
  readonly bytes: number;
}

/** All packages, and what no package owns. */
export interface PackageSizes {
  /** Largest first. */
  readonly packages: readonly PackageSize[];
  /** Bytes of files that no package knows. */
  readonly otherBytes: number;
}

/** Sums the files of each package; a file of two packages counts for the first. */
export function packageSizes({ packages }: Inventory, files: SubjectFiles): PackageSizes {
  const sizes = new Map<TreePath, number>();
  for (const entry of files.entries) if (entry.kind === "file" && !files.isFurtherName(entry)) sizes.set(entry.path, entry.size);
  const found = packages.map((one): PackageSize => {
    let bytes = 0;
    let count = 0;
    for (const path of one.files) {
      const size = sizes.get(path);
      if (size === undefined) continue;
      sizes.delete(path);
      bytes += size;
      count += 1;
    }
    return { kind: one.kind, name: one.name, version: one.version, files: count, bytes };
  });
  let otherBytes = 0;
  for (const size of sizes.values()) otherBytes += size;
  return { packages: found.sort((a, b) => b.bytes - a.bytes), otherBytes };
}
