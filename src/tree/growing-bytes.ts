/**
 * Memory that grows at its end. A little is plain memory, which V8 reads and writes fastest, and which is copied to grow. Much grows in place: nothing
 * is copied when it does, pages that nobody wrote to cost nothing, and giving it back is at once.
 */

/** Bytes with an end that moves. Memory is zero until it is written. */
interface GrowingBytes {
  /** Views of the memory, until it grows or shrinks: then there are others. */
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  /** Bytes in use. */
  readonly size: number;
  /** Adds `size` bytes to those in use, and gives where they begin. Throws `RangeError` beyond the bound. */
  reserve(size: number): number;
  /** Gives back all but the first `size` bytes. */
  shrink(size: number): void;
}

/** Small: each step of a build makes several. */
const FIRST_BYTES = 1024;
/** From here on memory grows in place. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Takes no memory yet. */
export function createGrowingBytes(maxBytes: number): GrowingBytes {
  return new Growing(maxBytes);
}

/** With plain properties for the views: every field of a table is read through them. */
class Growing implements GrowingBytes {
  bytes: Buffer = Buffer.alloc(0);
  u32: Uint32Array = new Uint32Array(0);
  f64: Float64Array = new Float64Array(0);
  size = 0;
  #memory = new ArrayBuffer(0);
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  reserve(added: number): number {
    const start = this.size;
    const end = start + added;
    if (end > this.#memory.byteLength) this.#grow(end);
    this.size = end;
    return start;
  }

  shrink(size: number): void {
    this.size = size;
    const length = aligned(size);
    if (this.#memory.resizable) this.#memory.resize(length);
    else this.#use(this.#memory.slice(0, length));
  }

  #grow(end: number): void {
    if (end > this.#maxBytes) throw new RangeError(`more than ${this.#maxBytes} bytes`);
    const length = Math.min(this.#maxBytes, Math.max(FIRST_BYTES, this.#memory.byteLength * 2, aligned(end)));
    if (this.#memory.resizable) {
      this.#memory.resize(length);
      return;
    }
    const before = this.bytes;
    this.#use(length < LARGE_BYTES ? new ArrayBuffer(length) : new ArrayBuffer(length, { maxByteLength: this.#maxBytes }));
    this.bytes.set(before);
  }

  #use(memory: ArrayBuffer): void {
    this.#memory = memory;
    this.bytes = Buffer.from(memory);
    this.u32 = new Uint32Array(memory);
    this.f64 = new Float64Array(memory);
  }
}

/** Whole numbers of the widest view. */
function aligned(size: number): number {
  return Math.ceil(size / 8) * 8;
}
