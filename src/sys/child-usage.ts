/** getrusage(2): what the children of this process used, as far as it has waited for them. */
import { bind } from "./libc.ts";

/** Sums since this process began, but for the memory. */
export interface ChildUsage {
  /** User and system time. */
  readonly cpuMs: number;
  /** The most that any one of them had. 0 where that is not more than we had ourselves: a child inherits our peak before it becomes its program. */
  readonly maxMemoryBytes: number;
  /** Blocks that were read from and written to devices. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const RUSAGE_CHILDREN = -1;
/** Two times of two longs each, and fourteen longs. */
const SIZE_BYTES = 144;
const BLOCK = 512;

const call = bind("int getrusage(int who, void *usage)");

/** Undefined where the kernel does not say. */
export function childUsage(): ChildUsage | undefined {
  const bytes = Buffer.alloc(SIZE_BYTES);
  if (call(RUSAGE_CHILDREN, bytes) !== 0) return undefined;
  const long = (at: number): number => Number(bytes.readBigInt64LE(at));
  return {
    cpuMs: (long(0) + long(16)) * 1000 + (long(8) + long(24)) / 1000,
    maxMemoryBytes: long(32) > process.resourceUsage().maxRSS ? long(32) * 1024 : 0,
    readBytes: long(88) * BLOCK,
    writtenBytes: long(96) * BLOCK,
  };
}
