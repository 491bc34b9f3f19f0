/** `K=V` lists of the command line: build arguments and labels. */
import { usageError } from "../errors.ts";

/**
 * `["A=1", "B"]` → `{ A: "1", B: … }`, the last of equal keys wins. A key without "=" gets its value from `fallback`,
 * and is left out where that has none. Throws `USAGE` for an empty key.
 */
export function parseKeyValues(
  items: readonly string[],
  flag: string,
  fallback: (key: string) => string | undefined,
): Record<string, string> {
  const out = new Map<string, string>();
  for (const item of items) {
    const equals = item.indexOf("=");
    const key = equals < 0 ? item : item.slice(0, equals);
    if (key === "") throw usageError(`Cannot use ${flag} "${item}": its key is empty; wanted KEY=VALUE`);
    const value = equals < 0 ? fallback(key) : item.slice(equals + 1);
    if (value === undefined) out.delete(key);
    else out.set(key, value);
  }
  return Object.fromEntries(out);
}
