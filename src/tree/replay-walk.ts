/** Paths of an archive in what was replayed of it so far: symlinks are followed inside of it (rule S129). */
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import { linksTooLong, tarError } from "./errors.ts";
import type { RawRecords } from "./index-format.ts";
import { KIND_CODE } from "./index-format.ts";
import { MAX_LINKS, kindOf, linkOf } from "./index-records.ts";
import { ROOT_NODE } from "./path-nodes.ts";
import type { PathTable } from "./path-table.ts";

/** A place that a path leads to; no node: nothing is there. */
interface Place {
  readonly node: number | undefined;
  readonly path: () => TreePath;
}

/** Follows paths. */
export interface ReplayWalk {
  /** The directory at a path, symlinks followed; made where it is missing. */
  directory(path: TreePath): number;
  /** What is at a path, symlinks but the last one followed. */
  find(path: TreePath): Place;
  /** Names of what is remembered may mean something else now. */
  forget(): void;
}

/** Bytes of symlink targets that may be followed: so many in any case, and so many more for each record. */
const FREE_BYTES = 64 * 1024 * 1024;
const BYTES_PER_RECORD = 1024;
const DOT = 46;

/** Walks in `table`, whose first column has the record (and 1) at a name. */
export function createReplayWalk(raw: RawRecords, table: PathTable): ReplayWalk {
  let known: { readonly path: TreePath; readonly node: number } | undefined;
  let bytesLeft = FREE_BYTES + raw.count * BYTES_PER_RECORD;

  const take = (bytes: number): void => {
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw linksTooLong(raw.count);
  };

  /** `make`: missing parts come into being, and the last symlink is followed. */
  const follow = (path: TreePath, make: boolean): Place => {
    /** What is there, and what is not, of the path so far. */
    const nodes: number[] = [];
    const missing: string[] = [];
    const texts = createParts(path);
    let links = 0;
    for (let part = texts.next(); part !== undefined; part = texts.next()) {
      const { text, start, end } = part;
      if (end - start === 2 && text.charCodeAt(start) === DOT && text.charCodeAt(start + 1) === DOT) {
        if (missing.pop() === undefined) nodes.pop();
        continue;
      }
      if (missing.length > 0) {
        missing.push(text.slice(start, end));
        continue;
      }
      const parent = nodes.at(-1) ?? ROOT_NODE;
      const node = make ? table.makeChild(parent, text, start, end) : table.child(parent, text, start, end);
      if (node === ROOT_NODE) {
        missing.push(text.slice(start, end));
        continue;
      }
      const record = table.get(node, 0) - 1;
      const kind = record < 0 ? undefined : kindOf(raw, record);
      const isLast = !make && texts.isAtEnd();
      if (kind === KIND_CODE.symlink && !isLast) {
        links += 1;
        if (links > MAX_LINKS) throw tarError("its symlinks lead round in circles", path);
        const target = linkOf(raw, record);
        take(target.length);
        if (target.startsWith("/")) nodes.length = 0;
        texts.push(target);
        continue;
      }
      if (kind !== undefined && kind !== KIND_CODE.dir && !isLast) throw tarError("the entry above it is not a directory", path);
      nodes.push(node);
    }
    const last = nodes.at(-1) ?? ROOT_NODE;
    return {
      node: missing.length > 0 ? undefined : last,
      path: () => [...(last === ROOT_NODE ? [] : [table.path(last)]), ...missing].join("/") as TreePath,
    };
  };

  return {
    directory(path) {
      if (path === ROOT) return ROOT_NODE;
      if (known?.path === path) return known.node;
      const node = follow(path, true).node ?? ROOT_NODE;
      known = { path, node };
      return node;
    },
    find: (path) => follow(path, false),
    forget() {
      known = undefined;
    },
  };
}

interface Part {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Parts {
  /** The next part that is not empty and no ".". */
  next(): Part | undefined;
  /** What comes before the rest. */
  push(text: string): void;
  /** Nothing at all comes any more, not even a slash. */
  isAtEnd(): boolean;
}

/** The parts of a path, and of the targets that are put before its rest. */
function createParts(path: string): Parts {
  const texts = [{ text: path, at: 0 }];
  const drop = (): void => {
    for (let top = texts.at(-1); top !== undefined && top.at >= top.text.length; top = texts.at(-1)) texts.pop();
  };
  return {
    next() {
      for (let top = texts.at(-1); top !== undefined; top = texts.at(-1)) {
        const { text, at: start } = top;
        if (start >= text.length) {
          texts.pop();
          continue;
        }
        const slash = text.indexOf("/", start);
        const end = slash < 0 ? text.length : slash;
        // A slash at the very end is a part that is empty.
        top.at = slash < 0 ? end : end + 1;
        if (end > start && !(end - start === 1 && text.charCodeAt(start) === DOT)) {
          top.at = end;
          return { text, start, end };
        }
      }
      return undefined;
    },
    push(text) {
      drop();
      texts.push({ text, at: 0 });
    },
    isAtEnd: () => texts.every(({ text, at }) => at >= text.length),
  };
}
