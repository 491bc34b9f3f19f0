/**
 * Variable expansion as BuildKit's shell lexer does it (rules S15-S19): `$x`, `${x}` with modifiers, quotes and escapes.
 * Not a shell: no commands, no arithmetic, no globbing of files. Every part is expanded, also a default that is not used.
 */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { ExpandProblem } from "./expand-problem.ts";
import { createVariables, type UsedNames } from "./expand-variables.ts";
import { type ExpandRules, expandText } from "./expander.ts";
import type { Environment } from "./types.ts";
import { createWordCollector } from "./word-collector.ts";

/** How to expand. */
export interface ExpandOptions extends ExpandRules {
  /** Where the text is from, for errors. */
  readonly range?: SourceRange | undefined;
}

/** What came out, and which variables were asked for. */
export interface Expansion extends UsedNames {
  readonly value: string;
}

/** The same, split at white space that was not quoted. Empty words are dropped. */
interface WordsExpansion extends UsedNames {
  readonly words: readonly string[];
}

const MAX_SHOWN = 80;

/**
 * Expands `text` to one value. Throws `DOCKERFILE_SEMANTIC` for bad syntax ("bad substitution", an open quote), for `${x:?message}`, and
 * when the result would be longer than 16 Mi characters or is nested deeper than 200.
 */
export function expandWord(text: string, env: Environment, options: ExpandOptions): Expansion {
  const variables = createVariables(env);
  return expanded(text, options, () => ({ value: expandText(text, variables, options), ...variables.names() }));
}

/** Expands `text` and splits the result into words, after expansion: one variable may give several words (EXPOSE). Throws as `expandWord`. */
export function expandWords(text: string, env: Environment, options: ExpandOptions): WordsExpansion {
  const variables = createVariables(env);
  const words = createWordCollector();
  return expanded(text, options, () => {
    expandText(text, variables, options, words);
    return { words: words.finish(), ...variables.names() };
  });
}

function expanded<Result>(text: string, options: ExpandOptions, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExpandProblem)) throw error;
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    throw semanticError(`Cannot expand "${shown}": ${error.message}`, { range: options.range, hint: error.hint });
  }
}
