/** Parsed Dockerfiles as short text that a human can compare, for tests. */
import type { SourceRange } from "../../src/source.ts";
import { parseDockerfile } from "../../src/dockerfile/index.ts";
import type { CommandLine, Diagnostic, Instruction, ParsedDockerfile, StageInstruction, Word } from "../../src/dockerfile/index.ts";

/** The instructions of the only stage of `body`, which goes behind "FROM scratch". Throws for any diagnostic. */
export function parseBody(body: string): StageInstruction[] {
  const parsed = parseDockerfile(`FROM scratch\n${body}`, { name: "Dockerfile" });
  const [problem] = parsed.diagnostics;
  if (problem !== undefined) throw new Error(showDiagnostic(problem));
  return [...(parsed.stages[0]?.instructions ?? [])];
}

/** Every instruction of a file, also those before the first FROM. */
export function allInstructions(parsed: ParsedDockerfile): Instruction[] {
  return [...parsed.metaArgs, ...parsed.stages.flatMap((stage) => [stage.from, ...stage.instructions])];
}

/** "error UnknownInstruction 2:1-2:4 Cannot …". */
export function showDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.severity} ${diagnostic.code} ${showRange(diagnostic.range)} ${diagnostic.message}`;
}

/** "2:1-2:4". */
export function showRange(range: SourceRange): string {
  return `${range.start.line}:${range.start.column}-${range.end.line}:${range.end.column}`;
}

/** What `range` covers in its file. */
export function textOf(range: SourceRange): string {
  const starts = [0];
  for (const match of range.file.text.matchAll(/\n/g)) starts.push(match.index + 1);
  const offset = (place: SourceRange["start"]): number => (starts[place.line - 1] ?? 0) + place.column - 1;
  return range.file.text.slice(offset(range.start), offset(range.end));
}

/** One line for each instruction: its kind and the values of its fields. */
export function showInstruction(instruction: Instruction): string {
  const { kind, keyword: _keyword, range: _range, line: _line, original: _original, comments: _comments, ...fields } = instruction;
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    const shown = showValue(value);
    return shown === "" || shown === "[]" ? [] : [`${name}=${shown}`];
  });
  return [kind, ...parts].join(" ");
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isInstruction(value)) return `{${showInstruction(value)}}`;
  if (isCommandLine(value)) return value.form === "shell" ? `sh ${JSON.stringify(value.text)}` : `exec ${showValue(value.args)}`;
  if (isWord(value)) return JSON.stringify(value.text);
  const fields = Object.entries(value).filter(([name]) => name !== "range");
  return `{${fields.map(([name, field]) => `${name}: ${showValue(field)}`).join(", ")}}`;
}

function isInstruction(value: object): value is Instruction {
  return "kind" in value && "keyword" in value;
}

function isCommandLine(value: object): value is CommandLine {
  return "form" in value;
}

function isWord(value: object): value is Word {
  return "text" in value && "range" in value && Object.keys(value).length === 2;
}
