/** Runs several readers on one case, so that a good refusal of one does not hide the fault of another. */
import { isDecantError } from "../../../src/errors.ts";

/** Calls each; throws the first error that is no good refusal, or else the first refusal. */
export async function each(...reads: readonly (() => unknown)[]): Promise<void> {
  let refusal: unknown;
  for (const read of reads) {
    try {
      await read();
    } catch (error) {
      if (!isDecantError(error) || error.code === "INTERNAL") throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
}
