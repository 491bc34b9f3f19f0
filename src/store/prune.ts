/**
 * The garbage collector: mark what image names and kept records need, sweep the rest. Other processes may build meanwhile. What they use
 * is safe, because they say so: they are known by their presence, blobs and directories have use times (`usage.ts`), and a record that is
 * about to go is marked first, so that its reader can save it.
 */
import { statSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isDigest } from "../digest.ts";
import { cutFor } from "./collect.ts";
import type { Database } from "./database.ts";
import { openedReadOnly, writeFailure } from "./errors.ts";
import { keptBytes, list } from "./kept-bytes.ts";
import type { Layout } from "./layout.ts";
import { announcedIsOver, inUseSince, neighbours, type Presence, USES } from "./presence.ts";
import { sweepPartialBlobs } from "./partial-blobs.ts";
import { storeSizes } from "./sizes.ts";
import type { TrackedRecords } from "./records.ts";
import { reach, references } from "./references.ts";
import { removeTree } from "./remove-tree.ts";
import type { Locks, PruneResult, Store } from "./types.ts";
import { latestOf, refKey, type Usage } from "./usage.ts";

/** What a prune works on. */
interface PruneParts {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  readonly records: TrackedRecords;
  readonly locks: Locks;
  /** Absent: open for reading only. */
  readonly presence: Presence | undefined;
}

type PruneOptions = NonNullable<Parameters<Store["prune"]>[0]>;

/** A living process writes down the records that it has read after one turn of its event loop; a stopped one never does. */
const SAVE_MS = 10_000;
/** The event loop lives on between two slices of this many blobs. */
const SLICE = 200;
/** For so long it is known what was removed. */
const EVICTIONS_MS = 30 * 24 * 60 * 60 * 1000;

/** See `Store.prune`. */
export async function prune(parts: PruneParts, options: PruneOptions = {}): Promise<PruneResult> {
  const { layout, database, usage, presence, locks } = parts;
  const { signal } = options;
  if (presence === undefined) throw openedReadOnly("prune the store", layout.root);
  await using _ = await locks.acquire("prune", { signal });
  parts.records.flushUses();
  const { policy, only } = options;
  const work: Work = { ...parts, presence, only, signal };
  const cut = policy === undefined ? undefined : await cutFor({ ...work, protectedSince: protectedSinceOf(work) }, policy);
  if (cut?.isDue === false) return { blobs: 0, dirs: 0, records: 0, freedBytes: 0, kept: await keptBytes({ ...work, sizes: cut.sizes }) };
  const limitOf = (space: string): number => Math.min(cut?.before(space) ?? Infinity, recordLimit(work, options));

  database.transaction(() => {
    const live = mark(work, limitOf);
    eachDeadRecord(work, live, (space, id) => database.run("UPDATE records SET doomed = 1 WHERE space = ? AND id = ?", space, id));
  });
  // After the marks: who has read a record before them has announced it, and who reads one from here on saves it.
  const saved = await announcedIsOver(layout.tmp, { kind: USES, ownId: presence.id, maxMs: SAVE_MS, signal });
  const protectedSince = Math.min(usage.startedAt, ...neighbours(layout.tmp, presence.id).map((other) => other.startedAt));

  let records = 0;
  const live = database.transaction(() => {
    if (!saved) database.run("UPDATE records SET doomed = 0 WHERE doomed = 1");
    const keep = mark(work, limitOf, "the unmarked too");
    const at = usage.now();
    eachDeadRecord(work, keep, (space, id) => {
      database.run("INSERT OR REPLACE INTO evictions VALUES (?, ?, ?)", space, id, at);
      records += database.run("DELETE FROM records WHERE space = ? AND id = ?", space, id);
      database.run("DELETE FROM refs WHERE owner = 'record' AND owner_space = ? AND owner_id = ?", space, id);
    });
    database.run("UPDATE records SET doomed = 0 WHERE doomed = 1");
    database.run("DELETE FROM evictions WHERE at < ?", usage.now() - EVICTIONS_MS);
    return keep;
  });

  const dirs = await sweepDirectories(work, live, protectedSince);
  const blobs = await sweepBlobs(work, live, protectedSince);
  // The next pull goes on with these; a policy, or a choice of records, says nothing of them.
  const partial = policy === undefined && only === undefined ? await sweepPartialBlobs(layout, locks) : { count: 0, freedBytes: 0 };
  if (options.keepHistory !== true) pruneHistory(work, options);
  await presence.emptyTrash(signal);
  const kept = await keptBytes({ ...work, sizes: cut === undefined ? undefined : await storeSizes({ ...work, nowMs: usage.now() }) });
  const freedBytes = blobs.freedBytes + partial.freedBytes + dirs.freedBytes;
  return { blobs: blobs.count + partial.count, dirs: dirs.count, records, freedBytes, kept };
}

interface Work extends PruneParts {
  readonly presence: Presence;
  readonly only: PruneOptions["only"];
  readonly signal?: AbortSignal | undefined;
}

/** Records used at or after this time stay, if they are needed or not. */
function recordLimit({ usage }: Work, { all, olderThanMs, policy }: PruneOptions): number {
  if (all === true) return Infinity;
  if (olderThanMs !== undefined) return usage.now() - olderThanMs;
  return policy === undefined ? -Infinity : Infinity;
}

/** Records used at or after this time may be in use now. */
function protectedSinceOf({ layout, usage, presence }: Work): number {
  return Math.min(usage.startedAt, inUseSince(layout.tmp, presence.id));
}

/**
 * Keys (`refKey`) of all that the roots need: images, records used since the limit of their space, and what this process has seen; at the end of a prune also
 * the records that it has not marked, which nobody was warned of.
 */
function mark(work: Work, limitOf: (space: string) => number, unmarked?: "the unmarked too"): Set<string> {
  const { database, usage, only } = work;
  const { fromImages, byRecord } = references(database);
  const inUse = protectedSinceOf(work);
  const limits = new Map<string, number>();
  const records: string[] = [];
  for (const row of database.all("SELECT space, id, last_used, doomed FROM records")) {
    const [space, id] = [database.textOf(row, "space"), database.textOf(row, "id")];
    const limit = limits.get(space) ?? Math.min(limitOf(space), inUse);
    limits.set(space, limit);
    const stays = database.numberOf(row, "last_used") >= limit || only?.(space, id) === false;
    if (stays || (unmarked !== undefined && database.numberOf(row, "doomed") === 0)) records.push(refKey("record", space, id));
  }
  return reach(byRecord, [...usage.seen, ...fromImages, ...records]);
}

function eachDeadRecord({ database }: Work, live: ReadonlySet<string>, action: (space: string, id: string) => void): void {
  for (const row of database.all("SELECT space, id FROM records")) {
    const [space, id] = [database.textOf(row, "space"), database.textOf(row, "id")];
    if (!live.has(refKey("record", space, id))) action(space, id);
  }
}

interface Swept {
  readonly count: number;
  readonly freedBytes: number;
}

async function sweepDirectories(work: Work, live: ReadonlySet<string>, protectedSince: number): Promise<Swept> {
  const { layout, database, presence, signal } = work;
  let count = 0;
  let freedBytes = 0;
  for (const space of list(layout.dirs)) {
    for (const id of list(`${layout.dirs}/${space}`)) {
      signal?.throwIfAborted();
      if (live.has(refKey("dir", space, id))) continue;
      // With the write lock: who finds it at the same time either has said so before, or finds it gone.
      const path = database.transaction(() => {
        const row = database.get("SELECT last_used FROM dirs WHERE space = ? AND id = ?", space, id);
        if (row !== undefined && database.numberOf(row, "last_used") >= protectedSince) return undefined;
        database.run("DELETE FROM dirs WHERE space = ? AND id = ?", space, id);
        return presence.discard(`${layout.dirs}/${space}/${id}`);
      });
      if (path === undefined) continue;
      count += 1;
      freedBytes += await removeTree(path, { measure: true, signal });
    }
  }
  return { count, freedBytes };
}

async function sweepBlobs({ layout, database, signal }: Work, live: ReadonlySet<string>, protectedSince: number): Promise<Swept> {
  let count = 0;
  let freedBytes = 0;
  for (const algorithm of list(layout.blobs)) {
    for (const hex of list(`${layout.blobs}/${algorithm}`)) {
      signal?.throwIfAborted();
      if (live.has(refKey("blob", "", `${algorithm}:${hex}`)) || !isDigest(`${algorithm}:${hex}`)) continue;
      const path = `${layout.blobs}/${algorithm}/${hex}`;
      const before = statSync(path, { throwIfNoEntry: false });
      if (before === undefined || latestOf(before.mtimeMs) >= protectedSince) continue;
      if (!removeUnused(database, path, protectedSince)) continue;
      freedBytes += before.size;
      count += 1;
      if (count % SLICE === 0) await setImmediate();
    }
  }
  return { count, freedBytes };
}

/** False when it is in use after all, or gone. With the write lock, as whoever uses or publishes a blob has it. */
function removeUnused(database: Database, path: string, protectedSince: number): boolean {
  return database.transaction(() => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now === undefined || latestOf(now.mtimeMs) >= protectedSince) return false;
    try {
      unlinkSync(path);
    } catch (error) {
      throw writeFailure(error, "prune the store", path);
    }
    return true;
  });
}

function pruneHistory({ layout, database, usage, presence }: Work, { all, olderThanMs }: PruneOptions): void {
  const limit = all === true ? usage.startedAt : usage.now() - (olderThanMs ?? Infinity);
  if (!Number.isFinite(limit)) return;
  for (const row of database.all("SELECT id FROM builds WHERE finished_at < ? AND pinned = 0", limit)) {
    const id = database.textOf(row, "id");
    // In this order: logs that no build has would stay for ever.
    presence.discard(`${layout.logs}/${id}`);
    database.run("DELETE FROM builds WHERE id = ?", id);
  }
}
