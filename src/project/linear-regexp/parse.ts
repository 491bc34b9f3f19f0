/**
 * Regular expressions as Go's package regexp writes them (RE2), read into a tree. There are no backreferences and no look-around in that language,
 * which is what makes matching in linear time possible. What is not in the language is refused.
 */

import { classOf, type CodeRange, folded, inverted, MAX_CODE, namedClass } from "./code-ranges.ts";

/** A part of an expression. */
export type RegexpNode =
  | { readonly kind: "set"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly parts: readonly RegexpNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexpNode[] }
  | { readonly kind: "repeat"; readonly part: RegexpNode; readonly min: number; readonly max: number; readonly isLazy: boolean }
  | { readonly kind: "group"; readonly part: RegexpNode; readonly index: number }
  | { readonly kind: "assert"; readonly what: Assertion };

/** Where an assertion holds: at the ends of the text, at those of a line, at the edge of a word or anywhere else. */
export type Assertion = "start" | "end" | "line-start" | "line-end" | "word" | "no-word";

/** A read expression. */
export interface ParsedRegexp {
  readonly root: RegexpNode;
  /** Names of groups, by their number from 1 on; "" for a group without a name. */
  readonly names: readonly string[];
}

/** What is wrong with an expression; the message is the end of a sentence. */
export class RegexpProblem extends Error {}

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  /** Quantifiers are lazy, and with "?" greedy. */
  readonly ungreedy: boolean;
}

/** As RE2. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 200;
const MAX_LENGTH = 4096;
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["f", 12],
  ["t", 9],
  ["n", 10],
  ["r", 13],
  ["v", 11],
]);

/** Reads an expression. Throws `RegexpProblem`. */
export function parseRegexp(text: string): ParsedRegexp {
  const chars = Array.from(text);
  if (chars.length > MAX_LENGTH) throw new RegexpProblem(`it is longer than ${MAX_LENGTH} characters`);
  const reader = new Reader(chars);
  const root = reader.choice({ ignoreCase: false, multiline: false, dotAll: false, ungreedy: false }, 0);
  if (!reader.isAtEnd) throw new RegexpProblem('it has ")" without "("');
  return { root, names: reader.names };
}

/** Goes through an expression from its beginning to its end. */
class Reader {
  readonly names: string[] = [];
  readonly #chars: readonly string[];
  #at = 0;

  constructor(chars: readonly string[]) {
    this.#chars = chars;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#chars.length;
  }

  choice(given: Flags, depth: number): RegexpNode {
    if (depth > MAX_DEPTH) throw new RegexpProblem(`it is nested more than ${MAX_DEPTH} deep`);
    let flags = given;
    const options: RegexpNode[] = [];
    let parts: RegexpNode[] = [];
    for (;;) {
      const char = this.#chars[this.#at];
      if (char === undefined || char === ")" || char === "|") {
        options.push({ kind: "sequence", parts });
        parts = [];
        if (char !== "|") return options.length === 1 ? { kind: "sequence", parts: options } : { kind: "choice", options };
        this.#at += 1;
        continue;
      }
      if (this.#startsFlags()) {
        this.#at += 2;
        const set = this.#flags(flags);
        if (this.#takes(")")) {
          flags = set;
          continue;
        }
        this.#expect(":");
        parts.push(this.#repeated(this.#closed(set, depth), set));
        continue;
      }
      parts.push(...this.#literalText(flags), ...(this.#isStartOfAtom() ? [this.#repeated(this.#atom(flags, depth), flags)] : []));
    }
  }

  /** After `\Q`: everything up to `\E` is meant as it stands. */
  #literalText(flags: Flags): RegexpNode[] {
    const parts: RegexpNode[] = [];
    if (!this.#takes("\\Q")) return parts;
    while (!this.isAtEnd && !this.#takes("\\E")) parts.push(literal(this.#next(), flags));
    const last = parts.pop();
    return last === undefined ? [] : [...parts, this.#repeated(last, flags)];
  }

  #isStartOfAtom(): boolean {
    const char = this.#chars[this.#at];
    return (
      char !== undefined && char !== ")" && char !== "|" && !(char === "\\" && this.#chars[this.#at + 1] === "Q") && !this.#startsFlags()
    );
  }

  /** "(?i)" or "(?i:…": "(?P<" and "(?<" name a group. */
  #startsFlags(): boolean {
    return this.#chars[this.#at] === "(" && this.#chars[this.#at + 1] === "?" && !/[P<]/.test(this.#chars[this.#at + 2] ?? "");
  }

  #takes(text: string): boolean {
    if (this.#chars.slice(this.#at, this.#at + text.length).join("") !== text) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new RegexpProblem(`"${text}" is missing`);
  }

  #next(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new RegexpProblem("it ends too early");
    this.#at += 1;
    return char;
  }

  /** "i", "ms-U": up to ":" or ")". */
  #flags(before: Flags): Flags {
    let [flags, isOn] = [before, true];
    for (let char = this.#chars[this.#at]; char !== undefined && char !== ":" && char !== ")"; char = this.#chars[this.#at]) {
      this.#at += 1;
      if (char === "-" && isOn) isOn = false;
      else if (char === "i") flags = { ...flags, ignoreCase: isOn };
      else if (char === "m") flags = { ...flags, multiline: isOn };
      else if (char === "s") flags = { ...flags, dotAll: isOn };
      else if (char === "U") flags = { ...flags, ungreedy: isOn };
      else throw new RegexpProblem(`"(?${char}" is not in the language`);
    }
    return flags;
  }

  #closed(flags: Flags, depth: number): RegexpNode {
    const part = this.choice(flags, depth + 1);
    this.#expect(")");
    return part;
  }

  #atom(flags: Flags, depth: number): RegexpNode {
    const char = this.#next();
    switch (char) {
      case "(": {
        const index = this.names.push(this.#groupName());
        return { kind: "group", part: this.#closed(flags, depth), index };
      }
      case "[":
        return { kind: "set", ranges: this.#bracket(flags) };
      case ".":
        return { kind: "set", ranges: flags.dotAll ? [[0, MAX_CODE]] : inverted([[10, 10]]) };
      case "^":
        return { kind: "assert", what: flags.multiline ? "line-start" : "start" };
      case "$":
        return { kind: "assert", what: flags.multiline ? "line-end" : "end" };
      case "*":
      case "+":
      case "?":
        throw new RegexpProblem(`"${char}" has nothing to repeat`);
      case "\\":
        return this.#escape(flags);
      default:
        return literal(char, flags);
    }
  }

  #groupName(): string {
    if (!this.#takes("?P<") && !this.#takes("?<")) return "";
    let name = "";
    for (let char = this.#next(); char !== ">"; char = this.#next()) name += char;
    if (!/^\w+$/.test(name) || this.names.includes(name)) throw new RegexpProblem(`"${name}" cannot name a group`);
    return name;
  }

  #escape(flags: Flags): RegexpNode {
    const char = this.#next();
    const assertion = ({ A: "start", z: "end", b: "word", B: "no-word" } as const)[char];
    if (assertion !== undefined) return { kind: "assert", what: assertion };
    const ranges = classOf(char);
    if (ranges !== undefined) return { kind: "set", ranges };
    return literal(String.fromCodePoint(this.#escaped(char)), flags);
  }

  /** The code point that `\char` means. */
  #escaped(char: string): number {
    const control = CONTROLS.get(char);
    if (control !== undefined) return control;
    if (char === "x") return this.#hex();
    if (/^[0-7]$/.test(char)) return this.#octal(char);
    // Letters may come to mean something.
    if (/^[A-Za-z0-9]$/.test(char)) throw new RegexpProblem(`"\\${char}" is not in the language`);
    return char.codePointAt(0) ?? 0;
  }

  #hex(): number {
    let digits = "";
    if (this.#takes("{")) for (let char = this.#next(); char !== "}"; char = this.#next()) digits += char;
    else digits = this.#next() + this.#next();
    const code = /^[0-9a-f]{1,6}$/i.test(digits) ? Number.parseInt(digits, 16) : Infinity;
    if (code > MAX_CODE) throw new RegexpProblem(`"\\x${digits}" is no character`);
    return code;
  }

  /** "\0", "\123"; one digit other than 0 would be a backreference. */
  #octal(first: string): number {
    let digits = first;
    while (digits.length < 3 && /^[0-7]$/.test(this.#chars[this.#at] ?? "")) digits += this.#next();
    if (digits.length === 1 && first !== "0") throw new RegexpProblem(`"\\${first}" is not in the language: there are no backreferences`);
    return Number.parseInt(digits, 8);
  }

  #bracket(flags: Flags): CodeRange[] {
    const isNegated = this.#takes("^");
    const ranges: CodeRange[] = [];
    for (let isFirst = true; isFirst || this.#chars[this.#at] !== "]"; isFirst = false) {
      const named = this.#namedClass();
      if (named !== undefined) {
        ranges.push(...named);
        continue;
      }
      const first = this.#bracketEnd(ranges);
      if (first === undefined) continue;
      const isRange = this.#chars[this.#at] === "-" && this.#chars[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      const last = isRange ? this.#bracketEnd([]) : first;
      if (last === undefined || last < first) throw new RegexpProblem("a range of characters goes backwards");
      ranges.push([first, last]);
    }
    this.#at += 1;
    const all = flags.ignoreCase ? folded(ranges) : ranges;
    return isNegated ? inverted(all) : all;
  }

  /** One character of brackets; a class goes into `ranges`. */
  #bracketEnd(ranges: CodeRange[]): number | undefined {
    const char = this.#next();
    if (char !== "\\") return char.codePointAt(0);
    const escaped = this.#next();
    const known = classOf(escaped);
    if (known === undefined) return this.#escaped(escaped);
    ranges.push(...known);
    return undefined;
  }

  #namedClass(): readonly CodeRange[] | undefined {
    const found = /^\[:(\^?)([a-z]+):\]/.exec(this.#chars.slice(this.#at, this.#at + 12).join(""));
    if (found === null) return undefined;
    const [all = "", negated, name = ""] = found;
    const ranges = namedClass(name);
    if (ranges === undefined) throw new RegexpProblem(`"${all}" is no class of characters`);
    this.#at += all.length;
    return negated === "^" ? inverted(ranges) : ranges;
  }

  #repeated(part: RegexpNode, { ungreedy }: Flags): RegexpNode {
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    const isLazy = this.#takes("?") !== ungreedy;
    if (this.#bounds() !== undefined) throw new RegexpProblem("one repetition follows another");
    return { kind: "repeat", part, ...bounds, isLazy };
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    if (this.#takes("*")) return { min: 0, max: Infinity };
    if (this.#takes("+")) return { min: 1, max: Infinity };
    if (this.#takes("?")) return { min: 0, max: 1 };
    const found = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(""));
    // A brace that is no repetition is a character.
    if (found === null) return undefined;
    const [all, low = "", comma, high] = found;
    const min = Number(low);
    const max = comma === undefined ? min : high === undefined ? Infinity : Number(high);
    if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || max < min)))
      throw new RegexpProblem(`it cannot repeat "${all}": wanted at most ${MAX_REPEAT} times`);
    this.#at += all.length;
    return { min, max };
  }
}

function literal(char: string, { ignoreCase }: Flags): RegexpNode {
  const code = char.codePointAt(0) ?? 0;
  const ranges: CodeRange[] = [[code, code]];
  return { kind: "set", ranges: ignoreCase ? folded(ranges) : ranges };
}
