/**
 * Regular expressions of Go, run without backtracking: all ways through the expression advance together, one character at a time, so the work is the
 * length of the text times the size of the expression, whatever either says. A bound on the work of one call comes on top.
 */
import { compileRegexp, type Instruction, type Program } from "./compile.ts";
import type { CodeRange } from "./code-ranges.ts";
import { type Assertion, parseRegexp, RegexpProblem } from "./parse.ts";

/** A match: where each group begins and ends, in code points; undefined for a group that took no part. Group 0 is the whole. */
type Places = readonly (number | undefined)[];

/** A compiled expression. */
export interface LinearRegexp {
  /** Is it anywhere in `text`? */
  matches(text: string): boolean;
  /** `text` with each match replaced by `template`: "$1", "${1}", "$name", "${name}" and "$$". Undefined where nothing matches. */
  replace(text: string, template: string): string | undefined;
}

/** What was done so far of what may be done. */
export interface RegexpWork {
  steps: number;
}

/** Steps that some work may take: a second or two. */
const MAX_STEPS = 20_000_000;

/**
 * Reads an expression. `shared`: what several expressions may take together; whoever gives it sets it back. Default: each call has its own. Throws
 * `RegexpProblem`, whose message is the end of a sentence, as calls do that take too long.
 */
export function linearRegexp(expression: string, shared?: RegexpWork): LinearRegexp {
  const program = compileRegexp(parseRegexp(expression));
  return {
    matches: (text) => search(program, codesOf(text), 0, shared ?? { steps: 0 }) !== undefined,
    replace(text, template) {
      const chars = Array.from(text);
      const codes = codesOf(text);
      const work = shared ?? { steps: 0 };
      let result = "";
      let [end, from, found] = [0, 0, false];
      while (from <= chars.length) {
        const places = search(program, codes, from, work);
        if (places === undefined) break;
        found = true;
        const [start = 0, stop = 0] = places;
        result += chars.slice(end, start).join("");
        // An empty match right behind another one is none.
        if (stop > end || start === 0) result += filled(template, chars, places, program.names);
        end = stop;
        from = stop > from ? stop : from + 1;
      }
      return found ? result + chars.slice(end).join("") : undefined;
    },
  };
}

/** Everything that means something in an expression is quoted. */
export function quoteRegexp(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}

function codesOf(text: string): readonly number[] {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}

interface Thread {
  readonly at: number;
  readonly places: Places;
}

/** The first match at or after `from`; of several at one place the one that the expression prefers. */
function search({ code }: Program, text: readonly number[], from: number, work: RegexpWork): Places | undefined {
  let threads: Thread[] = [];
  let best: Places | undefined;
  for (let position = from; position <= text.length; position += 1) {
    const seen = new Uint8Array(code.length);
    const current: Thread[] = [];
    for (const { at, places } of threads) follow(code, { at, places }, { text, position, seen, work }, current);
    if (best === undefined) follow(code, { at: 0, places: [] }, { text, position, seen, work }, current);
    threads = [];
    const char = text[position];
    for (const { at, places } of current) {
      const instruction = code[at];
      if (instruction?.op === "match") {
        best = places;
        // What comes later is preferred less.
        break;
      }
      if (char === undefined || instruction?.op !== "set") continue;
      count(work, instruction.ranges.length);
      if (includes(instruction.ranges, char)) threads.push({ at: at + 1, places });
    }
    if (threads.length === 0 && best !== undefined) break;
  }
  return best;
}

function count(work: RegexpWork, steps: number): void {
  work.steps += steps;
  if (work.steps > MAX_STEPS) throw new RegexpProblem("it takes too long");
}

interface Place {
  readonly text: readonly number[];
  readonly position: number;
  /** Instructions that a thread is at already: another one would do the same, and is preferred less. */
  readonly seen: Uint8Array;
  readonly work: RegexpWork;
}

/** Adds the threads that `start` becomes without taking a character, the preferred first. */
function follow(code: readonly Instruction[], start: Thread, { text, position, seen, work }: Place, into: Thread[]): void {
  const stack = [start];
  for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
    const { at, places } = thread;
    count(work, 1 + places.length);
    if (seen[at] === 1) continue;
    seen[at] = 1;
    const instruction = code[at];
    switch (instruction?.op) {
      case "jump":
        stack.push({ at: instruction.to, places });
        break;
      case "split":
        stack.push({ at: instruction.second, places }, { at: instruction.first, places });
        break;
      case "save": {
        stack.push({ at: at + 1, places: withPlace(places, instruction.slot, position) });
        break;
      }
      case "assert":
        if (holds(instruction.what, text, position)) stack.push({ at: at + 1, places });
        break;
      case "set":
      case "match":
        into.push(thread);
        break;
      case undefined:
        break;
      default:
        instruction satisfies never;
    }
  }
}

function withPlace(places: Places, slot: number, position: number): Places {
  const changed = [...places];
  changed[slot] = position;
  return changed;
}

function includes(ranges: readonly CodeRange[], char: number): boolean {
  return ranges.some(([first, last]) => char >= first && char <= last);
}

function holds(what: Assertion, text: readonly number[], position: number): boolean {
  const isWord = (char: number | undefined): boolean => char !== undefined && /^\w$/.test(String.fromCodePoint(char));
  const isEdge = isWord(text[position - 1]) !== isWord(text[position]);
  switch (what) {
    case "start":
      return position === 0;
    case "end":
      return position === text.length;
    case "line-start":
      return position === 0 || text[position - 1] === 10;
    case "line-end":
      return position === text.length || text[position] === 10;
    case "word":
      return isEdge;
    case "no-word":
      return !isEdge;
    default:
      return what satisfies never;
  }
}

/** The template with what groups have matched; a group that is not there is empty. */
function filled(template: string, chars: readonly string[], places: Places, names: readonly string[]): string {
  return template.replaceAll(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_all, dollar?: string, braced?: string, bare?: string) => {
    if (dollar !== undefined) return "$";
    const name = braced ?? bare ?? "";
    const group = /^\d+$/.test(name) ? Number(name) : names.lastIndexOf(name) + 1;
    const [start, end] = group === 0 && name !== "0" ? [] : [places[2 * group], places[2 * group + 1]];
    return start === undefined || end === undefined ? "" : chars.slice(start, end).join("");
  });
}
