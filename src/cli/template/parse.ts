/**
 * The templates of `--format`: Go's text/template as far as users of docker type it. Text and {{actions}}: fields, pipelines, functions, if, range,
 * with, variables and comments. Anything else is an error that names it.
 */
import { usageError, type DecantError } from "../../errors.ts";

/** A value's expression. `fields` follow it: (…).A.B */
export type Term =
  | { readonly kind: "dot" | "root"; readonly fields: readonly string[] }
  | { readonly kind: "variable"; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline; readonly fields: readonly string[] };

/** Commands, each a list of terms; the value of one is the last argument of the next. */
export interface Pipeline {
  /** Variables that get the value: of range, index and element. */
  readonly names: readonly string[];
  readonly commands: readonly (readonly Term[])[];
}

/** A piece of a template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "range" | "with";
      readonly pipeline: Pipeline;
      readonly inner: readonly Node[];
      readonly otherwise: readonly Node[];
    };

const PIECE = /\{\{(- )?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|[^"`}]|\}(?!\}))*?)( -)?\}\}/g;
const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|`[^`]*`|:=|[|(),]|\$[A-Za-z_]\w*|\$|(?:\.[A-Za-z_]\w*)+|\.|-?\d+(?:\.\d+)?|[A-Za-z_]\w*/gy;
const KEYWORDS: ReadonlySet<string> = new Set(["if", "range", "with", "else", "end", "define", "template", "block", "break", "continue"]);

/** Parses a template. Throws `USAGE`. */
export function parseTemplate(text: string): readonly Node[] {
  const pieces = [...splitPieces(text)];
  const { nodes, end } = parseNodes(pieces, 0, text);
  if (end < pieces.length) throw bad(text, "{{end}} or {{else}} closes nothing");
  return nodes;
}

/** The error of a template. */
export function bad(text: string, problem: string): DecantError {
  return usageError(
    `Cannot use --format ${JSON.stringify(text)}: ${problem}`,
    "Templates have fields ({{.ID}}), if, range, with, and the functions json, join, lower, upper, println and their like",
  );
}

type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "action"; readonly tokens: readonly string[] };

function* splitPieces(text: string): Generator<Piece, void, undefined> {
  let at = 0;
  let trim = false;
  for (const match of text.matchAll(PIECE)) {
    const [whole, trimBefore, action = "", trimAfter] = match;
    const before = text.slice(at, match.index);
    const left = trim ? before.trimStart() : before;
    const shown = trimBefore === undefined ? left : left.trimEnd();
    if (shown !== "") yield { kind: "text", text: checked(text, shown) };
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(action)) yield { kind: "action", tokens: tokensOf(text, action) };
    trim = trimAfter !== undefined;
    at = match.index + whole.length;
  }
  const rest = text.slice(at);
  const last = trim ? rest.trimStart() : rest;
  if (last !== "") yield { kind: "text", text: checked(text, last) };
}

function checked(text: string, shown: string): string {
  if (shown.includes("{{")) throw bad(text, "{{ has no }}");
  return shown;
}

function tokensOf(text: string, action: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < action.length) {
    const from = TOKEN.lastIndex;
    const [token] = TOKEN.exec(action) ?? [];
    if (token === undefined) throw bad(text, `"${action.slice(from, from + 20)}" is not understood`);
    if (token.trim() !== "") tokens.push(token);
  }
  if (tokens.length === 0) throw bad(text, "{{}} is empty");
  return tokens;
}

interface Parsed {
  readonly nodes: readonly Node[];
  /** Where the list ended: at {{end}}, {{else}}, or behind the last piece. */
  readonly end: number;
}

function parseNodes(pieces: readonly Piece[], start: number, text: string): Parsed {
  const nodes: Node[] = [];
  let at = start;
  for (let piece = pieces[at]; piece !== undefined; piece = pieces[at]) {
    if (piece.kind === "text") {
      nodes.push(piece);
      at += 1;
      continue;
    }
    const [word = "", ...rest] = piece.tokens;
    if (word === "else" || word === "end") break;
    if (word === "if" || word === "range" || word === "with") {
      const block = parseBlock(pieces, at + 1, word, rest, text);
      nodes.push(block.node);
      at = block.end;
      continue;
    }
    if (KEYWORDS.has(word)) throw bad(text, `{{${word}}} is not supported`);
    nodes.push({ kind: "print", pipeline: parsePipeline(piece.tokens, text) });
    at += 1;
  }
  return { nodes, end: at };
}

type Block = Extract<Node, { readonly kind: "if" | "range" | "with" }>;

function parseBlock(
  pieces: readonly Piece[],
  start: number,
  kind: Block["kind"],
  tokens: readonly string[],
  text: string,
): { readonly node: Block; readonly end: number } {
  const pipeline = parsePipeline(tokens, text);
  const inner = parseNodes(pieces, start, text);
  const closing = pieces[inner.end];
  if (closing === undefined || closing.kind === "text") throw bad(text, `{{${kind}}} has no {{end}}`);
  const [word, next, ...rest] = closing.tokens;
  if (word === "end") return { node: { kind, pipeline, inner: inner.nodes, otherwise: [] }, end: inner.end + 1 };
  if (next === "if" || next === "with") {
    // {{else if}} shares the {{end}} of its {{if}}.
    const chained = parseBlock(pieces, inner.end + 1, next, rest, text);
    return { node: { kind, pipeline, inner: inner.nodes, otherwise: [chained.node] }, end: chained.end };
  }
  if (next !== undefined) throw bad(text, `{{else ${next}}} is not understood`);
  const otherwise = parseNodes(pieces, inner.end + 1, text);
  const end = pieces[otherwise.end];
  if (end === undefined || end.kind === "text" || end.tokens[0] !== "end") throw bad(text, `{{${kind}}} has no {{end}}`);
  return { node: { kind, pipeline, inner: inner.nodes, otherwise: otherwise.nodes }, end: otherwise.end + 1 };
}

function parsePipeline(tokens: readonly string[], text: string): Pipeline {
  const assign = tokens.indexOf(":=");
  const names = assign < 0 ? [] : tokens.slice(0, assign).filter((token) => token !== ",");
  if (names.length > 2 || names.some((name) => !/^\$\w+$/.test(name))) throw bad(text, `"${names.join(" ")} :=" is not understood`);
  const { terms, end } = parseCommands(tokens, assign + 1, text);
  if (end < tokens.length) throw bad(text, `"${tokens[end] ?? ""}" is not understood`);
  return { names, commands: terms };
}

/** Commands up to a closing parenthesis or the end. */
function parseCommands(tokens: readonly string[], start: number, text: string): { readonly terms: Term[][]; readonly end: number } {
  const commands: Term[][] = [[]];
  let at = start;
  for (; at < tokens.length && tokens[at] !== ")"; at += 1) {
    const token = tokens[at] ?? "";
    if (token === "|") {
      commands.push([]);
      continue;
    }
    const current = commands.at(-1) ?? [];
    if (token !== "(") {
      const term = termOf(token, text);
      const before = current.at(-1);
      // "$.Names" and "$x.Names" are two tokens, and one term.
      if (
        term.kind === "dot" &&
        term.fields.length > 0 &&
        (before?.kind === "root" || before?.kind === "variable") &&
        before.fields.length === 0
      )
        current[current.length - 1] = { ...before, fields: term.fields };
      else current.push(term);
      continue;
    }
    const inner = parseCommands(tokens, at + 1, text);
    if (tokens[inner.end] !== ")") throw bad(text, "( has no )");
    at = inner.end;
    const next = tokens[at + 1] ?? "";
    const fields = /^\.\w/.test(next) ? next.slice(1).split(".") : [];
    if (fields.length > 0) at += 1;
    current.push({ kind: "pipeline", pipeline: { names: [], commands: inner.terms }, fields });
  }
  if (commands.some((command) => command.length === 0)) throw bad(text, "a value is missing");
  return { terms: commands, end: at };
}

function termOf(token: string, text: string): Term {
  if (token === ".") return { kind: "dot", fields: [] };
  if (token.startsWith(".")) return { kind: "dot", fields: token.slice(1).split(".") };
  if (token === "$") return { kind: "root", fields: [] };
  if (token.startsWith("$")) return { kind: "variable", name: token, fields: [] };
  if (token.startsWith("`")) return { kind: "literal", value: token.slice(1, -1) };
  if (token.startsWith('"')) return { kind: "literal", value: quoted(token, text) };
  if (/^-?\d/.test(token)) return { kind: "literal", value: Number(token) };
  if (token === "true" || token === "false") return { kind: "literal", value: token === "true" };
  if (token === "nil") return { kind: "literal", value: null };
  if (/^[A-Za-z_]/.test(token) && !KEYWORDS.has(token)) return { kind: "function", name: token };
  throw bad(text, `"${token}" is not understood here`);
}

function quoted(token: string, text: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    throw bad(text, `${token} is no text`);
  }
}
