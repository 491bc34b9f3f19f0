/** One line of comma-separated values with RFC 4180 quotes, as `--mount` and `--device` use it. */
import { semanticError } from "./errors.ts";
import type { SourceRange } from "../source.ts";
import type { Slice } from "./slices.ts";

/** A field, and where it stands in the line (quotes included). */
interface CsvField extends Slice {
  readonly text: string;
}

/** The fields of `line`. Throws `DOCKERFILE_SEMANTIC` for an empty line, a quote inside an unquoted field, and an open quote. */
export function parseCsv(line: string, range?: SourceRange): CsvField[] {
  const end = line.endsWith("\n") ? line.length - (line.endsWith("\r\n") ? 2 : 1) : line.length;
  if (end === 0) throw semanticError("Cannot read an empty list: it needs key=value fields, separated by commas", { range });
  const fields: CsvField[] = [];
  let at = 0;
  for (;;) {
    const field = line.charAt(at) === '"' ? quotedField(line, at, end, range) : plainField(line, at, end, range);
    fields.push(field);
    if (field.end >= end) return fields;
    at = field.end + 1;
  }
}

function plainField(line: string, start: number, limit: number, range: SourceRange | undefined): CsvField {
  const comma = line.indexOf(",", start);
  const end = comma < 0 || comma > limit ? limit : comma;
  const text = line.slice(start, end);
  if (text.includes('"')) {
    throw semanticError(`Cannot read the list "${line}": there is a quote inside the field ${text}; quotes go around a whole field`, {
      range,
      hint: 'Write "key=value", with the quotes around both',
    });
  }
  return { text, start, end };
}

function quotedField(line: string, start: number, limit: number, range: SourceRange | undefined): CsvField {
  const parts: string[] = [];
  let from = start + 1;
  for (;;) {
    const quote = line.indexOf('"', from);
    if (quote < 0 || quote >= limit) throw semanticError(`Cannot read the list "${line}": a quote is not closed`, { range });
    parts.push(line.slice(from, quote));
    if (line.charAt(quote + 1) !== '"') {
      const end = quote + 1;
      if (end < limit && line.charAt(end) !== ",") {
        throw semanticError(`Cannot read the list "${line}": there is text behind a closing quote; a comma is wanted`, { range });
      }
      return { text: parts.join('"'), start, end };
    }
    from = quote + 2;
  }
}
