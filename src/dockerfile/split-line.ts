/**
 * Splitting the text of an instruction: keyword, leading `--flags`, blank-separated words, quoted words (ENV, LABEL, ARG) and JSON arrays.
 * Everything works on slices of the logical line, so that each value keeps its place.
 */
import { given } from "../given.ts";
import { syntaxError } from "./errors.ts";
import type { LogicalLine } from "./lexer.ts";
import { isBlank, isSpace, type Slice, splitBlanks, trimSlice } from "./slices.ts";
import type { EscapeToken, Word } from "./types.ts";

/** A leading `--name` or `--name=value`, quotes and escapes removed. */
export interface RawFlag extends Slice {
  readonly name: string;
  /** Absent without "=". */
  readonly value?: string;
  /** For each character of `value`, its offset in the logical line. */
  readonly offsets: readonly number[];
}

/** A logical line (or the part of it behind ONBUILD) in its three parts. */
interface SplitLine {
  readonly keyword: Slice;
  readonly flags: readonly RawFlag[];
  /** Trimmed. */
  readonly args: Slice;
}

/** Splits `slice` of `text`. */
export function splitLine(text: string, slice: Slice, escape: EscapeToken): SplitLine {
  const { start, end } = trimSlice(text, slice);
  let at = start;
  while (at < end && !isBlank(text.charCodeAt(at))) at += 1;
  const keyword = { start, end: at };
  while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  const flags: RawFlag[] = [];
  for (;;) {
    while (at < end && isSpace(text.charCodeAt(at))) at += 1;
    if (!text.startsWith("--", at) || at + 2 > end) break;
    const flag = readFlag(text, { start: at, end }, escape);
    at = flag.end;
    // A bare "--" ends the flags (S9).
    if (flag.name === "" && flag.value === undefined) break;
    flags.push(flag);
  }
  return { keyword, flags, args: trimSlice(text, { start: at, end }) };
}

function readFlag(text: string, slice: Slice, escape: EscapeToken): RawFlag {
  let name = "";
  let value: string | undefined;
  const offsets: number[] = [];
  let quote = "";
  let at = slice.start + 2;
  const take = (char: string): void => {
    if (value !== undefined) {
      value += char;
      offsets.push(at);
    } else if (char === "=") {
      value = "";
    } else {
      name += char;
    }
  };
  for (; at < slice.end; at += 1) {
    const char = text.charAt(at);
    if (char === escape) {
      // An escape at the very end is dropped.
      at += 1;
      if (at < slice.end) take(text.charAt(at));
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else take(char);
    } else if (isSpace(text.charCodeAt(at))) {
      break;
    } else if (char === "'" || char === '"') {
      quote = char;
    } else {
      take(char);
    }
  }
  const end = Math.min(at, slice.end);
  return { name, offsets, start: slice.start, end, ...given({ value }) };
}

/** The words of `slice` as written. */
export function blankWords(line: LogicalLine, slice: Slice): Word[] {
  return splitBlanks(line.text, slice).map((word) => wordAt(line, word));
}

/** The text of `slice` with its place. */
export function wordAt(line: LogicalLine, slice: Slice): Word {
  return { text: line.text.slice(slice.start, slice.end), range: line.range(slice.start, slice.end) };
}

/**
 * Words that may hold quoted blanks; quotes and escapes stay in them (ENV, LABEL and ARG; expansion removes them). A single escape character at
 * the very end is dropped.
 */
export function quotedWords(text: string, slice: Slice, escape: EscapeToken): Slice[] {
  const words: Slice[] = [];
  const { end } = slice;
  let at = slice.start;
  for (;;) {
    while (at < end && isSpace(text.charCodeAt(at))) at += 1;
    if (at >= end) return words;
    const start = at;
    let wordEnd: number | undefined;
    let quote = "";
    for (; at < end; at += 1) {
      const char = text.charAt(at);
      if (char === escape && quote !== "'") {
        if (at + 1 >= end) wordEnd = at;
        at += 1;
      } else if (quote !== "") {
        if (char === quote) quote = "";
      } else if (char === "'" || char === '"') {
        quote = char;
      } else if (isSpace(text.charCodeAt(at))) {
        break;
      }
    }
    const word = { start, end: wordEnd ?? Math.min(at, end) };
    if (word.end > word.start) words.push(word);
  }
}

/**
 * The strings of a JSON array (S10), or undefined when `slice` is not valid JSON or no array: the caller then takes its text form. Throws when it is
 * an array with anything but strings.
 */
export function jsonWords(line: LogicalLine, slice: Slice): Word[] | undefined {
  const { text } = line;
  if (text.charCodeAt(slice.start) !== 91) return undefined;
  const values = parseArray(text.slice(slice.start, slice.end));
  if (values === undefined) return undefined;
  const words: Word[] = [];
  let at = slice.start;
  for (const value of values) {
    if (typeof value !== "string") {
      throw syntaxError(
        "JsonNotStrings",
        "Cannot read the arguments: when using JSON array syntax, arrays must be comprised of strings only",
        {
          range: line.range(slice.start, slice.end),
          hint: 'Put every element in double quotes: ["command", "argument"]',
        },
      );
    }
    // Valid JSON and only strings so far: the next quote opens the next element.
    const start = text.indexOf('"', at);
    at = start + 1;
    while (text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
    at += 1;
    words.push({ text: value.toWellFormed(), range: line.range(start, at) });
  }
  return words;
}

function parseArray(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
