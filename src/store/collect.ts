/**
 * The policy of the garbage collector: how much the cache may hold, and for how long. What was used least recently goes first. What images need does not
 * count, and what running processes use never goes.
 */
import { statfsSync } from "node:fs";
import type { Database } from "./database.ts";
import type { Layout } from "./layout.ts";
import { references } from "./references.ts";
import { storeSizes } from "./sizes.ts";
import type { CacheKind, GcPolicy } from "./types.ts";
import { refKey, type Usage } from "./usage.ts";

/** Spaces of records by kind; all others are layers, with what is known of them. */
const SOURCES = /^(?:http|git|git-tree|archive-context|npm-package|debian|distroless|file-digests|image\.origin)(?:[-.].*)?$/;

/** What a policy means now. */
interface Cut {
  /** Records of a space that were last used before this time go. Minus infinity: none. */
  readonly before: (space: string) => number;
  /** Is anything to be done at all? */
  readonly isDue: boolean;
  /** What was measured. */
  readonly sizes: ReadonlyMap<string, number>;
}

interface CutParts {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  readonly signal?: AbortSignal | undefined;
  /** Records used at or after this time stay. */
  readonly protectedSince: number;
}

/** What kind of thing a record is. */
export function kindOf(space: string): CacheKind {
  if (space === "cache-mount") return "mounts";
  return SOURCES.test(space) ? "sources" : "layers";
}

/** Works out what has to go. Measures what is new in the store. */
export async function cutFor(parts: CutParts, policy: GcPolicy): Promise<Cut> {
  const { layout, database, usage, signal } = parts;
  const nowMs = usage.now();
  const oldest = (space: string): number => nowMs - (policy.keepMs?.[kindOf(space)] ?? Infinity);
  const sizes = await storeSizes({ layout, database, nowMs, signal });
  const held = holding(database, sizes);
  const cap = Math.max(capFor(policy, held.cacheBytes, layout), policy.reservedBytes ?? 0);
  const rows = database.all("SELECT space, id, last_used FROM records ORDER BY last_used DESC").map((row) => ({
    space: database.textOf(row, "space"),
    id: database.textOf(row, "id"),
    lastUsed: database.numberOf(row, "last_used"),
  }));
  let bytes = held.add(usage.seen);
  let limit = -Infinity;
  let isDue = false;
  for (const { space, id, lastUsed } of rows) {
    const isProtected = lastUsed >= parts.protectedSince;
    if (!isProtected && lastUsed < oldest(space)) {
      isDue = true;
      continue;
    }
    bytes += held.add([refKey("record", space, id)]);
    if (isProtected || bytes <= cap) continue;
    limit = lastUsed + 1;
    break;
  }
  const isOver = isDue || Number.isFinite(limit) || held.cacheBytes > cap;
  return { before: (space) => Math.max(limit, oldest(space)), isDue: isOver, sizes };
}

/** What is added up. */
interface Holding {
  readonly imageBytes: number;
  /** All that no image needs. */
  readonly cacheBytes: number;
  /** What these keys need besides all that was added before, in bytes. */
  add(keys: Iterable<string>): number;
}

/** Adds up what records need, each blob and directory once; images come first. */
export function holding(database: Database, sizes: ReadonlyMap<string, number>): Holding {
  const { fromImages, byRecord } = references(database);
  const reached = new Set<string>();
  const add = (keys: Iterable<string>): number => {
    const pending = [...keys];
    let bytes = 0;
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      if (reached.has(key)) continue;
      reached.add(key);
      bytes += sizes.get(key) ?? 0;
      pending.push(...(byRecord.get(key) ?? []));
    }
    return bytes;
  };
  const imageBytes = add(fromImages);
  let all = 0;
  for (const size of sizes.values()) all += size;
  return { imageBytes, cacheBytes: all - imageBytes, add };
}

function capFor({ maxUsedBytes = Infinity, minFreeBytes }: GcPolicy, cacheBytes: number, { root }: Layout): number {
  if (minFreeBytes === undefined) return maxUsedBytes;
  const { bavail, bsize } = statfsSync(root);
  const missing = minFreeBytes - bavail * bsize;
  return missing <= 0 ? maxUsedBytes : Math.min(maxUsedBytes, cacheBytes - missing);
}
