/** Sets of characters, and the classes that Go's expressions have names for. */

/** Code points from the first to the second, both included. */
export type CodeRange = readonly [first: number, last: number];

/** The last code point. */
export const MAX_CODE = 0x10ffff;
const DIGITS: readonly CodeRange[] = [[48, 57]];
const WORD: readonly CodeRange[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: readonly CodeRange[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const UPPER: readonly CodeRange[] = [[65, 90]];
const LOWER: readonly CodeRange[] = [[97, 122]];
const CLASSES: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ["alnum", [[48, 57], ...UPPER, ...LOWER]],
  ["alpha", [...UPPER, ...LOWER]],
  ["ascii", [[0, 127]]],
  [
    "blank",
    [
      [9, 9],
      [32, 32],
    ],
  ],
  [
    "cntrl",
    [
      [0, 31],
      [127, 127],
    ],
  ],
  ["digit", DIGITS],
  ["graph", [[33, 126]]],
  ["lower", LOWER],
  ["print", [[32, 126]]],
  [
    "punct",
    [
      [33, 47],
      [58, 64],
      [91, 96],
      [123, 126],
    ],
  ],
  [
    "space",
    [
      [9, 13],
      [32, 32],
    ],
  ],
  ["upper", UPPER],
  ["word", WORD],
  [
    "xdigit",
    [
      [48, 57],
      [65, 70],
      [97, 102],
    ],
  ],
]);

/** All code points that are in none of `ranges`. */
export function inverted(ranges: readonly CodeRange[]): CodeRange[] {
  const found: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > next) found.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= MAX_CODE) found.push([next, MAX_CODE]);
  return found;
}

/** With the other case of ASCII letters: names of sources have no other letters. */
export function folded(ranges: readonly CodeRange[]): CodeRange[] {
  const both = (from: readonly CodeRange[], shift: number): CodeRange[] =>
    from.flatMap(([low, high]) =>
      ranges.flatMap(([first, last]): CodeRange[] => {
        const [start, end] = [Math.max(low, first), Math.min(high, last)];
        return start > end ? [] : [[start + shift, end + shift]];
      }),
    );
  return [...ranges, ...both(UPPER, 32), ...both(LOWER, -32)];
}

/** `[:name:]`; undefined where there is no such class. */
export function namedClass(name: string): readonly CodeRange[] | undefined {
  return CLASSES.get(name);
}

/** `\d`, `\D`, …; undefined for another character. */
export function classOf(char: string): readonly CodeRange[] | undefined {
  switch (char) {
    case "d":
      return DIGITS;
    case "D":
      return inverted(DIGITS);
    case "w":
      return WORD;
    case "W":
      return inverted(WORD);
    case "s":
      return SPACE;
    case "S":
      return inverted(SPACE);
    default:
      return undefined;
  }
}
