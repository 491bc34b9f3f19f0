/** Times in words. Pure. */
import { usageError } from "../errors.ts";

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90s", "45m", "36h", "7d", "1h30m" → milliseconds. `option`: what comes before the text in messages. Throws `USAGE`. */
export function parseDuration(text: string, option: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text)
    throw usageError(`Cannot use ${option}"${text}": wanted a number and a unit s, m, h or d, e.g. 36h`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as keyof typeof UNIT_MS] ?? 0), 0);
}
