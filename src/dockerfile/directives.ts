/**
 * Parser directives: `# name=value` comments at the very top (rules S1, S2), and the other forms in which a text may name its frontend.
 */
import type { SourceRange } from "../source.ts";
import { syntaxError } from "./errors.ts";
import type { Locator } from "./locate.ts";
import { isSpace, trimSpace } from "./slices.ts";
import type { Directive, Directives, EscapeToken } from "./types.ts";

const FORM = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/s;

/** What the top of a file says, and which of its lines are directives (0-based, so that they are no comments of an instruction). */
interface DirectiveBlock {
  readonly directives: Directives;
  readonly escape: EscapeToken;
  /** Index of the first line after the block. */
  readonly endLine: number;
  readonly errors: readonly Error[];
}

/** Reads the directives. The block ends at the first line that is not a known directive, even at an unknown `# foo=bar`. */
export function readDirectives(locator: Locator): DirectiveBlock {
  const { lineStarts } = locator;
  const found: { syntax?: Directive; escape?: Directive; check?: Directive } = {};
  const errors: Error[] = [];
  let escape: EscapeToken = "\\";
  // A "#!" line may stand before syntax and check; the parser itself, which reads escape, stops there.
  const hasShebang = locator.file.text.startsWith("#!");
  let index = hasShebang ? 1 : 0;
  for (; index < lineStarts.length; index += 1) {
    const directive = readDirective(locator, index);
    if (directive === undefined) break;
    const { name, value, range } = directive;
    const earlier = found[name];
    if (earlier !== undefined) {
      if (!hasShebang) errors.push(duplicate(name, range, earlier.range));
      continue;
    }
    if (name === "escape") {
      if (hasShebang) break;
      if (value.text === "\\" || value.text === "`") escape = value.text;
      else errors.push(invalidEscape(value.text, value.range));
    }
    found[name] = directive;
  }
  return { directives: found, escape, endLine: index, errors };
}

/**
 * The frontend that a text asks for: from `# syntax=`, `// syntax=` or a JSON object with "syntax" (the words after the first are options
 * of the frontend). Undefined when it asks for none.
 */
export function detectSyntax(text: string): string | undefined {
  const lines = text.replace(/^\ufeff/, "").split("\n", 64);
  if (lines[0]?.startsWith("#!") === true) lines.shift();
  for (const prefix of ["#", "//"]) {
    for (const line of lines) {
      const parsed = splitDirective(line.trimStart(), prefix);
      if (parsed === undefined) break;
      if (parsed.name === "syntax") return parsed.value.split(" ", 1)[0];
    }
  }
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "syntax" in value && typeof value.syntax === "string") return value.syntax;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return undefined;
}

function readDirective(locator: Locator, index: number): Directive | undefined {
  const { text } = locator.file;
  const lineStart = locator.lineStarts[index] ?? text.length;
  const lineEnd = (locator.lineStarts[index + 1] ?? text.length + 1) - 1;
  let start = lineStart;
  while (start < lineEnd && isSpace(text.charCodeAt(start))) start += 1;
  if (text.charCodeAt(start) !== 35) return undefined;
  const line = text.slice(start, lineEnd);
  const parsed = splitDirective(line, "#");
  if (parsed === undefined) return undefined;
  const end = start + trimSpace(line).length;
  return {
    name: parsed.name,
    value: { text: parsed.value, range: locator.range(end - parsed.value.length, end) },
    range: locator.range(start, end),
  };
}

function splitDirective(line: string, prefix: string): { name: Directive["name"]; value: string } | undefined {
  if (!line.startsWith(prefix)) return undefined;
  const match = FORM.exec(trimSpace(line.slice(prefix.length)));
  const name = match?.[1]?.toLowerCase();
  const value = match?.[2];
  if (value === undefined || (name !== "syntax" && name !== "escape" && name !== "check")) return undefined;
  return { name, value };
}

function duplicate(name: string, range: SourceRange, earlier: SourceRange): Error {
  return syntaxError("DuplicateDirective", `Cannot use the directive twice: only one ${name} parser directive can be used`, {
    range,
    related: [earlier],
    hint: `Remove one of the two "# ${name}=" lines`,
  });
}

function invalidEscape(value: string, range: SourceRange): Error {
  return syntaxError(
    "InvalidEscape",
    `Cannot use "${value}" as escape character: invalid escape token '${value}' does not match \` or \\`,
    {
      range,
      hint: "Write # escape=` or # escape=\\",
    },
  );
}
