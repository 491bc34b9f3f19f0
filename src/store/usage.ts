/**
 * Who uses what: what this process has seen, and when a use time is old enough to be written anew. The garbage collector relies on it:
 * a blob or directory that a living process has looked at has a use time after that process's start, a record one of at most a minute before.
 */
import type { Ref } from "./types.ts";

/** Use times of records are exact to this, so that a build with nothing to do writes nothing. */
export const RECORD_GRAIN_MS: number = 60_000;

/** The uses of one open store. */
export interface Usage {
  readonly startedAt: number;
  now(): number;
  /** Everything that was read or made by this process, by `refKey`. */
  readonly seen: ReadonlySet<string>;
  see(key: string): void;
  /** Must a blob's or directory's use time be set anew? */
  isStale(lastUsed: number): boolean;
  /** Must a record's? */
  isStaleRecord(lastUsed: number): boolean;
}

/** A clock that stands still where the one of the machine is set back: else what a process uses would seem older than the process. */
export function neverBack(clock: () => number): () => number {
  let latest = -Infinity;
  return () => (latest = Math.max(latest, clock()));
}

/** How exactly file systems keep times, in milliseconds, the coarsest first: FAT, ext3 and NFSv2, exFAT. */
const GRAINS_MS = [2000, 1000, 10, 1] as const;

/** The latest instant that a file system may have cut to this time of a file: what was just used must not seem older than its user. */
export function latestOf(mtimeMs: number): number {
  const grain = GRAINS_MS.find((each) => mtimeMs % each === 0);
  return grain === undefined ? Math.ceil(mtimeMs) : mtimeMs + grain - 1;
}

/** Starts with nothing seen. */
export function createUsage(now: () => number): Usage {
  const startedAt = now();
  const seen = new Set<string>();
  return {
    startedAt,
    now,
    seen,
    see: (key) => void seen.add(key),
    isStale: (lastUsed) => lastUsed < startedAt || lastUsed < now() - RECORD_GRAIN_MS,
    isStaleRecord: (lastUsed) => lastUsed < now() - RECORD_GRAIN_MS,
  };
}

/** A key for sets of things of the store. */
export function refKey(kind: Ref["kind"], space: string, id: string): string {
  return `${kind}\0${space}\0${id}`;
}
