/** Who needs what: the graph that a prune marks. */
import type { Database } from "./database.ts";
import { refKey } from "./usage.ts";

/** Keys as `refKey` makes them. */
interface References {
  /** What image names need. */
  readonly fromImages: readonly string[];
  /** What each record needs. */
  readonly byRecord: ReadonlyMap<string, readonly string[]>;
}

/** Reads all references. */
export function references(database: Database): References {
  const fromImages: string[] = [];
  const byRecord = new Map<string, string[]>();
  for (const row of database.all("SELECT owner, owner_space, owner_id, kind, space, id FROM refs")) {
    const to = `${database.textOf(row, "kind")}\0${database.textOf(row, "space")}\0${database.textOf(row, "id")}`;
    if (database.textOf(row, "owner") === "image") {
      fromImages.push(to);
      continue;
    }
    const owner = refKey("record", database.textOf(row, "owner_space"), database.textOf(row, "owner_id"));
    const needs = byRecord.get(owner);
    if (needs === undefined) byRecord.set(owner, [to]);
    else needs.push(to);
  }
  return { fromImages, byRecord };
}

/** The keys with all that they need. */
export function reach(byRecord: References["byRecord"], keys: Iterable<string>): Set<string> {
  const reached = new Set<string>(keys);
  // A set goes on through what is added meanwhile.
  for (const key of reached) for (const need of byRecord.get(key) ?? []) reached.add(need);
  return reached;
}
