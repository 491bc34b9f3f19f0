/**
 * The parser: a text in, stages and diagnostics out. Recovers after every mistake, so that all of them can be shown; `checkParsed` stops at the first.
 */
import { DecantError, isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { SourceFile } from "../source.ts";
import { readDirectives } from "./directives.ts";
import { syntaxError, toDiagnostic } from "./errors.ts";
import { findHeredocs } from "./heredoc.ts";
import { readInstruction } from "./instructions/dispatch.ts";
import { describe } from "./instructions/pairs.ts";
import { createLexer, type Lexer, type LogicalLine } from "./lexer.ts";
import { createLocator } from "./locate.ts";
import { readStatement } from "./statement.ts";
import type {
  ArgInstruction,
  Diagnostic,
  EscapeToken,
  FromInstruction,
  Instruction,
  ParsedDockerfile,
  Stage,
  StageInstruction,
  TriggerInstruction,
} from "./types.ts";

/** More than this many mistakes are not mistakes but another language. */
const MAX_ERRORS = 100;

/** Parses a Dockerfile. Bytes must be UTF-8; a byte order mark is dropped. Never throws for any text. */
export function parseDockerfile(text: string | Uint8Array, options: { readonly name: string }): ParsedDockerfile {
  const { decoded, isLossy } = decode(text);
  const file: SourceFile = { name: options.name, text: decoded };
  const locator = createLocator(file);
  const block = readDirectives(locator);
  const lexer = createLexer(locator, block.escape, block.endLine);
  const start = locator.range(0, 0);
  const report = createReport();
  for (const error of [...block.errors, ...lexer.errors]) report.error(error, (known) => toDiagnostic(known, start));

  const build = createBuild();
  let instructions = 0;
  for (let line = lexer.next(); line !== undefined && !report.isFull(); line = lexer.next()) {
    instructions += 1;
    const instruction = readLine(line, lexer, block.escape, report);
    if (instruction === "stop") break;
    if (instruction === undefined) continue;
    if (isLossy && instruction.original.includes("\ufffd")) report.add(notUtf8(instruction));
    const problem = build.add(instruction);
    // After a mistake, perhaps in the FROM itself, this would only repeat it.
    if (problem !== undefined && !report.hasErrors()) report.add(problem);
  }
  const { metaArgs, stages } = build.finish();
  if (stages.length === 0 && !report.hasErrors())
    report.error(noStages(decoded, instructions, start), (known) => toDiagnostic(known, start));
  return { file, directives: block.directives, escape: block.escape, metaArgs, stages, diagnostics: report.finish() };
}

/** Throws the first error of `parsed` as `DOCKERFILE_SYNTAX`, with its places; all of them are in `details.errors`. Does nothing without one. */
export function checkParsed(parsed: ParsedDockerfile): void {
  const errors = parsed.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  throw new DecantError("DOCKERFILE_SYNTAX", first.message, {
    source: [first.range, ...(first.related ?? [])],
    details: {
      diagnostic: first.code,
      errors: errors.map(({ code, message, range }) => ({ code, message, line: range.start.line, column: range.start.column })),
    },
    hint: first.hint,
  });
}

/**
 * Parses the text of one instruction, as an image's `OnBuild` holds it. Throws `DOCKERFILE_SYNTAX` when it is not exactly one, or not allowed as a
 * trigger (S57).
 */
export function parseTrigger(text: string, options: { readonly name: string }): TriggerInstruction {
  const parsed = parseLines(text, options.name);
  const [instruction, ...more] = parsed.instructions;
  const [problem] = parsed.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (problem !== undefined) throw syntaxError(problem.code, problem.message, { range: problem.range, hint: problem.hint });
  const { range } = parsed;
  if (instruction === undefined || more.length > 0) {
    throw syntaxError(
      "OnbuildTrigger",
      `Cannot run the ONBUILD trigger "${text}": it has ${parsed.instructions.length} instructions; exactly one is wanted`,
      { range },
    );
  }
  if (instruction.kind === "from" || instruction.kind === "onbuild" || instruction.kind === "maintainer") {
    const name = instruction.kind.toUpperCase();
    throw syntaxError("OnbuildForbidden", `Cannot run the ONBUILD trigger "${text}": ${name} isn't allowed as an ONBUILD trigger`, {
      range,
    });
  }
  return instruction;
}

function parseLines(text: string, name: string) {
  const locator = createLocator({ name, text });
  const lexer = createLexer(locator, "\\", 0);
  const report = createReport();
  const instructions: Instruction[] = [];
  for (let line = lexer.next(); line !== undefined && !report.isFull(); line = lexer.next()) {
    const instruction = readLine(line, lexer, "\\", report);
    if (instruction === "stop") break;
    if (instruction !== undefined) instructions.push(instruction);
  }
  return { instructions, diagnostics: report.finish(), range: locator.range(0, text.length) };
}

/** One instruction, or undefined after a mistake; "stop" when nothing separates the rest of the text. */
function readLine(line: LogicalLine, lexer: Lexer, escape: EscapeToken, report: Report): Instruction | "stop" | undefined {
  if (line.emptyContinuation !== undefined) {
    report.add({
      severity: "warning",
      code: "NoEmptyContinuation",
      message: "Empty continuation line: empty continuation lines will become errors in a future release",
      hint: "Remove the empty line, or put # on it",
      range: line.emptyContinuation,
    });
  }
  try {
    return readInstruction(readStatement(line, lexer, escape), report.add);
  } catch (error) {
    const diagnostic = report.error(error, (known) => toDiagnostic(known, line.range(0, line.text.length)));
    if (diagnostic.code === "UnterminatedHeredoc") return "stop";
    // RUM <<EOF: what follows is a body, not instructions.
    if (diagnostic.code === "UnknownInstruction") for (const word of findHeredocs(line.text)) lexer.heredoc(word.name, word.chomp);
    return undefined;
  }
}

interface Report {
  readonly add: (diagnostic: Diagnostic) => void;
  /** Adds what a reader threw; rethrows what is no mistake of the text. */
  error(error: unknown, convert: (known: DecantError) => Diagnostic): Diagnostic;
  hasErrors(): boolean;
  isFull(): boolean;
  finish(): Diagnostic[];
}

function createReport(): Report {
  const diagnostics: Diagnostic[] = [];
  let errors = 0;
  const add = (diagnostic: Diagnostic): void => {
    diagnostics.push(diagnostic);
    if (diagnostic.severity === "error") errors += 1;
  };
  return {
    add,
    error: (error, convert) => {
      if (!isDecantError(error, "DOCKERFILE_SYNTAX") && !isDecantError(error, "DOCKERFILE_SEMANTIC")) throw error;
      const diagnostic = convert(error);
      add(diagnostic);
      return diagnostic;
    },
    hasErrors: () => errors > 0,
    isFull: () => errors >= MAX_ERRORS,
    finish: () => diagnostics.toSorted((a, b) => a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column),
  };
}

interface Draft {
  readonly from: FromInstruction;
  readonly instructions: StageInstruction[];
}

function createBuild() {
  const metaArgs: ArgInstruction[] = [];
  const drafts: Draft[] = [];
  return {
    add: (instruction: Instruction): Diagnostic | undefined => {
      if (instruction.kind === "from") {
        drafts.push({ from: instruction, instructions: [] });
        return undefined;
      }
      const stage = drafts.at(-1);
      if (stage !== undefined) {
        stage.instructions.push(instruction);
        return undefined;
      }
      if (instruction.kind === "arg") {
        metaArgs.push(instruction);
        return undefined;
      }
      return outsideStage(instruction);
    },
    finish: () => ({ metaArgs, stages: drafts.map(toStage) }),
  };
}

function toStage(draft: Draft, index: number): Stage {
  const { from, instructions } = draft;
  const written = from.stageName?.text;
  const name = written?.toLowerCase();
  const description = name === undefined ? undefined : describe(from.comments, name);
  const end = (instructions.at(-1) ?? from).range.end;
  return {
    index,
    from,
    instructions,
    range: { ...from.range, end },
    ...(name === undefined || written === undefined ? {} : { name, nameAsWritten: written }),
    ...given({ description }),
  };
}

function decode(text: string | Uint8Array): { decoded: string; isLossy: boolean } {
  if (typeof text === "string") return { decoded: text.startsWith("\ufeff") ? text.slice(1) : text, isLossy: false };
  try {
    return { decoded: new TextDecoder("utf-8", { fatal: true }).decode(text), isLossy: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { decoded: new TextDecoder().decode(text), isLossy: true };
  }
}

function outsideStage(instruction: Instruction): Diagnostic {
  const name = instruction.kind.toUpperCase();
  return {
    severity: "error",
    code: "NoStage",
    message: `Cannot use ${name} before the first FROM: no build stage in current context; only ARG may stand there`,
    hint: "Begin the file with FROM",
    range: instruction.keyword.range,
  };
}

/** Comments may hold anything, but what is built must not be changed by a guess. */
function notUtf8(instruction: Instruction): Diagnostic {
  return {
    severity: "error",
    code: "NotUtf8",
    message: `Cannot read ${instruction.kind.toUpperCase()}: it is not valid UTF-8`,
    hint: "Save the file as UTF-8",
    range: instruction.range,
  };
}

function noStages(text: string, instructions: number, range: Diagnostic["range"]): Error {
  if (text === "") return syntaxError("Empty", "Cannot build: the Dockerfile cannot be empty", { range, hint: "Begin the file with FROM" });
  const state = instructions === 0 ? "file with no instructions" : "dockerfile contains no stages to build";
  return syntaxError("NoStages", `Cannot build the Dockerfile: ${state}`, { range, hint: "Begin the file with FROM" });
}
