/** The variables and arguments of a shell script as far as they are known without running it, and words with them filled in. Pure. */
import { type ShellPiece, wordPieces } from "./shell-word.ts";

/** A word of a command. */
export interface ScriptWord {
  readonly text: string;
  /** False where it depends on what only a run would show; `text` is as in the script then. */
  readonly known: boolean;
}

/** What a script has set so far. */
export interface ScriptVariables {
  /** $1 and the following. */
  arguments: readonly ScriptWord[] | undefined;
  assign(name: string, value: ScriptWord): void;
  unset(name: string): void;
  /** The words that a word as written becomes: a variable without quotes may be several, or none. */
  expand(word: string): ScriptWord[];
  /** The same as one word, as in an assignment. */
  expandOne(word: string): ScriptWord;
  /** What a word that is one variable may be, where it is not known which of a few texts; undefined for any other. */
  possible(word: string): readonly string[] | undefined;
  snapshot(): VariableValues;
  restore(values: VariableValues): void;
}

/** By name: the text; or those that it may have, none of them for what only a run would show. */
type VariableValues = ReadonlyMap<string, string | readonly string[]>;

/**
 * What holds after one of several ways was taken. A variable that has not the same value after all of them is not known; one that only some of them set is taken to be set.
 */
export function mergeValues(ways: readonly VariableValues[]): VariableValues {
  const merged = new Map<string, string | readonly string[]>();
  for (const name of new Set(ways.flatMap((way) => [...way.keys()]))) {
    const values = ways.flatMap((way) => way.get(name) ?? []);
    const found = ways.flatMap((way) => (way.has(name) ? [way.get(name)] : []));
    const [first] = found;
    if (typeof first === "string" && found.every((one) => one === first)) merged.set(name, first);
    else
      merged.set(
        name,
        found.some((one) => one?.length === 0 && typeof one !== "string") || values.length > MAX_POSSIBLE ? [] : [...new Set(values)],
      );
  }
  return merged;
}

const MAX_CHARS = 4096;
const MAX_DEPTH = 8;
const MAX_POSSIBLE = 16;

/** Starts with `known`; `answers`: what commands say in $(…). */
export function createVariables(known: Readonly<Record<string, string>>, answers: ReadonlyMap<string, string>): ScriptVariables {
  const values = new Map<string, string | readonly string[]>(Object.entries(known));
  const self: ScriptVariables = {
    arguments: [],
    assign: (name, { text, known: isKnown }) => void values.set(name, isKnown && text.length <= MAX_CHARS ? text : []),
    unset: (name) => void values.delete(name),
    expand(word) {
      const pieces = wordPieces(word);
      const [only] = pieces;
      if (only?.kind !== "variable" || pieces.length > 1) return [joined(pieces, 0)];
      if (only.name === "@") return self.arguments === undefined ? [{ text: only.text, known: false }] : [...self.arguments];
      const value = valueOf(only, 0);
      if (value === undefined) return [{ text: only.text, known: false }];
      if (!only.plain) return [{ text: value, known: true }];
      return value
        .split(/\s+/)
        .filter((one) => one !== "")
        .map((text) => ({ text, known: true }));
    },
    expandOne: (word) => joined(wordPieces(word), 0),
    possible(word) {
      const [only, ...more] = wordPieces(word).filter((piece) => piece.kind !== "text" || piece.text !== "");
      const value = only?.kind === "variable" && more.length === 0 ? values.get(only.name) : undefined;
      return typeof value === "string" || value?.length === 0 ? undefined : value;
    },
    snapshot: () => new Map(values),
    restore(before) {
      values.clear();
      for (const [name, value] of before) values.set(name, value);
    },
  };

  function joined(pieces: readonly ShellPiece[], depth: number): ScriptWord {
    let isKnown = true;
    const texts = pieces.map((piece) => {
      const text = piece.kind === "text" ? piece.text : piece.kind === "variable" ? valueOf(piece, depth) : answerOf(piece.text);
      if (text === undefined) isKnown = false;
      return text ?? piece.text;
    });
    return { text: texts.join("").slice(0, MAX_CHARS), known: isKnown };
  }

  function valueOf({ name, otherwise }: Extract<ShellPiece, { kind: "variable" }>, depth: number): string | undefined {
    const value = plainValue(name);
    if (otherwise === undefined || value === undefined || depth > MAX_DEPTH) return value;
    const { operator, word } = otherwise;
    // What is known is set; with a colon an empty value counts as none.
    const isThere = !operator.startsWith(":") || value !== "";
    const takesWord = operator.endsWith("+") ? isThere : !isThere;
    if (!takesWord) return operator.endsWith("+") ? "" : value;
    const other = joined(wordPieces(word), depth + 1);
    return other.known ? other.text : undefined;
  }

  function answerOf(text: string): string | undefined {
    const [, brackets, backquotes] = /^(?:\$\(([^()]*)\)|`([^`]*)`)$/.exec(text) ?? [];
    return answers.get((brackets ?? backquotes ?? "").trim());
  }

  function plainValue(name: string): string | undefined {
    const { arguments: given } = self;
    if (/^[1-9]$/.test(name)) {
      const one = given?.[Number(name) - 1];
      if (one === undefined) return given === undefined ? undefined : "";
      return one.known ? one.text : undefined;
    }
    if (name === "#") return given === undefined ? undefined : String(given.length);
    if (name === "@" || name === "*")
      return given?.every(({ known: isKnown }) => isKnown) === true ? given.map(({ text }) => text).join(" ") : undefined;
    const value = values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  return self;
}
