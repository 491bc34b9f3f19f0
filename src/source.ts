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
export function formatExcerpt(range: SourceRange, options: { readonly contextLines?: number } = {}): string {
  const context = options.contextLines ?? CONTEXT_LINES;
  const lines = range.file.text.split(/\r?\n/);
  const first = Math.max(1, range.start.line - context);
  const lastMarked = Math.max(
    range.start.line,
    range.end.column === 1 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line,
  );
  const last = Math.min(lines.length, lastMarked + context, first + MAX_SHOWN_LINES - 1);
  const gutter = String(last).length;
  const out = [formatPosition(range)];
  for (let number = first; number <= last; number += 1) {
    const text = lines[number - 1] ?? "";
    const marked = number >= range.start.line && number <= lastMarked;
    out.push(`${marked ? ">" : " "} ${String(number).padStart(gutter)} | ${clip(text)}`.trimEnd());
    if (marked && number === range.start.line) {
      const marker = markerFor(range, text);
      if (marker !== "") out.push(`  ${" ".repeat(gutter)} | ${marker}`);
    }
  }
  return out.join("\n");
}

function markerFor(range: SourceRange, text: string): string {
  const from = range.start.column;
  const to = range.end.line === range.start.line ? range.end.column : text.length + 1;
  if (to <= from || from > MAX_COLUMNS) return "";
  // Tabs stay tabs, so that the marker lines up whatever the terminal's tab width is.
  const indent = text.slice(0, from - 1).replace(/[^\t]/g, " ");
  return indent + "^".repeat(Math.min(to, MAX_COLUMNS + 1) - from);
}

function clip(text: string): string {
  // Control characters of a hostile Dockerfile must not reach the terminal.
  // oxlint-disable-next-line no-control-regex
  const safe = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
  const shown = maskUrlSecrets(safe);
  return shown.length > MAX_COLUMNS ? `${shown.slice(0, MAX_COLUMNS - 1)}…` : shown;
}
