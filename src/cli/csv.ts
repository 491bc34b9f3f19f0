/** One line of CSV, as the flags of docker write lists: RFC 4180 fields, quoted where they hold a comma or a quote. */
import { usageError } from "../errors.ts";

/** The fields of `text`. Throws `USAGE` for a quote that is not closed or in the wrong place; `what` names the flag. */
export function parseCsvLine(text: string, what: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] === '"') {
      const { value, end } = quotedField(text, at, what);
      fields.push(value);
      at = end;
    } else {
      const comma = text.indexOf(",", at);
      const end = comma < 0 ? text.length : comma;
      const field = text.slice(at, end);
      if (field.includes('"'))
        throw usageError(`Cannot read ${what} "${text}": a quote is in the middle of a field; quote the whole field`);
      fields.push(field);
      at = end + 1;
    }
  }
  return fields;
}

function quotedField(text: string, start: number, what: string): { value: string; end: number } {
  let value = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw usageError(`Cannot read ${what} "${text}": a quote is not closed`);
    value += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      value += '"';
      at = quote + 2;
      continue;
    }
    if (quote + 1 < text.length && text[quote + 1] !== ",")
      throw usageError(`Cannot read ${what} "${text}": a quoted field must end at a comma`);
    return { value, end: quote + 2 };
  }
}
