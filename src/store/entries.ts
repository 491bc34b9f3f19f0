/** What takes room in a store, record by record: for who lists the cache. */
import { holding, kindOf } from "./collect.ts";
import type { Database } from "./database.ts";
import type { Layout } from "./layout.ts";
import { inUseSince, type Presence } from "./presence.ts";
import { storeSizes } from "./sizes.ts";
import type { Store, StoreEntries, StoreEntry } from "./types.ts";
import { refKey, type Usage } from "./usage.ts";

/** What a store is made of. */
interface EntryParts {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  readonly presence: Presence | undefined;
}

/** See `Store.entries`. */
export async function storeEntries(
  { layout, database, usage, presence }: EntryParts,
  { valuesOf = [], signal }: NonNullable<Parameters<Store["entries"]>[0]> = {},
): Promise<StoreEntries> {
  const sizes = await storeSizes({ layout, database, nowMs: usage.now(), signal });
  const held = holding(database, sizes);
  const usedSince = inUseSince(layout.tmp, presence?.id);
  const records: StoreEntry[] = [];
  let used = 0;
  for (const row of database.all("SELECT space, id, last_used FROM records ORDER BY last_used DESC, space, id")) {
    const [space, id, lastUsed] = [database.textOf(row, "space"), database.textOf(row, "id"), database.numberOf(row, "last_used")];
    const bytes = held.add([refKey("record", space, id)]);
    used += bytes;
    if (bytes === 0) continue;
    const value = valuesOf.includes(space) ? valueOf(database, space, id) : undefined;
    records.push({ space, id, kind: kindOf(space), bytes, lastUsed, isInUse: lastUsed >= usedSince, value });
  }
  return { imageBytes: held.imageBytes, unusedBytes: held.cacheBytes - used, records };
}

/** Read as it is: looking at the cache must not make it look used. */
function valueOf(database: Database, space: string, id: string): unknown {
  const row = database.get("SELECT value FROM records WHERE space = ? AND id = ?", space, id);
  return row === undefined ? undefined : JSON.parse(database.textOf(row, "value"));
}
