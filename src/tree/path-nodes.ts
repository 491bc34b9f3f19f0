/** Nodes in packed memory: for each its folder, its name and links to others, and a few numbers of the caller's. */
import { createGrowingBytes } from "./growing-bytes.ts";

/** The node of the root. No other node has it, so it also means "none". */
export const ROOT_NODE = 0;

/** Fields of a node, u32 each; the caller's columns follow. */
export const FOLDER = 0;
/** The hash of folder and name. */
export const HASH = 1;
const NAME_AT = 2;
const NAME_LENGTH = 3;
/** The child of the same folder that was made before it. */
export const NEXT = 4;
/** The folder that its children are in, or 0. */
export const OWN = 5;
/** The child that was made last. */
export const FIRST = 6;
/** Where the caller's columns begin. */
export const FIELDS = 7;

const MAX_BYTES = 2 ** 31;

/** The nodes that were made, by number. */
export interface PathNodes {
  readonly count: number;
  /** Makes a node without a name. */
  add(): number;
  /** Makes a node whose name is `text` from `start` to `end`. */
  addNamed(text: string, start: number, end: number): number;
  get(node: number, field: number): number;
  set(node: number, field: number, value: number): void;
  name(node: number): string;
  /** Is its name `text` from `start` to `end`? */
  isNamed(node: number, text: string, start: number, end: number): boolean;
  /** The order of the names' bytes. */
  compareNames(a: number, b: number): number;
}

/** Makes none. */
export function createPathNodes(columns: number): PathNodes {
  const width = FIELDS + columns;
  const nodes = createGrowingBytes(MAX_BYTES);
  const names = createGrowingBytes(MAX_BYTES);
  let count = 0;

  const get = (node: number, field: number): number => nodes.u32[node * width + field] ?? 0;
  const set = (node: number, field: number, value: number): void => {
    nodes.u32[node * width + field] = value;
  };
  const add = (): number => {
    nodes.reserve(width * 4);
    count += 1;
    return count - 1;
  };
  return {
    get count() {
      return count;
    },
    add,
    addNamed(text, start, end) {
      const node = add();
      const at = names.reserve(end - start);
      names.bytes.write(start === 0 && end === text.length ? text : text.slice(start, end), at, "latin1");
      set(node, NAME_AT, at);
      set(node, NAME_LENGTH, end - start);
      return node;
    },
    get,
    set,
    name(node) {
      const at = get(node, NAME_AT);
      return names.bytes.toString("latin1", at, at + get(node, NAME_LENGTH));
    },
    isNamed(node, text, start, end) {
      if (get(node, NAME_LENGTH) !== end - start) return false;
      const at = get(node, NAME_AT) - start;
      for (let index = start; index < end; index += 1) if (names.bytes[at + index] !== text.charCodeAt(index)) return false;
      return true;
    },
    compareNames(a, b) {
      const [atA, atB] = [get(a, NAME_AT), get(b, NAME_AT)];
      return names.bytes.compare(names.bytes, atB, atB + get(b, NAME_LENGTH), atA, atA + get(a, NAME_LENGTH));
    },
  };
}
