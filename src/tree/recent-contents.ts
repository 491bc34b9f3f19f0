/**
 * Small files that were read to be hashed, kept until they are written: a cold COPY reads each file once. Bounded, and each content is given
 * once; what does not fit is read again.
 */
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";

/** Contents by path. */
export interface RecentContents {
  /** Keeps the bytes if there is room; they take the place of older ones. */
  keep(path: TreePath, bytes: Buffer, digest: Digest): void;
  /** The bytes, if they are here and have this digest; they are not kept any longer. */
  take(path: TreePath, digest: Digest): Buffer | undefined;
}

const MAX_FILE_BYTES = 32 * 1024;
const MAX_BYTES = 48 * 1024 * 1024;
/** A Map's entry, a Buffer and what the allocator rounds up. */
const OVERHEAD_BYTES = 256;

/** Starts empty. */
export function createRecentContents(): RecentContents {
  const contents = new Map<TreePath, { readonly bytes: Buffer; readonly digest: Digest }>();
  let free = MAX_BYTES;
  const forget = (path: TreePath): { readonly bytes: Buffer; readonly digest: Digest } | undefined => {
    const known = contents.get(path);
    if (known === undefined) return undefined;
    contents.delete(path);
    free += known.bytes.byteLength + OVERHEAD_BYTES;
    return known;
  };
  return {
    keep(path, bytes, digest) {
      forget(path);
      const cost = bytes.byteLength + OVERHEAD_BYTES;
      if (bytes.byteLength > MAX_FILE_BYTES || cost > free) return;
      contents.set(path, { bytes, digest });
      free -= cost;
    },
    take(path, digest) {
      const known = forget(path);
      return known?.digest === digest ? known.bytes : undefined;
    },
  };
}
