/** Where two values of JSON differ first, in words. Pure. */

/** "NAME key: 1; wanted 2", by the names of keys on the way; undefined where they are the same. */
export function valueDifference(name: string, found: unknown, wanted: unknown): string | undefined {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return undefined;
  if (isObject(found) && isObject(wanted)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
      const difference = valueDifference(`${name} ${key}`, found[key], wanted[key]);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return `${name}: ${JSON.stringify(found) ?? "nothing"}; wanted ${JSON.stringify(wanted) ?? "nothing"}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
