/** `--jobs`. */
import { usageError } from "../../errors.ts";

/** Throws `USAGE`. */
export function parseJobs(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw usageError(`Cannot use --jobs "${text}": wanted a number from 1 to 999`);
}
