/**
 * One instruction before its own grammar: keyword, flags, arguments and heredocs, with the parts that every instruction shares.
 */
import type { SourceRange } from "../source.ts";
import { syntaxError } from "./errors.ts";
import { findHeredocs } from "./heredoc.ts";
import type { Lexer, LogicalLine } from "./lexer.ts";
import { chompTabs, type Slice, trimSlice } from "./slices.ts";
import type { EscapeToken, Heredoc, InstructionBase, Word } from "./types.ts";
import { jsonWords, type RawFlag, splitLine, wordAt } from "./split-line.ts";

/** What an instruction's parser gets. */
export interface Statement {
  readonly line: LogicalLine;
  readonly escape: EscapeToken;
  readonly keyword: Word;
  /** Lower-cased keyword. */
  readonly name: string;
  readonly flags: readonly RawFlag[];
  /** Trimmed; empty where there are no arguments. */
  readonly args: Slice;
  readonly heredocs: readonly Heredoc[];
  readonly base: InstructionBase;
}

const WITH_HEREDOCS = new Set(["add", "copy", "run"]);

/** Splits `line` and takes its heredocs from `lexer`. Throws for a heredoc without an end, and for a JSON form with other things than strings. */
export function readStatement(line: LogicalLine, lexer: Lexer, escape: EscapeToken): Statement {
  const heredocs = line.text.includes("<<") ? readHeredocs(line, lexer, escape) : [];
  return makeStatement(line, { start: 0, end: line.text.length }, { escape, heredocs });
}

/** The statement behind ONBUILD: the arguments of `outer`, with its heredocs. */
export function nestedStatement(outer: Statement): Statement {
  const { start } = outer.args;
  return makeStatement(outer.line, { start, end: outer.line.text.length }, outer);
}

function makeStatement(
  line: LogicalLine,
  slice: Slice,
  shared: { readonly escape: EscapeToken; readonly heredocs: readonly Heredoc[] },
): Statement {
  const { escape, heredocs } = shared;
  const split = splitLine(line.text, slice, escape);
  const trimmed = trimSlice(line.text, slice);
  const text = line.text.slice(trimmed.start, trimmed.end);
  const keyword = wordAt(line, split.keyword);
  const own = line.range(trimmed.start, trimmed.end);
  const last: SourceRange = heredocs.at(-1)?.range ?? own;
  const base: InstructionBase = {
    keyword,
    range: { file: own.file, start: own.start, end: last.end },
    line: text,
    original: attachHeredocs(text, heredocs),
    comments: line.comments,
  };
  return { line, escape, keyword, name: keyword.text.toLowerCase(), flags: split.flags, args: split.args, heredocs, base };
}

/** `text` with the bodies behind it, as they stood in the file. */
function attachHeredocs(text: string, heredocs: readonly Heredoc[]): string {
  return text + heredocs.map((heredoc) => `\n${heredoc.raw}${heredoc.name}`).join("");
}

function readHeredocs(line: LogicalLine, lexer: Lexer, escape: EscapeToken): Heredoc[] {
  const split = splitLine(line.text, { start: 0, end: line.text.length }, escape);
  let inner = split;
  if (keywordOf(line, split) === "onbuild") inner = splitLine(line.text, { start: split.args.start, end: line.text.length }, escape);
  const keyword = keywordOf(line, inner);
  if (!WITH_HEREDOCS.has(keyword) || jsonWords(line, inner.args) !== undefined) return [];
  return findHeredocs(line.text).map((word) => {
    const body = lexer.heredoc(word.name, word.chomp);
    if (!body.terminated) {
      throw syntaxError("UnterminatedHeredoc", `Cannot find the end of the heredoc "${word.name}": unterminated heredoc`, {
        range: line.range(split.keyword.start, line.text.trimEnd().length),
        hint: `Put ${word.name} alone on the line after the text`,
      });
    }
    return { ...word, raw: body.raw, content: word.chomp ? chompTabs(body.raw) : body.raw, range: body.range };
  });
}

function keywordOf(line: LogicalLine, split: { readonly keyword: Slice }): string {
  return line.text.slice(split.keyword.start, split.keyword.end).toLowerCase();
}
