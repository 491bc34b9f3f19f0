/**
 * From physical lines to logical lines: continuations joined, comments and empty lines dropped (rules S3-S7), with a map from every
 * character back to the file. Knows nothing of instructions; heredoc bodies are taken when the parser asks for them.
 */
import { given } from "../given.ts";
import type { SourceRange } from "../source.ts";
import { syntaxError } from "./errors.ts";
import type { Locator } from "./locate.ts";
import { isSpace, trimSpace } from "./slices.ts";
import type { EscapeToken, Word } from "./types.ts";

const MAX_LINE_BYTES = 65_535;

/** One instruction's text on one line. */
export interface LogicalLine {
  readonly text: string;
  /** Comment lines directly above it. */
  readonly comments: readonly Word[];
  /** There is an empty line inside it, which is allowed and will not be for ever: its last line, which BuildKit shows. */
  readonly emptyContinuation?: SourceRange;
  /** The place in the file of `text.slice(start, end)`. */
  range(start: number, end: number): SourceRange;
}

/** The lines of a heredoc up to its delimiter. */
interface HeredocBody {
  readonly raw: string;
  readonly terminated: boolean;
  readonly range: SourceRange;
}

/** Gives the logical lines one after the other. */
export interface Lexer {
  next(): LogicalLine | undefined;
  /** Takes the lines up to `name`; `chomp`: the delimiter may be indented by tabs. Without a delimiter it takes nothing. */
  heredoc(name: string, chomp: boolean): HeredocBody;
  /** Problems of lines as such. */
  readonly errors: readonly Error[];
}

/** Reads `locator.file` from its start. Lines below `directiveLines` are directives, so they are no comments. */
export function createLexer(locator: Locator, escape: EscapeToken, directiveLines: number): Lexer {
  const { text } = locator.file;
  const { lineStarts } = locator;
  const errors = checkLineLengths(locator);
  let index = 0;
  let comments: Word[] = [];

  const lineCount = lineStarts.at(-1) === text.length ? lineStarts.length - 1 : lineStarts.length;
  const startOf = (line: number): number => lineStarts[line] ?? text.length;
  /** The end of a line without "\n" and the "\r"s before it. */
  const endOf = (line: number): number => trimNewline(text, startOf(line), startOf(line + 1));

  const noteComment = (line: number): void => {
    if (line < directiveLines) return;
    const content = text.slice(startOf(line) + 1, endOf(line));
    const comment = trimSpace(content);
    if (comment === "") {
      comments = [];
      return;
    }
    const start = startOf(line) + 1 + content.indexOf(comment);
    comments.push({ text: comment, range: locator.range(start, start + comment.length) });
  };

  const next = (): LogicalLine | undefined => {
    while (index < lineCount) {
      const end = endOf(index);
      const start = skipSpace(text, startOf(index), end);
      if (start < end && text.charCodeAt(start) === 35) {
        noteComment(index);
        index += 1;
        continue;
      }
      const kept = continuationEnd(text, start, end, escape);
      if (kept === undefined && start === end) {
        index += 1;
        continue;
      }
      const joined = createJoin(locator);
      index += 1;
      joined.add(start, kept ?? end);
      if (kept !== undefined) joinContinuations(joined);
      const line = joined.finish(comments);
      comments = [];
      return line;
    }
    return undefined;
  };

  const joinContinuations = (joined: Join): void => {
    let hasEmpty = false;
    let isContinued = true;
    while (isContinued && index < lineCount) {
      const start = startOf(index);
      const end = endOf(index);
      const first = skipSpace(text, start, end);
      index += 1;
      if (first === end) hasEmpty = true;
      if (first === end || text.charCodeAt(first) === 35) continue;
      const kept = continuationEnd(text, start, end, escape);
      joined.add(start, kept ?? end);
      isContinued = kept !== undefined;
    }
    if (hasEmpty) joined.noteEmpty(skipSpace(text, startOf(index - 1), endOf(index - 1)), endOf(index - 1));
  };

  const heredoc = (name: string, chomp: boolean): HeredocBody => {
    const bodyStart = startOf(index);
    for (let line = index; line < lineCount; line += 1) {
      const end = endOf(line);
      let start = startOf(line);
      if (chomp) while (start < end && text.charCodeAt(start) === 9) start += 1;
      if (end - start !== name.length || !text.startsWith(name, start)) continue;
      const raw = text.slice(bodyStart, startOf(line));
      index = line + 1;
      return { raw, terminated: true, range: locator.range(bodyStart, end) };
    }
    return { raw: text.slice(bodyStart), terminated: false, range: locator.range(bodyStart, text.length) };
  };

  return { next, heredoc, errors };
}

interface Join {
  add(start: number, end: number): void;
  noteEmpty(start: number, end: number): void;
  finish(comments: readonly Word[]): LogicalLine;
}

function createJoin(locator: Locator): Join {
  const parts: string[] = [];
  /** Where each part starts in the logical line, and in the file. */
  const starts: number[] = [];
  const offsets: number[] = [];
  let length = 0;
  let lastEnd = 0;
  let empty: SourceRange | undefined;
  return {
    add: (start, end) => {
      // A bare continuation adds nothing; one part is kept, so that an empty logical line has a place too.
      if (start === end && starts.length > 0) return;
      parts.push(locator.file.text.slice(start, end));
      starts.push(length);
      offsets.push(start);
      length += end - start;
      lastEnd = end;
    },
    noteEmpty: (start, end) => {
      empty = locator.range(start, end);
    },
    finish: (comments) => {
      const toFile = (at: number): number => {
        let low = 0;
        let high = starts.length - 1;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if ((starts[middle] ?? 0) <= at) low = middle;
          else high = middle - 1;
        }
        return at >= length ? lastEnd + (at - length) : (offsets[low] ?? 0) + at - (starts[low] ?? 0);
      };
      return {
        text: parts.join(""),
        comments,
        ...given({ emptyContinuation: empty }),
        range: (start, end) => locator.range(toFile(start), end > start ? toFile(end - 1) + 1 : toFile(start)),
      };
    },
  };
}

/**
 * Where the text of a line ends that is continued on the next: before its escape character. Undefined when it is not continued. A doubled
 * escape does not continue; three do not either, as in BuildKit (S3).
 */
function continuationEnd(text: string, start: number, end: number, escape: EscapeToken): number | undefined {
  let at = end;
  while (at > start && (text.charCodeAt(at - 1) === 32 || text.charCodeAt(at - 1) === 9)) at -= 1;
  if (at === start || text[at - 1] !== escape) return undefined;
  return at - 1 > start && text[at - 2] === escape ? undefined : at - 1;
}

function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function trimNewline(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && (text.charCodeAt(at - 1) === 10 || text.charCodeAt(at - 1) === 13)) at -= 1;
  return at;
}

function checkLineLengths(locator: Locator): Error[] {
  const { text } = locator.file;
  const errors: Error[] = [];
  for (const [index, start] of locator.lineStarts.entries()) {
    const end = (locator.lineStarts[index + 1] ?? text.length + 1) - 1;
    // No character needs more than three bytes for each UTF-16 unit.
    if ((end - start) * 3 <= MAX_LINE_BYTES) continue;
    const sizeBytes = Buffer.byteLength(text.slice(start, end));
    if (sizeBytes <= MAX_LINE_BYTES) continue;
    errors.push(
      syntaxError(
        "LineTooLong",
        `Cannot read line ${index + 1}: it has ${sizeBytes} bytes; dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`,
        {
          range: locator.range(start, start),
          hint: "Split the line with a continuation, or move the text into a file",
        },
      ),
    );
    if (errors.length >= 10) break;
  }
  return errors;
}
