/** Which packages of an inventory need which others of it, by each package manager's own rules. Pure. */
import { parentOf, type TreePath } from "../paths.ts";
import type { InventoryPackage } from "./types.ts";

/** What each package needs of the inventory, in its order; packages that need nothing are left out. */
type Dependencies = ReadonlyMap<InventoryPackage, readonly InventoryPackage[]>;

/** Resolves `requires` against what is there. Needs that nothing here meets are left out: the documents say what is, not what is missing. */
export function dependenciesOf(packages: readonly InventoryPackage[]): Dependencies {
  const byName = new Map<string, InventoryPackage>();
  const byFolder = new Map<TreePath, InventoryPackage>();
  const modules = new Map<TreePath, InventoryPackage[]>();
  for (const one of packages) {
    for (const name of [one.name, ...one.provides]) if (!byName.has(`${one.kind} ${name}`)) byName.set(`${one.kind} ${name}`, one);
    if (one.kind === "npm") byFolder.set(parentOf(one.location), one);
    if (one.kind === "golang") modules.set(one.location, [...(modules.get(one.location) ?? []), one]);
  }
  const found = new Map<InventoryPackage, readonly InventoryPackage[]>();
  for (const one of packages) {
    const needs = new Set<InventoryPackage>();
    for (const alternatives of one.requires) {
      for (const name of alternatives) {
        const met = one.kind === "npm" ? nodeModule(parentOf(one.location), name, byFolder) : byName.get(`${one.kind} ${name}`);
        if (met === undefined) continue;
        if (met !== one) needs.add(met);
        break;
      }
    }
    // The program's own module is the one that has the file.
    if (one.kind === "golang" && one.files.length > 0)
      for (const other of modules.get(one.location) ?? []) if (other !== one) needs.add(other);
    if (needs.size > 0) found.set(one, [...needs]);
  }
  return found;
}

/** As require() looks: in the package's own node_modules, then in those of the folders above. */
function nodeModule(folder: TreePath, name: string, byFolder: ReadonlyMap<TreePath, InventoryPackage>): InventoryPackage | undefined {
  const parts = folder === "" ? [] : folder.split("/");
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    if (parts[depth - 1] === "node_modules") continue;
    // Joined parts of a path and a name of one or two parts are a path.
    const found = byFolder.get([...parts.slice(0, depth), "node_modules", name].join("/") as TreePath);
    if (found !== undefined) return found;
  }
  return undefined;
}
