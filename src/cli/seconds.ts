/** Times to stop, as docker takes them: whole seconds, -1 for ever. */
import { usageError } from "../errors.ts";

/** "10" → 10,000 milliseconds, "-1" → Infinity. Undefined stays undefined. Throws `USAGE`; `option` is its name. */
export function secondsToMs(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (text === "-1") return Infinity;
  if (!/^\d{1,9}$/.test(text)) throw usageError(`Cannot use ${option} "${text}": wanted a number of seconds, or -1 for no limit`);
  return Number(text) * 1000;
}
