/** Flags whose value is a list of KEY=VALUE, as in `--output type=oci,dest=x`. Pure. */
import { usageError } from "../errors.ts";
import { parseCsvLine } from "./csv.ts";

/** The fields of `text` in order, with names and values as they were written. Throws `USAGE` for a field without "="; `flag` names the flag. */
export function parseFields(text: string, flag: string): readonly (readonly [name: string, value: string])[] {
  return parseCsvLine(text, flag).map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) throw usageError(`Cannot read ${flag} "${text}": "${field}" has no value; wanted KEY=VALUE`);
    return [field.slice(0, equals), field.slice(equals + 1)];
  });
}

/** A switch among them; undefined where it is not there. Throws `USAGE` for what is neither true nor false. */
export function booleanField(fields: ReadonlyMap<string, string>, name: string, flag: string): boolean | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw usageError(`Cannot use ${flag} with ${name}=${value}: wanted true or false`);
}
