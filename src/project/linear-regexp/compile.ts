/** An expression as the program of an automaton: every repetition is written out, so that its size bounds the work for each character. */
import type { CodeRange } from "./code-ranges.ts";
import { type Assertion, type ParsedRegexp, type RegexpNode, RegexpProblem } from "./parse.ts";

/** One instruction; the next one follows where none is named. */
export type Instruction =
  | { readonly op: "set"; readonly ranges: readonly CodeRange[] }
  /** Both, the first one preferred. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  /** Remembers the place: 2 n is where group n begins, 2 n + 1 where it ends. */
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "assert"; readonly what: Assertion }
  | { readonly op: "match" };

/** A compiled expression. */
export interface Program {
  readonly code: readonly Instruction[];
  /** Names of groups, by their number from 1 on. */
  readonly names: readonly string[];
}

const MAX_INSTRUCTIONS = 4000;

/** Compiles. Throws `RegexpProblem` for an expression that is too large when its repetitions are written out. */
export function compileRegexp({ root, names }: ParsedRegexp): Program {
  const code: Instruction[] = [];
  const add = <One extends Instruction>(one: One): One => {
    if (code.length >= MAX_INSTRUCTIONS) throw new RegexpProblem("it is too large, with its repetitions written out");
    code.push(one);
    return one;
  };
  const write = (node: RegexpNode): void => {
    switch (node.kind) {
      case "set":
        add({ op: "set", ranges: node.ranges });
        return;
      case "assert":
        add({ op: "assert", what: node.what });
        return;
      case "sequence":
        for (const part of node.parts) write(part);
        return;
      case "group":
        add({ op: "save", slot: 2 * node.index });
        write(node.part);
        add({ op: "save", slot: 2 * node.index + 1 });
        return;
      case "choice":
        writeChoice(node.options);
        return;
      case "repeat":
        writeRepeat(node);
        return;
      default:
        node satisfies never;
    }
  };
  const writeChoice = (options: readonly RegexpNode[]): void => {
    const ends: { to: number }[] = [];
    for (const [index, option] of options.entries()) {
      if (index === options.length - 1) write(option);
      else {
        const split = add({ op: "split", first: code.length + 1, second: 0 });
        write(option);
        ends.push(add({ op: "jump", to: 0 }));
        split.second = code.length;
      }
    }
    for (const end of ends) end.to = code.length;
  };
  const writeRepeat = ({ part, min, max, isLazy }: Extract<RegexpNode, { readonly kind: "repeat" }>): void => {
    const fork = (): { leave: (to: number) => void } => {
      const split = add({ op: "split", first: code.length + 1, second: code.length + 1 });
      return {
        leave(to) {
          if (isLazy) split.first = to;
          else split.second = to;
        },
      };
    };
    for (let count = 0; count < min; count += 1) write(part);
    if (max === Infinity) {
      const start = code.length;
      const split = fork();
      write(part);
      add({ op: "jump", to: start });
      split.leave(code.length);
      return;
    }
    const forks = [];
    for (let count = min; count < max; count += 1) {
      forks.push(fork());
      write(part);
    }
    for (const split of forks) split.leave(code.length);
  };
  add({ op: "save", slot: 0 });
  write(root);
  add({ op: "save", slot: 1 });
  add({ op: "match" });
  return { code, names };
}
