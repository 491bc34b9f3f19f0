/** What a target of hostile input is: something that makes cases, and something that judges them. */
import type { Store } from "../../src/store/index.ts";
import type { Random } from "../fuzz/random.ts";

/** What a check may use besides its case. */
export interface Lab {
  /** A folder of the target's own; it stays empty between cases. */
  readonly folder: string;
  /** Opened with the first call. */
  readonly store: () => Promise<Store>;
  /** Choices of this case, the same whenever it is tried. */
  readonly random: Random;
}

/** A reader of what strangers wrote. */
export interface Target {
  readonly name: string;
  /** Makes a case that is nearly right: half of the cases are changed besides. */
  readonly generate: (random: Random) => Uint8Array;
  /** Reads the case. Throws what the reader throws, and plain errors for a promise that is broken. */
  readonly check: (input: Buffer, lab: Lab) => unknown;
  /** Errors besides `DecantError` that callers of the reader expect. Default: none. */
  readonly expects?: (error: unknown) => boolean;
}
