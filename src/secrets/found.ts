/** All secrets of a build as one search, over bytes and over streams. */
import { type KnownSecret, type Needle, needlesOf } from "./needles.ts";
import { createSearch } from "./search.ts";

/** A search that finds some secrets. */
export interface SecretSearch {
  /** What it looks for. */
  readonly needles: readonly Needle[];
  /** Bytes of the longest. */
  readonly longest: number;
  /** What is found in the bytes, of the needles that come first in the list. */
  readonly find: (bytes: Uint8Array) => Needle | undefined;
}

/** Makes it. The longest needles come first: one may be a part of another. */
export function searchFor(secrets: readonly KnownSecret[]): SecretSearch {
  const needles = needlesOf(secrets).needles.toSorted((a, b) => b.bytes.length - a.bytes.length);
  const search = createSearch(needles.map(({ bytes }) => bytes));
  return { needles, longest: needles[0]?.bytes.length ?? 0, find: (bytes) => needles[search(bytes)] };
}

/** What is found in a stream, also where it lies across two chunks. Reads no further then. */
export async function findInStream(search: SecretSearch, chunks: AsyncIterable<Uint8Array>): Promise<Needle | undefined> {
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([end, chunk]);
    const found = search.find(bytes);
    if (found !== undefined) return found;
    end = bytes.subarray(Math.max(0, bytes.length - search.longest + 1));
  }
  return undefined;
}
