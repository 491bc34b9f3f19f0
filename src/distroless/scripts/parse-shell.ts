/** Tokens of a shell script → its commands as a tree (POSIX.1-2024, Shell Command Language, 2.9 and 2.10). Pure. */
import { lexShell, ShellSyntaxError, type ShellToken } from "./lex-shell.ts";

/** A simple command; its words are as written. */
export interface ShellCommand {
  readonly kind: "command";
  /** Assignments in front of the name are among them. */
  readonly words: readonly string[];
  readonly redirections: readonly ShellRedirection[];
}

/** "2>/dev/null" */
export interface ShellRedirection {
  /** With the number in front. */
  readonly operator: string;
  readonly target: string;
}

/** A part of a script. */
export type ShellNode =
  | ShellCommand
  | ShellList
  | { readonly kind: "and" | "or"; readonly left: ShellNode; readonly right: ShellNode }
  | { readonly kind: "not"; readonly node: ShellNode }
  | { readonly kind: "pipe"; readonly nodes: readonly ShellNode[] }
  | { readonly kind: "if"; readonly condition: ShellNode; readonly body: ShellNode; readonly otherwise: ShellNode | undefined }
  | { readonly kind: "for"; readonly variable: string; readonly words: readonly string[]; readonly body: ShellNode }
  /** `until` has its condition in a "not". */
  | { readonly kind: "while"; readonly condition: ShellNode; readonly body: ShellNode }
  | { readonly kind: "case"; readonly word: string; readonly arms: readonly ShellArm[] }
  | { readonly kind: "function"; readonly name: string; readonly body: ShellNode };

/** Commands one after the other, also those of `{ }` and `( )`. */
export interface ShellList {
  readonly kind: "list";
  readonly nodes: readonly ShellNode[];
  readonly redirections: readonly ShellRedirection[];
  /** In `( )`: what it sets is gone afterwards. */
  readonly isSubshell: boolean;
}

/** One arm of a case. */
interface ShellArm {
  readonly patterns: readonly string[];
  readonly body: ShellNode;
}

const MAX_DEPTH = 100;
const RESERVED: ReadonlySet<string> = new Set(["then", "else", "elif", "fi", "do", "done", "esac", "}", ";;", ";&", ";;&", ")"]);
const FUNCTION_NAME = /^[A-Za-z_][\w.:-]*$/;

/** Throws `ShellSyntaxError`. */
export function parseShell(script: string): ShellNode {
  const parser = new Parser(lexShell(script));
  const node = parser.list();
  parser.atEnd();
  return node;
}

class Parser {
  readonly #tokens: readonly ShellToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly ShellToken[]) {
    this.#tokens = tokens;
  }

  atEnd(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw new ShellSyntaxError(`"${token.text}" is out of place`);
  }

  /** Commands up to a reserved word or bracket that ends them. */
  list(): ShellList {
    const nodes: ShellNode[] = [];
    for (this.#newlines(); !this.#isEnd(); this.#newlines()) {
      nodes.push(this.#deeper(() => this.#andOr()));
      while (this.#takeOperator(";") || this.#takeOperator("&"));
    }
    return { kind: "list", nodes, redirections: [], isSubshell: false };
  }

  #deeper(read: () => ShellNode): ShellNode {
    if (this.#depth >= MAX_DEPTH) throw new ShellSyntaxError("its commands are nested too deep");
    this.#depth += 1;
    const node = read();
    this.#depth -= 1;
    return node;
  }

  #andOr(): ShellNode {
    let left = this.#pipeline();
    for (;;) {
      const kind = this.#takeOperator("&&") ? "and" : this.#takeOperator("||") ? "or" : undefined;
      if (kind === undefined) return left;
      this.#newlines();
      left = { kind, left, right: this.#pipeline() };
    }
  }

  #pipeline(): ShellNode {
    if (this.#takeWord("!")) return { kind: "not", node: this.#deeper(() => this.#pipeline()) };
    const nodes = [this.#command()];
    while (this.#takeOperator("|") || this.#takeOperator("|&")) {
      this.#newlines();
      nodes.push(this.#command());
    }
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : { kind: "pipe", nodes };
  }

  #command(): ShellNode {
    const node = this.#compound();
    if (node === undefined) return this.#simple();
    const redirections: ShellRedirection[] = [];
    for (let one = this.#redirection(); one !== undefined; one = this.#redirection()) redirections.push(one);
    return redirections.length === 0 ? node : { kind: "list", nodes: [node], redirections, isSubshell: false };
  }

  #compound(): ShellNode | undefined {
    if (this.#takeWord("if")) return this.#if();
    if (this.#takeWord("for") || this.#takeWord("select")) return this.#for();
    if (this.#takeWord("while")) return { kind: "while", condition: this.list(), body: this.#doBody() };
    if (this.#takeWord("until")) return { kind: "while", condition: { kind: "not", node: this.list() }, body: this.#doBody() };
    if (this.#takeWord("case")) return this.#case();
    if (this.#takeWord("{")) return this.#until("}");
    if (this.#takeOperator("(")) return { ...this.#until(")"), isSubshell: true };
    if (this.#takeWord("function")) return this.#function(this.#word("a name"));
    const [name, open, close] = this.#tokens.slice(this.#at, this.#at + 3);
    if (name?.kind !== "word" || open?.text !== "(" || close?.text !== ")" || !FUNCTION_NAME.test(name.text)) return undefined;
    this.#at += 1;
    return this.#function(name.text);
  }

  #function(name: string): ShellNode {
    if (this.#takeOperator("(")) this.#expect(")");
    this.#newlines();
    return { kind: "function", name, body: this.#deeper(() => this.#command()) };
  }

  #if(): ShellNode {
    const condition = this.list();
    this.#expect("then");
    const body = this.list();
    if (this.#takeWord("elif")) return { kind: "if", condition, body, otherwise: this.#deeper(() => this.#if()) };
    const otherwise = this.#takeWord("else") ? this.list() : undefined;
    this.#expect("fi");
    return { kind: "if", condition, body, otherwise };
  }

  #for(): ShellNode {
    const isCount = this.#peek()?.text === "(";
    const variable = isCount ? "" : this.#word("a variable");
    // for ((…)) of bash: what it counts is not known.
    if (isCount) while (this.#peek() !== undefined && this.#peek()?.text !== "do" && this.#peek()?.text !== ";") this.#at += 1;
    this.#newlines();
    const words: string[] = [];
    if (this.#takeWord("in")) for (; this.#peek()?.kind === "word"; this.#at += 1) words.push(this.#peek()?.text ?? "");
    // Without "in": over the arguments.
    else if (!isCount) words.push('"$@"');
    this.#takeOperator(";");
    return { kind: "for", variable, words, body: this.#doBody() };
  }

  #doBody(): ShellNode {
    this.#newlines();
    this.#expect("do");
    return this.#until("done");
  }

  #case(): ShellNode {
    const word = this.#word("a word");
    this.#newlines();
    this.#expect("in");
    const arms: ShellArm[] = [];
    for (this.#newlines(); !this.#takeWord("esac"); this.#newlines()) {
      this.#takeOperator("(");
      const patterns = [this.#word("a pattern")];
      while (this.#takeOperator("|")) patterns.push(this.#word("a pattern"));
      this.#expect(")");
      arms.push({ patterns, body: this.list() });
      if ([";;", ";&", ";;&"].every((end) => !this.#takeOperator(end)) && this.#peek()?.text !== "esac") this.#expect(";;");
    }
    return { kind: "case", word, arms };
  }

  #simple(): ShellCommand {
    const words: string[] = [];
    const redirections: ShellRedirection[] = [];
    for (;;) {
      const redirection = this.#redirection();
      if (redirection !== undefined) redirections.push(redirection);
      else if (this.#peek()?.kind === "word") {
        words.push(this.#word("a word"));
        if (words.length === 1 && words[0] === "[[") words.push(...this.#bashTest());
      } else if (this.#peek()?.text === "(" && words.at(-1)?.endsWith("=") === true) words.push(...this.#array());
      else break;
    }
    if (words.length + redirections.length > 0) return { kind: "command", words, redirections };
    throw new ShellSyntaxError(`"${this.#peek()?.text ?? "the end"}" is out of place`);
  }

  /** The rest of [[ … ]], in which operators are no operators. */
  #bashTest(): string[] {
    const words: string[] = [];
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      this.#at += 1;
      words.push(token.text);
      if (token.text === "]]") return words;
    }
    throw new ShellSyntaxError('a "]]" is missing');
  }

  /** The values of a=(…). */
  #array(): string[] {
    const words: string[] = [];
    for (this.#at += 1; !this.#takeOperator(")"); this.#newlines()) {
      if (this.#takeOperator("\n")) continue;
      words.push(this.#word("a value"));
    }
    return words;
  }

  #redirection(): ShellRedirection | undefined {
    const token = this.#peek();
    if (token?.kind !== "redirection") return undefined;
    this.#at += 1;
    return { operator: token.text, target: this.#word("a file") };
  }

  #until(end: "}" | ")" | "done"): ShellList {
    const list = this.list();
    this.#expect(end);
    return list;
  }

  #isEnd(): boolean {
    const token = this.#peek();
    return token === undefined || (token.kind !== "redirection" && RESERVED.has(token.text));
  }

  #newlines(): void {
    while (this.#takeOperator("\n"));
  }

  #peek(): ShellToken | undefined {
    return this.#tokens[this.#at];
  }

  #word(what: string): string {
    const token = this.#peek();
    if (token?.kind !== "word") throw new ShellSyntaxError(`"${token?.text ?? "the end"}" is out of place; wanted ${what}`);
    this.#at += 1;
    return token.text;
  }

  #expect(text: string): void {
    const token = this.#peek();
    if (token?.kind === "redirection" || token?.text !== text)
      throw new ShellSyntaxError(`"${token?.text ?? "the end"}" is out of place; wanted ${text}`);
    this.#at += 1;
  }

  #take(kind: ShellToken["kind"], text: string): boolean {
    const token = this.#peek();
    if (token?.kind !== kind || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #takeWord(text: string): boolean {
    return this.#take("word", text);
  }

  #takeOperator(text: string): boolean {
    return this.#take("operator", text);
  }
}
