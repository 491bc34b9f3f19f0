/** Headers come in blocks of 512 bytes; chunks end anywhere. */
import { BLOCK } from "./tar-header.ts";

/** A whole block, where it is. */
interface Block {
  readonly bytes: Buffer;
  readonly at: number;
  /** Where the chunk goes on. */
  readonly next: number;
}

/** Puts blocks together. */
export interface BlockReader {
  /** The next block, or undefined when the chunk ends before it does: its bytes are kept. It is valid until the next call. */
  take(chunk: Buffer, at: number): Block | undefined;
  /** Is no part of a block waiting for the rest? */
  readonly isEmpty: boolean;
}

/** Starts between blocks. */
export function createBlockReader(): BlockReader {
  const carry = Buffer.alloc(BLOCK);
  let carried = 0;
  return {
    take(chunk, at) {
      if (carried === 0 && chunk.byteLength - at >= BLOCK) return { bytes: chunk, at, next: at + BLOCK };
      const size = Math.min(BLOCK - carried, chunk.byteLength - at);
      chunk.copy(carry, carried, at, at + size);
      carried += size;
      if (carried < BLOCK) return undefined;
      carried = 0;
      return { bytes: carry, at: 0, next: at + size };
    },
    get isEmpty() {
      return carried === 0;
    },
  };
}
