/**
 * A shell script as tokens (POSIX.1-2024, Shell Command Language, 2.3): words as written, operators, redirections. Here-documents and comments are passed over.
 * One pass; a stranger's script may be anything. Pure.
 */

/** One token. */
export interface ShellToken {
  /**
   * "word": as written, quotes and all. "operator": ";", ";;", "&&", "||", "|", "&", "(", ")" or a line break. "redirection": ">", ">>", "<" and the like with
   * the number in front; its word comes next.
   */
  readonly kind: "word" | "operator" | "redirection";
  readonly text: string;
}

/** A script that cannot be read. */
export class ShellSyntaxError extends Error {}

const OPERATORS = [";;&", ";;", ";&", ";", "&&", "||", "|&", "|", "&", "(", ")"] as const;
const REDIRECTION = /\d*(?:<<<|<<-?|<&|<>|<|&>>?|>>|>&|>\||>)/y;
const PROCESS = /[<>]\(/y;
const MAX_DEPTH = 100;

/** Throws `ShellSyntaxError` for a script that ends inside of quotes or brackets. */
export function lexShell(script: string): ShellToken[] {
  const tokens: ShellToken[] = [];
  const documents: HereDocument[] = [];
  for (let at = 0; at < script.length;) {
    const char = script.charAt(at);
    if (char === "\n") {
      tokens.push({ kind: "operator", text: "\n" });
      at = documents.splice(0).reduce((from, one) => passDocument(script, from, one), at + 1);
    } else if (char === " " || char === "\t" || char === "\r") at += 1;
    else if (script.startsWith("\\\n", at)) at += 2;
    else if (char === "#") at = lineEnd(script, at);
    else {
      const token = tokenAt(script, at);
      if (token.kind === "word" && isDocument(tokens.at(-1))) documents.push(documentOf(token.text, tokens.at(-1)?.text ?? ""));
      tokens.push(token.kind === "word" ? { ...token, text: token.text.replaceAll("\\\n", "") } : token);
      at += token.text.length;
    }
  }
  return tokens;
}

function tokenAt(script: string, at: number): ShellToken {
  const isProcess = matchAt(PROCESS, script, at) !== undefined;
  const redirection = isProcess ? undefined : matchAt(REDIRECTION, script, at);
  if (redirection !== undefined) return { kind: "redirection", text: redirection };
  const operator = isProcess ? undefined : OPERATORS.find((one) => script.startsWith(one, at));
  if (operator !== undefined) return { kind: "operator", text: operator };
  return { kind: "word", text: script.slice(at, wordEnd(script, at)) };
}

interface HereDocument {
  readonly end: string;
  /** Tabs before the end do not count. */
  readonly isIndented: boolean;
}

function isDocument(token: ShellToken | undefined): boolean {
  return token?.kind === "redirection" && /<<-?$/.test(token.text) && !token.text.endsWith("<<<");
}

function documentOf(word: string, operator: string): HereDocument {
  return { end: word.replaceAll(/['"\\]/g, ""), isIndented: operator.endsWith("-") };
}

/** A here-document that does not end goes to the end of the script, as shells have it. */
function passDocument(script: string, from: number, { end, isIndented }: HereDocument): number {
  for (let at = from; at < script.length; at = lineEnd(script, at) + 1) {
    const line = script.slice(at, lineEnd(script, at));
    if ((isIndented ? line.replace(/^\t+/, "") : line) === end) return lineEnd(script, at) + 1;
  }
  return script.length;
}

function wordEnd(script: string, from: number): number {
  let at = from;
  while (at < script.length && (at === from || !/[\s;&|()<>]/.test(script.charAt(at)) || matchAt(PROCESS, script, at) !== undefined)) {
    at = matchAt(PROCESS, script, at) === undefined ? pieceEnd(script, at) : bracketEnd(script, at + 2, ")", 0);
  }
  return at;
}

/** Where the piece of a word that begins at `at` ends: a quoted text, a substitution, or one character. Throws `ShellSyntaxError` when it does not. */
export function pieceEnd(script: string, at: number, depth = 0): number {
  if (depth > MAX_DEPTH) throw new ShellSyntaxError("its brackets are nested too deep");
  const char = script.charAt(at);
  if (char === "\\") return at + 2;
  if (char === "'") return after(script, script.indexOf("'", at + 1), at);
  if (char === '"') return quotesEnd(script, at + 1, depth);
  if (char === "`") return backquotesEnd(script, at + 1);
  if (script.startsWith("$(", at)) return bracketEnd(script, at + 2, ")", depth);
  if (script.startsWith("${", at)) return bracketEnd(script, at + 2, "}", depth);
  return at + 1;
}

function quotesEnd(script: string, from: number, depth: number): number {
  for (let at = from; at < script.length;) {
    const char = script.charAt(at);
    if (char === '"') return at + 1;
    at = char === "'" ? at + 1 : pieceEnd(script, at, depth + 1);
  }
  throw unclosed('"', script, from);
}

function backquotesEnd(script: string, from: number): number {
  for (let at = from; at < script.length; at += script.charAt(at) === "\\" ? 2 : 1) if (script.charAt(at) === "`") return at + 1;
  throw unclosed("`", script, from);
}

/** Behind the bracket that closes; round ones in between are counted, and comments passed over. */
function bracketEnd(script: string, from: number, close: ")" | "}", depth: number): number {
  let open = 1;
  for (let at = from; at < script.length;) {
    const char = script.charAt(at);
    if (char === close) {
      open -= 1;
      at += 1;
      if (open === 0) return at;
    } else if (char === "(" && close === ")") {
      open += 1;
      at += 1;
    } else if (char === "#" && close === ")" && /[\s(;]/.test(script.charAt(at - 1))) at = lineEnd(script, at);
    else at = pieceEnd(script, at, depth + 1);
  }
  throw unclosed(close, script, from);
}

function after(script: string, end: number, start: number): number {
  if (end < 0) throw unclosed("'", script, start);
  return end + 1;
}

function unclosed(what: string, script: string, at: number): ShellSyntaxError {
  return new ShellSyntaxError(`a ${what} is missing after line ${script.slice(0, at).split("\n").length}`);
}

function lineEnd(script: string, from: number): number {
  const end = script.indexOf("\n", from);
  return end < 0 ? script.length : end;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
