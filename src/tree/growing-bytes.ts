/** Memory that grows in place: nothing is copied when it does, pages that nobody wrote to cost nothing, and giving it back is at once. */

/** Bytes with an end that moves. The views follow it. Memory is zero until it is written. */
interface GrowingBytes {
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
const FIRST_BYTES = 4 * 1024;

/** Reserves addresses for `maxBytes`, and takes no memory yet. */
export function createGrowingBytes(maxBytes: number): GrowingBytes {
  const memory = new ArrayBuffer(0, { maxByteLength: maxBytes });
  let size = 0;
  return {
    bytes: Buffer.from(memory),
    u32: new Uint32Array(memory),
    f64: new Float64Array(memory),
    get size() {
      return size;
    },
    reserve(added) {
      const start = size;
      const end = start + added;
      if (end > memory.byteLength) {
        if (end > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
        memory.resize(Math.min(maxBytes, Math.max(FIRST_BYTES, memory.byteLength * 2, Math.ceil(end / 8) * 8)));
      }
      size = end;
      return start;
    },
    shrink(to) {
      size = to;
      memory.resize(Math.ceil(to / 8) * 8);
    },
  };
}
