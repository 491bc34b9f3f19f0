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
  /** What is between the keyword and the colon, strings empty. */
  readonly head: string;
  readonly strings: readonly string[];
  readonly body: readonly PythonStatement[];
}

/** One statement. */
export type PythonStatement =
  | { readonly kind: "import"; readonly modules: readonly { readonly module: string; readonly binds: string }[] }
  /** `level`: dots in front. `names`: "*" for all. */
  | { readonly kind: "from"; readonly level: number; readonly module: string; readonly names: readonly ImportedName[] | "*" }
  /** if, try, for, while, with, class and def with all that belongs to them. */
  | { readonly kind: "block"; readonly arms: readonly PythonArm[]; readonly decorated: boolean }
  | { readonly kind: "simple"; readonly text: string; readonly strings: readonly string[] };

const HEADER = /^(?:async\s+)?(if|elif|else|try|except|finally|for|while|with|def|class|match|case)\b(?!\s*[=.,)])\*?\s*/;
/** They go on with the block before them. */
const CONTINUES: ReadonlySet<string> = new Set(["elif", "else", "except", "finally", "case"]);
const MAX_DEPTH = 60;

/** Reads a file. */
export function pythonStatements(source: string): readonly PythonStatement[] {
  const lines = pythonLines(source);
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
        if (!decorated) statements.push(...simpleStatements(line.text, line.strings));
        continue;
      }
      const next = lines[at];
      const isInline = header.rest.trim() !== "" || next === undefined || next.indent <= line.indent;
      // So deep is nobody's program.
      const body =
        isInline || depth > MAX_DEPTH ? simpleStatements(header.rest, line.strings.slice(header.strings)) : block(next.indent, depth + 1);
      const arm: PythonArm = { keyword: header.keyword, head: header.head, strings: line.strings.slice(0, header.strings), body };
      if (!CONTINUES.has(header.keyword) || arms.length === 0) {
        arms = [];
        statements.push({ kind: "block", arms, decorated });
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
      return { keyword: match[1] ?? "", head, rest: text.slice(at + 1), strings: head.split('""').length - 1 };
    }
  }
  return undefined;
}

function simpleStatements(text: string, strings: readonly string[]): readonly PythonStatement[] {
  let used = 0;
  return text.split(";").flatMap((part): readonly PythonStatement[] => {
    const one = part.trim();
    const own = strings.slice(used, (used += one.split('""').length - 1));
    if (one === "") return [];
    return [importOf(one) ?? fromOf(one) ?? { kind: "simple", text: one, strings: own }];
  });
}

function importOf(text: string): PythonStatement | undefined {
  const list = /^import\s+(.+)$/.exec(text)?.[1];
  if (list === undefined) return undefined;
  const modules = list.split(",").flatMap((one) => {
    const [, module, as] = /^\s*([\w.]+)(?:\s+as\s+(\w+))?\s*$/.exec(one) ?? [];
    return module === undefined ? [] : [{ module, binds: as ?? module.split(".")[0] ?? module }];
  });
  return { kind: "import", modules };
}

function fromOf(text: string): PythonStatement | undefined {
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
