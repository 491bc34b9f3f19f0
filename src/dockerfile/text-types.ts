/** Pieces of a Dockerfile below its instructions: words, flags, heredocs, commands, and where variables come from. */
import type { SourceRange } from "../source.ts";

/** A piece of text and where it stands. `range` covers what was written (quotes included), `text` is the value. */
export interface Word {
  readonly text: string;
  readonly range: SourceRange;
}

/** A boolean flag that was given, e.g. `--link` or `--link=false`. */
export interface BoolFlag {
  readonly value: boolean;
  readonly range: SourceRange;
}

/** The character that escapes and continues lines: `# escape=`. */
export type EscapeToken = "\\" | "`";

/** `<<EOF … EOF`. */
export interface Heredoc {
  /** The delimiter, quotes removed; the file name in COPY and ADD. */
  readonly name: string;
  /** The body as it stands in the file (CRLF and tabs kept), with its last newline. */
  readonly raw: string;
  /** The body to use: `raw`, without leading tabs for `<<-`. */
  readonly content: string;
  /** False when any part of the delimiter was quoted. Only COPY and ADD expand (S107, S109). */
  readonly expand: boolean;
  /** `<<-`. */
  readonly chomp: boolean;
  /** `3<<EOF`; 0 when absent. */
  readonly fileDescriptor: number;
  /** The body with the line of the delimiter. */
  readonly range: SourceRange;
}

/** What RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD run. `RUN` without anything is shell form with the text "". */
export type CommandLine =
  | { readonly form: "exec"; readonly args: readonly Word[]; readonly range: SourceRange }
  | { readonly form: "shell"; readonly text: string; readonly range: SourceRange };

/** A variable's value, or undefined where it is unset. */
export type Lookup = (name: string) => string | undefined;
/** Where variables come from. */
export type Environment = ReadonlyMap<string, string> | Lookup;
