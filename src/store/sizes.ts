/**
 * What everything in a store takes on the disk. Directories that never change are measured once, and their size is kept beside them: so a collector may
 * look after every step of a build.
 */
import { lstatSync } from "node:fs";
import type { Database } from "./database.ts";
import { diskBytes, list } from "./kept-bytes.ts";
import type { Layout } from "./layout.ts";
import { refKey } from "./usage.ts";

/** Spaces whose directories change in their place. */
const CHANGING = new Set(["cache-mount", "git"]);
/** One that nobody has used for so long before it was measured is as it was then. */
const QUIET_MS = 24 * 60 * 60 * 1000;

/** Bytes of blobs and directories, by `refKey`. */
export async function storeSizes({
  layout,
  database,
  nowMs,
  signal,
}: {
  readonly layout: Layout;
  readonly database: Database;
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
}): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const algorithm of list(layout.blobs))
    for (const hex of list(`${layout.blobs}/${algorithm}`)) {
      const found = lstatSync(`${layout.blobs}/${algorithm}/${hex}`, { throwIfNoEntry: false });
      if (found !== undefined) sizes.set(refKey("blob", "", `${algorithm}:${hex}`), found.size);
    }
  for (const space of list(layout.dirs))
    for (const id of list(`${layout.dirs}/${space}`)) {
      const known = knownBytes(database, space, id);
      const bytes = known ?? (await diskBytes(`${layout.dirs}/${space}/${id}`, signal));
      sizes.set(refKey("dir", space, id), bytes);
      if (known === undefined && !database.readOnly)
        database.run("UPDATE dirs SET bytes = ?, measured_at = ? WHERE space = ? AND id = ?", bytes, nowMs, space, id);
    }
  return sizes;
}

function knownBytes(database: Database, space: string, id: string): number | undefined {
  const row = database.get("SELECT bytes, measured_at, last_used FROM dirs WHERE space = ? AND id = ?", space, id);
  if (row === undefined || row["bytes"] === null) return undefined;
  const isSame = !CHANGING.has(space) || database.numberOf(row, "last_used") + QUIET_MS < database.numberOf(row, "measured_at");
  return isSame ? database.numberOf(row, "bytes") : undefined;
}
