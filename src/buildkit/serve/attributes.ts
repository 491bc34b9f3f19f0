/** Attributes of a request as flags in docker's forms: `type=oci,"name=a,b"`. */

/** One flag of KEY=VALUE fields. */
export function flagOf(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}

/** Values whose names begin with `prefix`, by the rest of their names. */
export function prefixed(attributes: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => name.startsWith(prefix) && name.length > prefix.length)
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** A list with commas; nothing for none. */
export function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",");
}
