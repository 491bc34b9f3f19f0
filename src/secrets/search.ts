/**
 * Looks for many byte strings in one pass. A build with a few secrets has hundreds of forms to look for, and Buffer.includes goes through
 * all bytes for each of them.
 */

/** Gives the number of the first string of the list that is in `bytes`, or -1. */
type Search = (bytes: Uint8Array) => number;

const PAIRS = 0x1_00_00;

/** Makes a search for strings of two bytes or more. */
export function createSearch(strings: readonly Uint8Array[]): Search {
  /** By the first two bytes of a string: are there any, and which. */
  const begins = new Uint8Array(PAIRS);
  const numbers = new Map<number, number[]>();
  for (const [number, string] of strings.entries()) {
    const pair = (string[0] ?? 0) | ((string[1] ?? 0) << 8);
    begins[pair] = 1;
    const same = numbers.get(pair);
    if (same === undefined) numbers.set(pair, [number]);
    else same.push(number);
  }
  return (bytes) => {
    let found = -1;
    let previous = bytes[0] ?? 0;
    for (let at = 1; at < bytes.length; at += 1) {
      const current = bytes[at] ?? 0;
      const pair = previous | (current << 8);
      previous = current;
      if (begins[pair] === 0) continue;
      for (const number of numbers.get(pair) ?? []) {
        if (found >= 0 && number >= found) break;
        if (isAt(bytes, at - 1, strings[number])) found = number;
      }
      if (found === 0) break;
    }
    return found;
  };
}

function isAt(bytes: Uint8Array, from: number, string: Uint8Array | undefined): boolean {
  if (string === undefined || from + string.length > bytes.length) return false;
  // The first two are known to be the same.
  for (let at = 2; at < string.length; at += 1) if (bytes[from + at] !== string[at]) return false;
  return true;
}
