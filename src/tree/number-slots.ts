/** Finds numbers by a hash of what they stand for: a hash table with open addressing, 8 to 16 bytes a number. */

/** Numbers above 0, each added once. */
interface NumberSlots {
  /** The number that was added with this hash and that `isIt` takes, or 0. `isIt` sees others, too. */
  find(hash: number, isIt: (number: number) => boolean): number;
  /** Adds a number that is not here yet. */
  add(number: number): void;
}

const FIRST_SLOTS = 64;

/**
 * Starts with no number. `hashOf`: the hash of a number, a u32 that nobody outside can foresee. `isGone`: numbers that need not be found any more,
 * whose places are used anew when the table is full.
 */
export function createNumberSlots(hashOf: (number: number) => number, isGone?: (number: number) => boolean): NumberSlots {
  let slots = new Uint32Array(FIRST_SLOTS);
  let used = 0;

  const place = (number: number): void => {
    const mask = slots.length - 1;
    let slot = hashOf(number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = number;
  };
  return {
    find(hash, isIt) {
      const mask = slots.length - 1;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const number = slots[slot] ?? 0;
        if (number === 0 || isIt(number)) return number;
      }
    },
    add(number) {
      place(number);
      used += 1;
      if (used * 2 < slots.length) return;
      const left = isGone === undefined ? slots : slots.filter((each) => each !== 0 && !isGone(each));
      if (isGone !== undefined) used = left.length;
      slots = new Uint32Array(used * 4 < slots.length ? slots.length : slots.length * 2);
      for (const each of left) if (each !== 0) place(each);
    },
  };
}
