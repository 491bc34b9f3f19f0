/** A file by positions, of which only some pages are in memory. For what is read mostly in order, now and then elsewhere. */
import { closeSync, readSync } from "node:fs";
import { InternalError } from "../errors.ts";

/** Bytes by position, wherever they are. */
export interface Span {
  /** Has what was asked for last. */
  readonly bytes: Buffer;
  /** Where so many bytes from `position` begin in `bytes`. */
  at(position: number, length: number): number;
}

/** The bytes of an open file. */
interface FilePages extends Disposable {
  /** Bytes from `start` on, with pages of its own. */
  span(start: number): Span;
}

const PAGE_BYTES = 64 * 1024;
/** What begins in a page is whole in it: a path of the host has at most 4,095 bytes. */
const OVERLAP_BYTES = 4 * 1024;
const MAX_PAGES = 32;

/** Takes over a descriptor, and closes it when it is disposed. */
export function createFilePages(fd: number): FilePages {
  return {
    span: (start) => createSpan(fd, start),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function createSpan(fd: number, start: number): Span {
  const pages = new Map<number, Buffer>();
  let bytes: Buffer = Buffer.alloc(0);
  let current = -1;

  const load = (page: number): Buffer => {
    const oldest = pages.size < MAX_PAGES ? undefined : pages.keys().next().value;
    const memory = (oldest === undefined ? undefined : pages.get(oldest)) ?? Buffer.allocUnsafeSlow(PAGE_BYTES + OVERLAP_BYTES);
    if (oldest !== undefined) pages.delete(oldest);
    let size = 0;
    for (let read = -1; read !== 0 && size < memory.byteLength; size += read)
      read = readSync(fd, memory, size, memory.byteLength - size, start + page * PAGE_BYTES + size);
    memory.fill(0, size);
    pages.set(page, memory);
    return memory;
  };
  return {
    get bytes() {
      return bytes;
    },
    at(position, length) {
      if (length > OVERLAP_BYTES) throw new InternalError(`${length} bytes of a page`);
      const page = Math.floor(position / PAGE_BYTES);
      if (page !== current) {
        bytes = pages.get(page) ?? load(page);
        current = page;
      }
      return position - page * PAGE_BYTES;
    },
  };
}
