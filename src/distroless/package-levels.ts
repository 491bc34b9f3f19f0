/** What each package of a base is there for, and where in the chain of recipes it belongs. Pure. */
import type { BinaryPackage } from "../debian/index.ts";
import type { PackageRole } from "./package-share.ts";
import type { Recipe } from "./recipe.ts";

/** A package with its place. */
export interface Placed {
  readonly binary: BinaryPackage;
  readonly role: PackageRole;
  /** Position in the chain: levels of documents, then packages taken in parts, then levels of the variant, then busybox. */
  readonly level: number;
}

/** `packages` come level by level, what a level names before what that needs. */
export function levelsOf(recipe: Recipe, packages: readonly BinaryPackage[]): Placed[] {
  const named = new Map<string, number>();
  // Levels of a variant are above what all variants share.
  const shared = recipe.levels.filter(({ name }) => !name.includes(":")).length;
  recipe.levels.forEach((level, at) => level.packages.forEach((name) => named.set(name, at < shared ? at : at + 1)));
  let current = 0;
  return packages.map((binary) => {
    const role = roleOf(recipe, binary.name, named.has(binary.name));
    if (role === "certificates") return { binary, role, level: 0 };
    if (role === "busybox") return { binary, role, level: recipe.levels.length + 3 };
    if (role === "part") return { binary, role, level: shared };
    current = Math.max(current, named.get(binary.name) ?? 0);
    return { binary, role, level: current };
  });
}

function roleOf(recipe: Recipe, name: string, isNamed: boolean): PackageRole {
  if (isNamed) return "whole";
  if (recipe.parts.some((part) => part.package === name)) return "part";
  if (recipe.certificates?.package === name) return "certificates";
  return recipe.busybox === name ? "busybox" : "whole";
}
