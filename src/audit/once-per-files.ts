/** Values that all checks of an audit share, since they are costly: each is made once for the files of a subject. */
import type { AuditFiles } from "./types.ts";

/** Gives a memory for one value per `AuditFiles`: it makes the value on the first call, and keeps it as long as the files are in use. */
export function oncePerFiles<Value>(): (files: AuditFiles, make: () => Value) => Value {
  const known = new WeakMap<AuditFiles, { readonly value: Value }>();
  return (files, make) => {
    const existing = known.get(files);
    if (existing !== undefined) return existing.value;
    const value = make();
    known.set(files, { value });
    return value;
  };
}
