/** The statements of a Python file that say what it imports and when: imports, blocks, and what leaves them. Nothing is evaluated. */
import { type PythonLine, pythonLines } from "./python-lines.ts";

/** One name of `from x import a as b`. */
interface ImportedName {
  readonly name: string;
  readonly as: string;
}

/** A part of a block: `if x:`, `elif y:`, `else:`. */
export interface PythonArm {
  /** "if", "elif", "except" … */
  readonly keyword: string;
  /** A function so marked does not run where it is called. */
  readonly isAsync: boolean;
  /** What is between the keyword and the colon, strings empty. */
  readonly head: string;
  readonly strings: readonly string[];
  readonly body: readonly PythonStatement[];
}

interface Import {
  readonly kind: "import";
  readonly modules: readonly { readonly module: string; readonly binds: string }[];
}

interface From {
  readonly kind: "from";
  /** Dots in front. */
  readonly level: number;
  readonly module: string;
  /** "*" for all. */
  readonly names: readonly ImportedName[] | "*";
}

/** One statement; `at`: where its line begins in the source. */
export type PythonStatement = { readonly at: number } & (
  | Import
  | From
  /** if, try, for, while, with, class and def with all that belongs to them. */
  | { readonly kind: "block"; readonly arms: readonly PythonArm[]; readonly decorated: boolean }
  | { readonly kind: "simple"; readonly text: string; readonly strings: readonly string[] }
);

const HEADER = /^(async\s+)?(if|elif|else|try|except|finally|for|while|with|def|class|match|case)\b(?!\s*[=.,)])\*?\s*/;
/** They go on with the block before them. */
const CONTINUES: ReadonlySet<string> = new Set(["elif", "else", "except", "finally", "case"]);
const MAX_DEPTH = 60;

/** A file that was read. */
interface PythonText {
  readonly statements: readonly PythonStatement[];
  /** The code without comments and without what is in strings. */
  readonly code: string;
}

/** Reads a file. */
export function pythonText(source: string): PythonText {
  const lines = pythonLines(source);
  return { statements: statementsOf(lines), code: lines.map(({ text }) => text).join("\n") };
}

function statementsOf(lines: readonly PythonLine[]): readonly PythonStatement[] {
  let at = 0;

  function block(indent: number, depth: number): readonly PythonStatement[] {
    const statements: PythonStatement[] = [];
    let arms: PythonArm[] = [];
    let decorated = false;
    for (let line = lines[at]; line !== undefined && line.indent >= indent; line = lines[at]) {
      at += 1;
      const header = headerOf(line);
      if (header === undefined) {
        decorated = line.text.startsWith("@");
        if (!decorated) statements.push(...simpleStatements(line.text, line.strings, line.at));
        continue;
      }
      const next = lines[at];
      const isInline = header.rest.trim() !== "" || next === undefined || next.indent <= line.indent;
      // So deep is nobody's program.
      const body =
        isInline || depth > MAX_DEPTH
          ? simpleStatements(header.rest, line.strings.slice(header.strings), line.at)
          : block(next.indent, depth + 1);
      const arm: PythonArm = {
        keyword: header.keyword,
        isAsync: header.isAsync,
        head: header.head,
        strings: line.strings.slice(0, header.strings),
        body,
      };
      if (!CONTINUES.has(header.keyword) || arms.length === 0) {
        arms = [];
        statements.push({ kind: "block", at: line.at, arms, decorated });
      }
      arms.push(arm);
      decorated = false;
    }
    return statements;
  }
  const statements: PythonStatement[] = [];
  while (at < lines.length) statements.push(...block(0, 0));
  return statements;
}

interface Header {
  readonly keyword: string;
  readonly isAsync: boolean;
  readonly head: string;
  readonly rest: string;
  /** How many strings are in the head. */
  readonly strings: number;
}

function headerOf({ text }: PythonLine): Header | undefined {
  const match = HEADER.exec(text);
  if (match === null) return undefined;
  let depth = 0;
  for (let at = match[0].length; at < text.length; at += 1) {
    const char = text.charAt(at);
    if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    else if (char === ":" && depth === 0 && text.charAt(at + 1) !== "=") {
      const head = text.slice(match[0].length, at).trim();
      return {
        keyword: match[2] ?? "",
        isAsync: match[1] !== undefined,
        head,
        rest: text.slice(at + 1),
        strings: head.split('""').length - 1,
      };
    }
  }
  return undefined;
}

function simpleStatements(text: string, strings: readonly string[], at: number): readonly PythonStatement[] {
  let used = 0;
  return text.split(";").flatMap((part): readonly PythonStatement[] => {
    const one = part.trim();
    const own = strings.slice(used, (used += one.split('""').length - 1));
    if (one === "") return [];
    return [{ at, ...(importOf(one) ?? fromOf(one) ?? { kind: "simple", text: one, strings: own }) }];
  });
}

function importOf(text: string): Import | undefined {
  const list = /^import\s+(.+)$/.exec(text)?.[1];
  if (list === undefined) return undefined;
  const modules = list.split(",").flatMap((one) => {
    const [, module, as] = /^\s*([\w.]+)(?:\s+as\s+(\w+))?\s*$/.exec(one) ?? [];
    return module === undefined ? [] : [{ module, binds: as ?? module.split(".")[0] ?? module }];
  });
  return { kind: "import", modules };
}

function fromOf(text: string): From | undefined {
  const [, dots, module, list] = /^from\s*([.\s]*)([\w.]*)\s*import\b\s*(.+)$/.exec(text) ?? [];
  if (dots === undefined || module === undefined || list === undefined) return undefined;
  const level = dots.replace(/\s/g, "").length;
  if (list.trim() === "*") return { kind: "from", level, module, names: "*" };
  const names = list
    .replace(/[()]/g, "")
    .split(",")
    .flatMap((one) => {
      const [, name, as] = /^\s*(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(one) ?? [];
      return name === undefined ? [] : [{ name, as: as ?? name }];
    });
  return { kind: "from", level, module, names };
}

/** All of them, also those inside of others. */
export function allStatements(statements: readonly PythonStatement[]): readonly PythonStatement[] {
  const all: PythonStatement[] = [];
  const stack: PythonStatement[] = [...statements];
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    all.push(one);
    if (one.kind === "block") for (const { body } of one.arms) stack.push(...body);
  }
  return all;
}
