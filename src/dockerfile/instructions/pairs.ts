/** ENV, LABEL and ARG: names and values. Quotes and escapes stay in the texts; expansion removes them. */
import { given } from "../../given.ts";
import type { SourceRange } from "../../source.ts";
import { syntaxError } from "../errors.ts";
import { readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import { isBlank, type Slice } from "../slices.ts";
import type { ArgDeclaration, ArgInstruction, EnvInstruction, KeyValue, LabelInstruction, Word } from "../types.ts";
import { quotedWords, wordAt } from "../split-line.ts";

/** ENV. */
export function readEnv(statement: Statement): EnvInstruction {
  const pairs = readPairs(statement);
  readFlags(statement, {});
  return { ...statement.base, kind: "env", pairs };
}

/** LABEL. */
export function readLabel(statement: Statement): LabelInstruction {
  const pairs = readPairs(statement);
  readFlags(statement, {});
  return { ...statement.base, kind: "label", pairs };
}

/** ARG. */
export function readArg(statement: Statement): ArgInstruction {
  const { line, args, escape, base } = statement;
  readFlags(statement, {});
  const words = quotedWords(line.text, args, escape);
  if (words.length === 0) throw missingArgument(statement, "Write ARG name or ARG name=default");
  const declarations = words.map((slice): ArgDeclaration => {
    const { key, value, range } = splitPair(statement, slice);
    if (key.text === "") throw blankName(statement, range);
    const description = describe(base.comments, key.text);
    return { key, range, ...given({ value, description }) };
  });
  return { ...base, kind: "arg", args: declarations };
}

/** What a comment above says of `name`: "name some words" → "some words". */
export function describe(comments: readonly Word[], name: string): string | undefined {
  return comments.find((comment) => comment.text.startsWith(`${name} `))?.text.slice(name.length + 1);
}

function readPairs(statement: Statement): KeyValue[] {
  const { line, args, escape } = statement;
  const words = quotedWords(line.text, args, escape);
  const [first] = words;
  if (first === undefined) throw missingArgument(statement, `Write ${statement.name.toUpperCase()} name=value`);
  if (!line.text.slice(first.start, first.end).includes("=")) return [readLegacyPair(statement)];
  return words.map((slice) => {
    const { key, value, range } = splitPair(statement, slice);
    if (value === undefined) {
      throw syntaxError(
        "MissingEquals",
        `Cannot parse ${statement.name.toUpperCase()}: Syntax error - can't find = in "${key.text}". Must be of the form: name=value`,
        {
          range,
          hint: "Put values with blanks in double quotes",
        },
      );
    }
    if (key.text === "") throw blankName(statement, range);
    return { key, value, range, legacy: false };
  });
}

/** `ENV name the whole rest` (S12). */
function readLegacyPair(statement: Statement): KeyValue {
  const { line, args } = statement;
  let keyEnd = args.start;
  while (keyEnd < args.end && !isBlank(line.text.charCodeAt(keyEnd))) keyEnd += 1;
  let valueStart = keyEnd;
  while (valueStart < args.end && isBlank(line.text.charCodeAt(valueStart))) valueStart += 1;
  const name = statement.name.toUpperCase();
  if (valueStart === args.end) {
    throw syntaxError("MissingValue", `Cannot parse ${name}: ${name} must have two arguments`, {
      range: line.range(args.start, args.end),
      hint: `Write ${name} name=value`,
    });
  }
  return {
    key: wordAt(line, { start: args.start, end: keyEnd }),
    value: wordAt(line, { start: valueStart, end: args.end }),
    range: line.range(args.start, args.end),
    legacy: true,
  };
}

function splitPair(statement: Statement, slice: Slice): { key: Word; value?: Word; range: SourceRange } {
  const { line } = statement;
  const range = line.range(slice.start, slice.end);
  const equals = line.text.indexOf("=", slice.start);
  if (equals < 0 || equals >= slice.end) return { key: wordAt(line, slice), range };
  const key = wordAt(line, { start: slice.start, end: equals });
  return { key, value: wordAt(line, { start: equals + 1, end: slice.end }), range };
}

function missingArgument(statement: Statement, hint: string): Error {
  const name = statement.name.toUpperCase();
  return syntaxError("MissingArgument", `Cannot parse ${name}: ${name} requires at least one argument`, {
    range: statement.base.range,
    hint,
  });
}

function blankName(statement: Statement, range: SourceRange): Error {
  const name = statement.name.toUpperCase();
  return syntaxError("BlankName", `Cannot parse ${name}: ${name} names can not be blank`, { range, hint: "Write a name before the =" });
}
