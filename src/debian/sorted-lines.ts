/**
 * A table of text, made once and looked up many times: lines "key TAB value" in the order of their keys' bytes, found by halving. The file is
 * the table: opening it is reading it. Keys come several times where they have several values. Pure.
 */

/** An open table. */
export interface SortedLines {
  /** The values of a key in the order in which they were given. */
  get(key: string): string[];
  /** All keys in their order, each as often as it has values. */
  keys(): IteratorObject<string>;
}

const NEWLINE = 10;
const TAB = 9;

/** Makes the bytes of a table. Text is one byte per character (latin1); line breaks in values, and tabs in keys, become spaces. */
export function formatSortedLines(lines: Iterable<readonly [key: string, value: string]>): Buffer {
  const rows = Array.from(lines, ([key, value]) => [key.replaceAll(/[\t\n]/g, " "), value.replaceAll("\n", " ")] as const);
  // A stable sort: the values of one key stay in order.
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Buffer.from(rows.map(([key, value]) => `${key}\t${value}\n`).join(""), "latin1");
}

/** Opens the bytes that `formatSortedLines` made. */
export function openSortedLines(bytes: Buffer): SortedLines {
  return {
    get(key) {
      const wanted = Buffer.from(`${key}\t`, "latin1");
      const values: string[] = [];
      for (let at = firstAt(bytes, wanted); at < bytes.length && startsWith(bytes, at, wanted);) {
        const end = lineEnd(bytes, at);
        values.push(bytes.toString("latin1", at + wanted.length, end));
        at = end + 1;
      }
      return values;
    },
    *keys() {
      for (let at = 0; at < bytes.length; at = lineEnd(bytes, at) + 1) yield bytes.toString("latin1", at, bytes.indexOf(TAB, at));
    },
  };
}

/** Where the first line is whose key is not below `wanted`, a key and its tab. */
function firstAt(bytes: Buffer, wanted: Buffer): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const start = middle === 0 ? 0 : bytes.lastIndexOf(NEWLINE, middle - 1) + 1;
    const end = lineEnd(bytes, start);
    if (compareKey(bytes, start, end, wanted) < 0) low = end + 1;
    else high = start;
  }
  return low;
}

function compareKey(bytes: Buffer, start: number, end: number, wanted: Buffer): number {
  const tab = bytes.indexOf(TAB, start);
  const keyEnd = tab < 0 || tab > end ? end : tab;
  return bytes.compare(wanted, 0, wanted.length - 1, start, keyEnd);
}

function startsWith(bytes: Buffer, at: number, wanted: Buffer): boolean {
  return bytes.compare(wanted, 0, wanted.length, at, Math.min(at + wanted.length, bytes.length)) === 0;
}

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end;
}
