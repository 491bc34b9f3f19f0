/** All secrets of a build as one search, over bytes and over streams. */
import { type KnownSecret, type Needle, needlesOf } from "./needles.ts";
import { createSearch } from "./search.ts";

/** A search that finds some secrets. */
export interface SecretSearch {
  /** What it looks for, the longest first: one may be a part of another. */
  readonly longestFirst: readonly Needle[];
  /** Bytes of the longest; 0: there is nothing to look for. */
  readonly longest: number;
  /** Ids of secrets that are too short or too plain to be looked for. */
  readonly tooPlain: readonly string[];
  /** What is found in the bytes; of several, by the order of the secrets and of their forms. */
  readonly find: (bytes: Uint8Array) => Needle | undefined;
}

/** Makes it. */
export function searchFor(secrets: readonly KnownSecret[]): SecretSearch {
  const { needles, tooPlain } = needlesOf(secrets);
  const longestFirst = needles.toSorted((a, b) => b.bytes.length - a.bytes.length);
  const search = createSearch(needles.map(({ bytes }) => bytes));
  return { longestFirst, longest: longestFirst[0]?.bytes.length ?? 0, tooPlain, find: (bytes) => needles[search(bytes)] };
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
