/**
 * Finds where a member of a compressed file ends, without decompressing it. A format is a generator that asks for the bytes it has to look at
 * and passes over the others, so that a member of any size is scanned as it comes, in any pieces.
 */

/** What a format asks for: the next bytes to look at (a few), or how many to pass over. */
type ScanStep = { readonly look: number } | { readonly skip: number };

/** A part of a member's structure. It returns at its end, and throws a `ScanError` for what cannot be one. */
export type Scan<Result> = Generator<ScanStep, Result, Buffer>;

/** What a format throws for bytes that cannot be a member. */
export class ScanError extends Error {}

/** One member under way. */
export interface MemberScan {
  /** Takes bytes, and gives how many of them belong to the member: all, unless it ends among them. Throws a `ScanError`. */
  push(bytes: Buffer): number;
  readonly done: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Starts to scan a member. */
export function startScan(format: Scan<void>): MemberScan {
  let step = format.next(NOTHING);
  let looked: Buffer = NOTHING;
  let skipped = 0;
  return {
    get done() {
      return step.done === true;
    },
    push(bytes) {
      let at = 0;
      while (step.done !== true) {
        const left = bytes.byteLength - at;
        if ("skip" in step.value) {
          const size = Math.min(step.value.skip - skipped, left);
          skipped += size;
          at += size;
          if (skipped < step.value.skip) return at;
          skipped = 0;
          step = format.next(NOTHING);
          continue;
        }
        const size = Math.min(step.value.look - looked.byteLength, left);
        const part = bytes.subarray(at, at + size);
        // Copied where it is kept: the chunk may be used again.
        looked = looked.byteLength === 0 && size === step.value.look ? part : Buffer.concat([looked, part]);
        at += size;
        if (looked.byteLength < step.value.look) return at;
        const found = looked;
        looked = NOTHING;
        step = format.next(found);
      }
      return at;
    },
  };
}

/** The next bytes. */
export function* look(sizeBytes: number): Scan<Buffer> {
  return yield { look: sizeBytes };
}

/** Passes over bytes that say nothing of the structure. */
export function* skip(sizeBytes: number): Scan<void> {
  if (sizeBytes > 0) yield { skip: sizeBytes };
}
