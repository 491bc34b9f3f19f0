/** Files with the same content under different paths that are not hard links of each other. */
import { createHasher, type Digest } from "../../digest.ts";
import { displayPath, type TreePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { SubjectFiles } from "../files.ts";

/** One content that is there several times. */
interface Duplicate {
  /** Bytes of one copy. */
  readonly bytes: number;
  /** Bytes of all copies but one. */
  readonly wastedBytes: number;
  /** How many copies there are. */
  readonly copies: number;
  /** At most ten of them, sorted. */
  readonly paths: readonly string[];
}

/** All of them in sum, and the most wasteful. */
export interface Duplicates {
  readonly wastedBytes: number;
  /** Most wasteful first. */
  readonly largest: readonly Duplicate[];
}

/** Below this, a copy costs less than telling of it. */
const MIN_BYTES = 4096;
const CHUNK = 1024 * 1024;
const MAX_SHOWN = 20;
const MAX_PATHS = 10;
/** What is read of a directory of the host, whose digests nobody knows. */
const MAX_HASHED_BYTES = 256 * 1024 * 1024;

/** Compares digests; where they are not known, only those of files of the same size, up to a sum. */
export async function findDuplicates(files: SubjectFiles, refused: ReadonlySet<TreePath>): Promise<Duplicates> {
  const bySize = new Map<number, Entry[]>();
  for (const entry of files.entries) {
    if (entry.kind !== "file" || entry.size < MIN_BYTES || files.isFurtherName(entry)) continue;
    const same = bySize.get(entry.size);
    if (same === undefined) bySize.set(entry.size, [entry]);
    else same.push(entry);
  }
  const found: Duplicate[] = [];
  let wastedBytes = 0;
  let hashed = 0;
  for (const [bytes, entries] of bySize) {
    if (entries.length < 2) continue;
    const byDigest = new Map<Digest, TreePath[]>();
    for (const entry of entries) {
      if (entry.digest === undefined) hashed += bytes;
      if (entry.digest === undefined && hashed > MAX_HASHED_BYTES) continue;
      const digest = entry.digest ?? (await contentDigest(entry, files, refused));
      if (digest === undefined) continue;
      const paths = byDigest.get(digest);
      if (paths === undefined) byDigest.set(digest, [entry.path]);
      else paths.push(entry.path);
    }
    for (const paths of byDigest.values()) {
      if (paths.length < 2) continue;
      const wasted = bytes * (paths.length - 1);
      wastedBytes += wasted;
      found.push({ bytes, wastedBytes: wasted, copies: paths.length, paths: paths.slice(0, MAX_PATHS).map(displayPath) });
    }
  }
  return { wastedBytes, largest: found.sort((a, b) => b.wastedBytes - a.wastedBytes).slice(0, MAX_SHOWN) };
}

/** Undefined for what the host does not let us read. */
async function contentDigest(entry: Entry, files: SubjectFiles, refused: ReadonlySet<TreePath>): Promise<Digest | undefined> {
  const hasher = createHasher();
  for (let offset = 0; offset < entry.size; offset += CHUNK) hasher.update(await files.bytes(entry, CHUNK, offset));
  return refused.has(entry.path) ? undefined : hasher.digest();
}
