/** Random numbers from a seed: the same on every machine and for ever, so that a seed is a case. */

/** A source of choices. */
export interface Random {
  /** 0 ≤ n < `end`. */
  below(end: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** A value, each as likely as its weight says. */
  weighted<T>(values: readonly (readonly [weight: number, value: T])[]): T;
}

/** Starts the sequence of `seed` (mulberry32: a counter, then two rounds of mixing). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds begin alike otherwise.
  for (let round = 0; round < 4; round += 1) next();
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (values) => values[below(values.length)] ?? values[0],
    weighted(values) {
      let left = next() * values.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of values) {
        left -= weight;
        if (left < 0) return value;
      }
      const last = values.at(-1);
      if (last === undefined) throw new RangeError("nothing to choose from");
      return last[1];
    },
  };
}
