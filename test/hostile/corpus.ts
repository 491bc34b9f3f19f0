/** The kept cases of a target: one file each, named by what it is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "corpus");

/** Reads them, in the order of their names. */
export function corpusOf(target: string): ReadonlyMap<string, Buffer> {
  const folder = join(FOLDER, target);
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}
