/** Small JSON values in the database, and what each of them needs. */
import { InternalError } from "../errors.ts";
import type { Database, Row } from "./database.ts";
import { databaseCorrupt } from "./errors.ts";
import { folderName } from "./layout.ts";
import { type Presence, USES } from "./presence.ts";
import type { Records, Ref } from "./types.ts";
import { refKey, type Usage } from "./usage.ts";

/** Records, with the use times that are not written yet. */
export interface TrackedRecords extends Records {
  /** Writes the use times now. A failure is not one of the caller: the times stay, for the next call. */
  flushUses(): void;
}

/** Opens the records of a database; without `presence`, for reading only. */
export function openRecords(database: Database, usage: Usage, presence: Presence | undefined): TrackedRecords {
  const uses = new Map<string, readonly [space: string, id: string]>();
  let announced: Disposable | undefined;
  let scheduled = false;
  const flushUses = (): void => {
    scheduled = false;
    if (database.readOnly) return;
    try {
      if (uses.size > 0)
        database.transaction(() => {
          for (const [space, id] of uses.values()) touch(database, usage, space, id);
        });
      uses.clear();
      announced?.[Symbol.dispose]();
      announced = undefined;
    } catch {
      // A lost use time lets a prune drop a cached result early; a build must not fail for it (a full disk, a long transaction elsewhere).
    }
  };
  /** One transaction for all reads of this turn of the event loop; a prune waits for it. */
  const announceUses = (): void => {
    if (scheduled) return;
    scheduled = true;
    try {
      announced ??= presence?.announce(USES);
    } catch {
      // As above: a build that only reads does not fail for a full disk.
    }
    setImmediate(() => {
      if (scheduled) flushUses();
    }).unref();
  };
  const read = (space: string, id: string): Row | undefined =>
    database.get("SELECT value, last_used, doomed FROM records WHERE space = ? AND id = ?", space, id);
  /** The row of a record whose use time is old. */
  const saved = (space: string, id: string): Row | undefined => {
    announceUses();
    // Read again: a prune that marks it from here on waits for us.
    const row = read(space, id);
    if (row === undefined) return undefined;
    // Marked already: it goes unless we say now that we use it.
    if (database.numberOf(row, "doomed") !== 0) return touch(database, usage, space, id) === 0 ? undefined : row;
    uses.set(refKey("record", space, id), [space, id]);
    return row;
  };
  return {
    get(space, id) {
      let row = read(space, id);
      if (row === undefined) return undefined;
      if (!database.readOnly) {
        if (database.numberOf(row, "doomed") !== 0 || usage.isStaleRecord(database.numberOf(row, "last_used"))) row = saved(space, id);
        if (row === undefined) return undefined;
        usage.see(refKey("record", space, id));
      }
      return parse(database, space, id, database.textOf(row, "value"));
    },
    put(space, id, value, refs = []) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new InternalError(`the value of record "${space}/${id}" is not JSON`);
      database.transaction(() => {
        database.run("INSERT OR REPLACE INTO records (space, id, last_used, value) VALUES (?, ?, ?, ?)", space, id, usage.now(), text);
        replaceRefs(database, { kind: "record", space, id }, refs);
      });
      usage.see(refKey("record", space, id));
    },
    delete(space, id) {
      database.transaction(() => {
        database.run("DELETE FROM records WHERE space = ? AND id = ?", space, id);
        replaceRefs(database, { kind: "record", space, id }, []);
      });
    },
    removedAt(space, id) {
      const row = database.get("SELECT at FROM evictions WHERE space = ? AND id = ?", space, id);
      return row === undefined ? undefined : database.numberOf(row, "at");
    },
    ids: (space) => database.all("SELECT id FROM records WHERE space = ?", space).map((row) => database.textOf(row, "id")),
    batch: (fn) => database.transaction(fn),
    flushUses,
  };
}

function touch(database: Database, usage: Usage, space: string, id: string): number {
  return database.run("UPDATE records SET last_used = ?, doomed = 0 WHERE space = ? AND id = ?", usage.now(), space, id);
}

function parse(database: Database, space: string, id: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw databaseCorrupt(database.path, `record "${space}/${id}" is not JSON`, error);
  }
}

/** Says anew what a record or an image (space "") needs. Part of the caller's transaction. */
export function replaceRefs(
  database: Database,
  owner: { readonly kind: "record" | "image"; readonly space: string; readonly id: string },
  refs: readonly Ref[],
): void {
  database.run("DELETE FROM refs WHERE owner = ? AND owner_space = ? AND owner_id = ?", owner.kind, owner.space, owner.id);
  for (const ref of refs) {
    const space = ref.kind === "blob" ? "" : ref.kind === "dir" ? folderName(ref.space) : ref.space;
    const id = ref.kind === "dir" ? folderName(ref.id) : ref.id;
    database.run("INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?, ?, ?)", owner.kind, owner.space, owner.id, ref.kind, space, id);
  }
}
