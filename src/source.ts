/**
 * Text that a user wrote, places in it, and the one printer that draws an excerpt with its marker.
 * Used for Dockerfiles, decant.yaml and recipes alike. Pure.
 */
import { maskUrlSecrets } from "./url-secrets.ts";

/** A text with the name that messages show. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** A place in a file; lines and columns count from 1, columns in UTF-16 units. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** From `start` to just before `end`. `end` may equal `start` to mean a whole line. */
export interface SourceRange {
  readonly file: SourceFile;
  readonly start: SourcePosition;
  readonly end: SourcePosition;
}

const CONTEXT_LINES = 2;
const MAX_SHOWN_LINES = 12;
const MAX_COLUMNS = 160;
/** Fewer would show nothing. */
const MIN_COLUMNS = 20;

/** "Dockerfile:3:8": how messages name a place. */
export function formatPosition(range: SourceRange): string {
  return `${range.file.name}:${range.start.line}:${range.start.column}`;
}

/**
 * The lines around `range` with the words marked, as plain text:
 *
 *     Dockerfile:2:5
 *       1 | FROM scratch
 *     > 2 | RUM true
 *         | ^^^
 */
export function formatExcerpt(
  range: SourceRange,
  options: {
    /** Lines before and after. Default 2. */
    readonly contextLines?: number;
    /** What no line of the result is wider than, if it has no wide characters. Default: the text of a line is cut at 160. */
    readonly columns?: number | undefined;
  } = {},
): string {
  const context = options.contextLines ?? CONTEXT_LINES;
  const lines = range.file.text.split(/\r?\n/);
  const first = Math.max(1, range.start.line - context);
  const lastMarked = Math.max(
    range.start.line,
    range.end.column === 1 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line,
  );
  const last = Math.min(lines.length, lastMarked + context, first + MAX_SHOWN_LINES - 1);
  const gutter = String(last).length;
  const room = Math.max(MIN_COLUMNS, Math.min(MAX_COLUMNS, (options.columns ?? Infinity) - gutter - 5));
  const out = [formatPosition(range)];
  for (let number = first; number <= last; number += 1) {
    const text = lines[number - 1] ?? "";
    const marked = number >= range.start.line && number <= lastMarked;
    const marker = marked && number === range.start.line ? markerFor(range, text) : "";
    const from = startOf(marker, text, room);
    out.push(`${marked ? ">" : " "} ${String(number).padStart(gutter)} | ${clip(text, from, room)}`.trimEnd());
    if (marker !== "") out.push(`  ${" ".repeat(gutter)} | ${marker.slice(from, from + room)}`);
  }
  return out.join("\n");
}

function markerFor(range: SourceRange, text: string): string {
  const from = range.start.column;
  const to = range.end.line === range.start.line ? range.end.column : text.length + 1;
  if (to <= from) return "";
  // Tabs stay tabs, so that the marker lines up whatever the terminal's tab width is.
  const indent = text.slice(0, from - 1).replace(/[^\t]/g, " ");
  return indent + "^".repeat(to - from);
}

/** Where the part of a line starts that is shown: what is marked must be in it. */
function startOf(marker: string, text: string, room: number): number {
  const at = marker.indexOf("^");
  if (text.length <= room || at < 0 || marker.length <= room || at < room / 2) return 0;
  return Math.min(at - Math.floor(room / 4), text.length - room);
}

function clip(text: string, from: number, room: number): string {
  // Control characters of a hostile Dockerfile must not reach the terminal.
  // oxlint-disable-next-line no-control-regex
  const safe = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
  const shown = maskUrlSecrets(safe);
  const part = from === 0 ? shown : `…${shown.slice(from + 1)}`;
  return part.length > room ? `${part.slice(0, room - 1)}…` : part;
}
