/**
 * What a Dockerfile is once it is read: directives, stages and one tagged union of instructions, every value with its place.
 * Values are as written (after the rules of quoting that belong to the instruction's grammar) and before variable expansion:
 * `expand.ts` does that later, with `ParsedDockerfile.escape`.
 * Reference: BuildKit's Dockerfile frontend 1.26.
 */
import type { SourceFile, SourceRange } from "../source.ts";
import type { FromInstruction, ArgInstruction, StageInstruction } from "./instruction-types.ts";
import type { Word, EscapeToken } from "./text-types.ts";

export type * from "./instruction-types.ts";
export type * from "./text-types.ts";

/** Something to tell the user about the text. "error": the file cannot be built. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Stable name, e.g. "UnknownInstruction"; for warnings BuildKit's rule name, e.g. "NoEmptyContinuation". */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly range: SourceRange;
  /** Other places that belong to it, e.g. the first use of a duplicate flag. */
  readonly related?: readonly SourceRange[];
}

/** `# name=value` at the top of the file. */
export interface Directive {
  readonly name: "syntax" | "escape" | "check";
  readonly value: Word;
  readonly range: SourceRange;
}

/** The directives that were found, each at most once. */
export interface Directives {
  readonly syntax?: Directive;
  readonly escape?: Directive;
  readonly check?: Directive;
}

/** The result of parsing. With a diagnostic of severity "error" it is incomplete: see `checkParsed`. */
export interface ParsedDockerfile {
  readonly file: SourceFile;
  readonly directives: Directives;
  /** `\` unless the escape directive says otherwise; expansion needs it. */
  readonly escape: EscapeToken;
  /** ARG instructions before the first FROM (S25). */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** From one FROM to the next. */
export interface Stage {
  /** 0-based, as `COPY --from=0` counts. */
  readonly index: number;
  /** Lower-cased; absent for a stage without `AS`. */
  readonly name?: string;
  readonly nameAsWritten?: string;
  readonly from: FromInstruction;
  /** Without the FROM. */
  readonly instructions: readonly StageInstruction[];
  /** From the FROM to the end of the last instruction. */
  readonly range: SourceRange;
  /** From a comment above the FROM that starts with the stage's name: `# build compiles everything`. */
  readonly description?: string;
}
