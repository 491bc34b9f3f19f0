/** Did-you-mean: the candidate that is fewest edits away. */

const MAX_EDITS = 2;
const MAX_LENGTH = 64;

/**
 * The candidate nearest to `word`, at most two edits (insert, delete, replace, swap neighbours) away and most of it the same, or undefined. Case is ignored; the answer is
 * in lower or upper case when `word` is. Gives undefined when `word` is one of the candidates.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let least = MAX_EDITS + 1;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    if (known === wanted) return undefined;
    if (Math.abs(known.length - wanted.length) >= least) continue;
    const edits = editDistance(wanted, known);
    // Two of three characters are not a typing mistake.
    if (edits < least && edits * 3 <= Math.max(known.length, wanted.length) + 1) {
      least = edits;
      best = candidate;
    }
  }
  if (best === undefined) return undefined;
  if (word === wanted) return best.toLowerCase();
  return word === word.toUpperCase() ? best.toUpperCase() : best;
}

/** "Did you mean X?" as the hint of an error, or undefined. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const match = suggest(word, candidates);
  return match === undefined ? undefined : `Did you mean ${match}?`;
}

/** Insertions, deletions, replacements, and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (beforePrevious[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(replace, swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
