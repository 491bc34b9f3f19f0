/**
 * Small files that were read to be hashed, kept until they are written: a cold COPY reads each file once. Bounded, and each content is given
 * once; what does not fit is read again.
 */
import type { TreePath } from "../paths.ts";

/** Contents by path. */
export interface RecentContents {
  /** Keeps the bytes if there is room. */
  keep(path: TreePath, bytes: Buffer): void;
  /** The bytes, if they are here and as many as `size`; they are not kept any longer. */
  take(path: TreePath, size: number): Buffer | undefined;
}

const MAX_FILE_BYTES = 32 * 1024;
const MAX_BYTES = 48 * 1024 * 1024;
/** A Map's entry, a Buffer and what the allocator rounds up. */
const OVERHEAD_BYTES = 256;

/** Starts empty. */
export function createRecentContents(): RecentContents {
  const contents = new Map<TreePath, Buffer>();
  let free = MAX_BYTES;
  return {
    keep(path, bytes) {
      const cost = bytes.byteLength + OVERHEAD_BYTES;
      if (bytes.byteLength > MAX_FILE_BYTES || cost > free || contents.has(path)) return;
      contents.set(path, bytes);
      free -= cost;
    },
    take(path, size) {
      const bytes = contents.get(path);
      if (bytes === undefined) return undefined;
      contents.delete(path);
      free += bytes.byteLength + OVERHEAD_BYTES;
      return bytes.byteLength === size ? bytes : undefined;
    },
  };
}
