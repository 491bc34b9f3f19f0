/** Goes through a script as a shell would, and notes each command. Nothing is run; `readScript` says what is known and what is not. Pure. */
import { given } from "../../given.ts";
import type { ShellCommand, ShellList, ShellNode, ShellRedirection } from "./parse-shell.ts";
import { ASSIGNMENT, assignWords, DONE, type Outcome, type SurePlace, runBuiltin, type Sureness } from "./script-builtins.ts";
import { not, patternFits, versionStatus } from "./script-conditions.ts";
import { createVariables, mergeValues, type ScriptVariables, type ScriptWord } from "./script-variables.ts";

/** One command. */
export interface ScriptCommand {
  /** The name first. */
  readonly words: readonly ScriptWord[];
  /** As in the script, on one line. */
  readonly text: string;
  /** The files that its output goes to. */
  readonly writes: readonly ScriptWord[];
  /** Calls a function of the script; the commands of its body come next. */
  readonly isCall: boolean;
  /** The call whose body it is in. */
  readonly inside?: ScriptCommand;
}

/** Whose script it is. */
export interface ScriptOrigin {
  readonly package: string;
  readonly architecture: string;
  readonly script: "preinst" | "postinst";
}

/** How a script is gone through. */
interface WalkOptions {
  readonly origin: ScriptOrigin;
  /** Its arguments. */
  readonly given: readonly ScriptWord[];
  /** Where its commands are put, in order. */
  readonly found: ScriptCommand[];
}

const MAX_COMMANDS = 5000;
const MAX_STEPS = 50_000;
const MAX_CALLS = 8;
const MAX_LOOP_WORDS = 256;

/** False when it was cut short: a script may loop for ever. */
export function walkScript(root: ShellNode, options: WalkOptions): boolean {
  return new Walk(options).run(root);
}

interface Place extends SurePlace {
  readonly inside: ScriptCommand | undefined;
  readonly depth: number;
}

interface MaybeOptions {
  readonly isOne?: boolean;
  /** Of each way in itself. */
  readonly sure?: Sureness;
}

const NOWHERE: Sureness = { script: false, call: false, loop: false };

type AndOr = Extract<ShellNode, { kind: "and" | "or" }>;

class Walk {
  readonly #variables: ScriptVariables;
  /** Several where it is not known which definition holds. */
  readonly #functions = new Map<string, readonly ShellNode[]>();
  readonly #found: ScriptCommand[];
  #steps = 0;
  /** What the function that is read may answer before its end. */
  #returns: (boolean | undefined)[] = [];

  constructor({ origin, given, found }: WalkOptions) {
    this.#found = found;
    this.#variables = createVariables(
      {
        DPKG_ROOT: "",
        DPKG_MAINTSCRIPT_PACKAGE: origin.package,
        DPKG_MAINTSCRIPT_NAME: origin.script,
        DPKG_MAINTSCRIPT_ARCH: origin.architecture,
      },
      // All packages of a base are of its own architecture.
      new Map(origin.architecture === "all" ? [] : [["dpkg --print-architecture", origin.architecture]]),
    );
    this.#variables.arguments = given;
  }

  /** False when it was cut short. */
  run(root: ShellNode): boolean {
    this.#node(root, { sure: { script: true, call: true, loop: true }, inside: undefined, depth: 0 });
    return !this.#isOver();
  }

  #isOver(): boolean {
    return this.#steps >= MAX_STEPS || this.#found.length >= MAX_COMMANDS;
  }

  #node(node: ShellNode, place: Place): Outcome {
    this.#steps += 1;
    if (this.#isOver()) return { status: undefined, ends: "script" };
    switch (node.kind) {
      case "command":
        return this.#command(node, place);
      case "list":
        return this.#list(node, place);
      case "not":
        return withStatus(this.#node(node.node, place), not);
      case "and":
      case "or":
        return this.#andOr(node, place);
      case "pipe":
        return node.nodes.map((one) => this.#node(one, place)).at(-1) ?? DONE;
      case "if":
        return this.#if(node, place);
      case "for":
        return this.#for(node, place);
      case "while":
        return this.#while(node, place);
      case "case":
        return this.#case(node, place);
      case "function":
        this.#functions.set(node.name, place.sure.script ? [node.body] : [...(this.#functions.get(node.name) ?? []), node.body]);
        return { status: true };
    }
    return node satisfies never;
  }

  #list({ nodes, redirections, isSubshell }: ShellList, place: Place): Outcome {
    const before = isSubshell ? this.#variables.snapshot() : undefined;
    let outcome: Outcome = { status: true };
    for (const node of nodes) {
      outcome = this.#node(node, place);
      if (outcome.ends !== undefined) break;
    }
    const writes = this.#writes(redirections);
    if (writes.length > 0) this.#emit({ words: [{ text: ">", known: true }, ...writes], text: textOf([], redirections), writes }, place);
    if (before === undefined) return outcome;
    this.#variables.restore(before);
    return this.#isOver() ? outcome : { status: outcome.status };
  }

  /** A chain leans to the left, and may have thousands of parts. */
  #andOr(node: AndOr, place: Place): Outcome {
    const chain: AndOr[] = [];
    let first: ShellNode = node;
    for (; first.kind === "and" || first.kind === "or"; first = first.left) chain.push(first);
    let outcome = this.#node(first, place);
    for (const { kind, right } of chain.toReversed()) {
      if (outcome.ends !== undefined) break;
      const decides = kind === "or";
      if (outcome.status === decides) continue;
      outcome =
        outcome.status === undefined
          ? withStatus(this.#maybe([right], place), (status) => (status === decides ? status : undefined))
          : this.#node(right, place);
    }
    return outcome;
  }

  /** Ways of which the script takes one, or none unless `isOne`. */
  #maybe(nodes: readonly ShellNode[], place: Place, { isOne = false, sure = NOWHERE }: MaybeOptions = {}): Outcome {
    const before = this.#variables.snapshot();
    const statuses: (boolean | undefined)[] = [];
    const ways = nodes.map((node) => {
      this.#variables.restore(before);
      statuses.push(this.#node(node, { ...place, sure }).status);
      return this.#variables.snapshot();
    });
    this.#variables.restore(mergeValues([...(isOne ? [] : [before]), ...ways]));
    const status = statuses.every((one) => one === statuses[0]) ? statuses[0] : undefined;
    return this.#isOver() ? { status, ends: "script" } : { status };
  }

  #if({ condition, body, otherwise }: Extract<ShellNode, { kind: "if" }>, place: Place): Outcome {
    const { status, ends } = this.#node(condition, place);
    if (ends !== undefined) return { status, ends };
    if (status === true) return this.#node(body, place);
    if (status === false) return otherwise === undefined ? { status: true } : this.#node(otherwise, place);
    const { ends: over } = this.#maybe([body, ...(otherwise === undefined ? [] : [otherwise])], place, { isOne: otherwise !== undefined });
    return over === undefined ? DONE : { status: undefined, ends: over };
  }

  #for({ variable, words, body }: Extract<ShellNode, { kind: "for" }>, place: Place): Outcome {
    const values = words.flatMap((word) => this.#variables.expand(word));
    const isFixed = variable !== "" && values.length <= MAX_LOOP_WORDS && values.every(({ known, text }) => known && !/[*?[{]/.test(text));
    if (!isFixed) {
      this.#variables.assign(variable, { text: "", known: false });
      return this.#maybe([body], place);
    }
    const inLoop = { ...place, sure: { ...place.sure, loop: true } };
    for (const value of values) {
      this.#variables.assign(variable, value);
      const outcome = this.#node(body, inLoop);
      if (outcome.ends === "loop") break;
      if (outcome.ends !== undefined && outcome.ends !== "round") return outcome;
    }
    return DONE;
  }

  #while({ condition, body }: Extract<ShellNode, { kind: "while" }>, place: Place): Outcome {
    const { status, ends } = this.#node(condition, place);
    if (ends !== undefined) return { status, ends };
    return status === false ? { status: true } : this.#maybe([body], place);
  }

  #case({ word, arms }: Extract<ShellNode, { kind: "case" }>, place: Place): Outcome {
    const value = this.#variables.expandOne(word);
    const possible: ShellNode[] = [];
    let isLast = false;
    for (const { patterns, body } of arms) {
      const fits = patterns.map((pattern) => (pattern === "*" ? true : this.#fits(pattern, value)));
      if (fits.every((one) => one === false)) continue;
      possible.push(body);
      isLast = fits.includes(true);
      if (isLast) break;
    }
    const [only] = possible;
    if (only !== undefined && isLast && possible.length === 1) return this.#node(only, place);
    return this.#maybe(possible, place, { isOne: isLast });
  }

  #fits(pattern: string, value: ScriptWord): boolean | undefined {
    const wanted = this.#variables.expandOne(pattern);
    return value.known && wanted.known ? patternFits(wanted.text, value.text) : undefined;
  }

  #command({ words: raw, redirections }: ShellCommand, place: Place): Outcome {
    const start = raw.findIndex((word) => !ASSIGNMENT.test(word));
    if (start < 0 && redirections.length === 0) return assignWords(raw, this.#variables);
    const words = (start < 0 ? [] : raw.slice(start)).flatMap((word) => this.#variables.expand(word));
    while (words[0]?.text === "exec" || words[0]?.text === "builtin") words.shift();
    const text = textOf(raw, redirections);
    const writes = this.#writes(redirections);
    const names = words[0]?.known === false ? this.#variables.possible(raw[start] ?? "") : undefined;
    if (names === undefined) return this.#named({ words, text, writes }, raw.slice(start), place);
    for (const name of names)
      if (name !== "")
        this.#named({ words: [{ text: name, known: true }, ...words.slice(1)], text, writes }, raw.slice(start), {
          ...place,
          sure: NOWHERE,
        });
    return DONE;
  }

  /** A command by its name. */
  #named({ words, text, writes }: Omit<ScriptCommand, "isCall" | "inside">, raw: readonly string[], place: Place): Outcome {
    const name = words[0]?.text ?? "";
    const bodies = this.#functions.get(name);
    if (bodies !== undefined) return this.#call({ words, text, writes }, bodies, place);
    const outcome = runBuiltin({ name, raw, words }, place, this.#variables);
    // Where it may go on behind it, it is one of several answers.
    if (name === "return" && outcome !== undefined && !place.sure.call) this.#returns.push(outcome.status);
    if (outcome !== undefined && writes.length === 0) return outcome;
    this.#emit({ words: words.length === 0 ? [{ text: ">", known: true }, ...writes] : words, text, writes }, place);
    return outcome ?? { status: versionStatus(words) };
  }

  #call(command: Omit<ScriptCommand, "isCall" | "inside">, bodies: readonly ShellNode[], place: Place): Outcome {
    const call = this.#emit(command, place, true);
    if (place.depth >= MAX_CALLS) return DONE;
    const before = this.#variables.arguments;
    const returns = this.#returns;
    this.#returns = [];
    this.#variables.arguments = command.words.slice(1);
    const within: Place = { sure: { ...place.sure, call: true, loop: true }, inside: call, depth: place.depth + 1 };
    const [body, ...others] = bodies;
    const outcome =
      body !== undefined && others.length === 0
        ? this.#node(body, within)
        : this.#maybe(bodies, within, { isOne: true, sure: { ...within.sure, script: false } });
    const { status } = outcome;
    const isOne = this.#returns.every((one) => one === status);
    this.#variables.arguments = before;
    this.#returns = returns;
    return { status: isOne ? status : undefined, ...(outcome.ends === "script" ? { ends: "script" } : {}) };
  }

  #writes(redirections: readonly ShellRedirection[]): ScriptWord[] {
    return redirections.flatMap(({ operator, target }) => {
      const file = this.#variables.expandOne(target);
      const isWrite = /^\d*(?:>>?|>\||&>>?)$/.test(operator) && !/^\/dev\/(?:null|stdout|stderr|tty|fd\/)/.test(file.text);
      return isWrite ? [file] : [];
    });
  }

  #emit(command: Omit<ScriptCommand, "isCall" | "inside">, { inside }: Place, isCall = false): ScriptCommand {
    const whole: ScriptCommand = { ...command, isCall, ...given({ inside }) };
    this.#found.push(whole);
    return whole;
  }
}

function withStatus(outcome: Outcome, change: (status: boolean | undefined) => boolean | undefined): Outcome {
  return { ...outcome, status: change(outcome.status) };
}

function textOf(words: readonly string[], redirections: readonly ShellRedirection[]): string {
  const parts = [...words, ...redirections.map(({ operator, target }) => `${operator}${target}`)];
  return parts.join(" ").replaceAll(/\s+/g, " ");
}
