/** Fields of messages that our copy of the protocol does not have. Pure. */

/** What newer clients say and we cannot read must not be left out: the first such field, as "ExecOp 12". */
export function unknownField(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  if ("$unknown" in value && Array.isArray(value.$unknown) && "$typeName" in value) {
    const [first]: readonly { readonly no?: number }[] = value.$unknown;
    if (first !== undefined) return `${String(value.$typeName).split(".").at(-1)} ${first.no}`;
  }
  for (const [name, inner] of Object.entries(value)) {
    const found = name === "$unknown" ? undefined : unknownField(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}
