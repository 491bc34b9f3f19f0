/** Runs the statements of one Python module as far as its text says what always runs. An exception goes up as it would: to the `except` that takes it, or out. */
import type { Entry } from "../../tree/index.ts";
import { boundBy } from "./python-bindings.ts";
import { pythonCondition, type PythonConstants, type PythonFacts } from "./python-conditions.ts";
import { allStatements, type PythonArm, type PythonStatement } from "./python-statements.ts";

/** Why an import fails. */
export interface PythonFailure {
  /** "hidden": in a directory that the user may not enter, so that Python finds nothing. */
  readonly kind: "missing" | "extension" | "unreadable" | "hidden";
  /** The dotted name that is missing, or was found and cannot be loaded. */
  readonly module: string;
  /** The file with the import, absolute, in the form of paths; absent for what Python itself imports. */
  readonly from?: string;
  /** The file that cannot be loaded. */
  readonly entry?: Entry;
}

/** What running statements comes to. "unsure": the program may have ended well, or who knows. */
export type PythonEnd = PythonFailure | "unsure" | undefined;

/** A module that runs. */
export interface RunningModule {
  readonly file: Entry | undefined;
  readonly source: string;
  readonly facts: PythonFacts;
  /** The dotted name of its package, for dots in front. */
  readonly package: string;
  readonly functions: ReadonlyMap<string, PythonArm>;
  /** Functions of other modules, by the names that it has for them. */
  readonly imported: Map<string, { readonly home: RunningModule; readonly body: PythonArm }>;
  readonly progress: PythonProgress;
}

/** How far a module is. */
export interface PythonProgress {
  /** Where the statement begins that runs. Past the end when it is done. */
  at: number;
  /** Imports so far of which nothing is known. */
  unsure: number;
}

/** What imports lead to. */
interface PythonImports {
  readonly load: (name: string, from: string | undefined) => Promise<PythonEnd>;
  /** `import NAME` was done, and the module calls it `as`. */
  readonly named: (name: string, as: string, module: RunningModule) => void;
  /** Binds names whose values are known. */
  readonly fromImport: (
    one: PythonStatement & { readonly kind: "from" },
    module: RunningModule,
    from: string | undefined,
  ) => Promise<PythonEnd>;
}

const MAX_CALLS = 20;
const CATCHES_IMPORT = /\b(?:ImportError|ModuleNotFoundError|Exception|BaseException|Import\w*)\b/;
const CATCHES_ACCESS = /\b(?:OSError|IOError|EnvironmentError|PermissionError|Exception|BaseException)\b/;
/** Those that take neither. A name of the program's own may stand for anything. */
const CATCHES_OTHERS =
  /^(?:(?:Attribute|Key|Value|Type|Runtime|Name|Index|Lookup|Syntax|Assertion|NotImplemented|Unicode\w*|FileNotFound|Arithmetic|ZeroDivision|Overflow|OS|IO|Permission|Environment)Error|SystemExit|KeyboardInterrupt|StopIteration)$/;
const PYTHON_2 = /^(?:unicode|basestring|unichr|long|xrange|raw_input|cmp|execfile|reload|buffer|apply|intern|coerce)$/;
const SUPPRESSES = /suppress|raises|ignor|catch_|skip|optional/i;

/** Runs the statements of a module, or of a part of it. */
export async function runStatements(
  statements: readonly PythonStatement[],
  module: RunningModule,
  { load, named, fromImport }: PythonImports,
): Promise<PythonEnd> {
  return await walk(statements, module, 0);

  async function walk(body: readonly PythonStatement[], inside: RunningModule, calls: number): Promise<PythonEnd> {
    for (const one of body) {
      if (calls === 0) inside.progress.at = one.at;
      const end = await step(one, inside, calls);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  async function step(one: PythonStatement, inside: RunningModule, calls: number): Promise<PythonEnd> {
    const from = inside.file === undefined ? undefined : `/${inside.file.path}`;
    const { constants } = inside.facts;
    switch (one.kind) {
      case "import":
        forget([one], constants);
        for (const { module: name, binds } of one.modules) {
          const end = await load(name, from);
          named(name, name.startsWith(`${binds}.`) ? name : binds, inside);
          if (end !== undefined) return certain(end, inside);
        }
        return undefined;
      case "from":
        forget([one], constants);
        return certain(await fromImport(one, inside, from), inside);
      case "block":
        return await block(one, inside, calls);
      case "simple":
        return await simple(one, inside, calls);
      default:
        return one satisfies never;
    }
  }

  /** Of an import about which nothing is known the rest of the file is taken to run. */
  function certain(end: PythonEnd, { progress }: RunningModule): PythonEnd {
    if (end !== "unsure") return end;
    progress.unsure += 1;
    return undefined;
  }

  async function block(one: PythonStatement & { readonly kind: "block" }, inside: RunningModule, calls: number): Promise<PythonEnd> {
    const { arms } = one;
    const [first] = arms;
    if (first === undefined) return undefined;
    switch (first.keyword) {
      case "if":
        return await conditional(one, inside, calls);
      case "try":
        return await attempt(one, inside, calls);
      case "class":
        forget([{ ...one, arms: [{ ...first, body: [] }] }], inside.facts.constants);
        return await walk(first.body, within(inside), calls);
      case "with": {
        const end = await walk(first.body, inside, calls);
        return end !== undefined && SUPPRESSES.test(first.head) ? undefined : end;
      }
      case "def":
        forget([{ ...one, arms: [{ ...first, body: [] }] }], inside.facts.constants);
        return undefined;
      default:
        forget([one], inside.facts.constants);
        return mayEnd(arms) ? "unsure" : undefined;
    }
  }

  async function conditional(one: PythonStatement & { readonly kind: "block" }, inside: RunningModule, calls: number): Promise<PythonEnd> {
    for (const { keyword, head, strings, body } of one.arms) {
      const holds = keyword === "else" ? true : pythonCondition(head, strings, inside.facts);
      if (holds === true) return await walk(body, inside, calls);
      if (holds !== undefined) continue;
      forget([one], inside.facts.constants);
      return mayEnd(one.arms) ? "unsure" : undefined;
    }
    return undefined;
  }

  async function attempt(one: PythonStatement & { readonly kind: "block" }, inside: RunningModule, calls: number): Promise<PythonEnd> {
    const bodyOf = (keyword: string): readonly PythonStatement[] => one.arms.find((arm) => arm.keyword === keyword)?.body ?? [];
    const { unsure } = inside.progress;
    const [only, more] = bodyOf("try");
    const unset = more === undefined && only?.kind === "simple" && isUnset(only.text, inside);
    const nameError = unset ? one.arms.find(({ keyword, head }) => keyword === "except" && /\bNameError\b/.test(head)) : undefined;
    if (nameError !== undefined) return await walk(nameError.body, inside, calls);
    let end = await walk(bodyOf("try"), inside, calls);
    if (end === undefined) end = await walk(bodyOf("else"), inside, calls);
    else if (end !== "unsure") end = await handled(end, one.arms, inside, calls);
    end = (await walk(bodyOf("finally"), inside, calls)) ?? end;
    // Which of its ways it took is not known: nor is what it set.
    if (inside.progress.unsure > unsure || end === "unsure") forget([one], inside.facts.constants);
    return end;
  }

  async function handled(failure: PythonFailure, arms: readonly PythonArm[], inside: RunningModule, calls: number): Promise<PythonEnd> {
    for (const { keyword, head, body } of arms) {
      if (keyword !== "except") continue;
      if (!catches(failure, head)) {
        const names = head.replace(/\bas\s+\w+$/, "").match(/[\w.]+/g) ?? [];
        if (names.every((name) => CATCHES_OTHERS.test(name) || CATCHES_IMPORT.test(name))) continue;
        inside.progress.unsure += 1;
        return undefined;
      }
      const leaves = body.find(
        (one) => one.kind === "simple" && /^(?:raise\b|(?:sys\.)?exit\(\s*(?:""|[1-9])|raise SystemExit\()/.test(one.text),
      );
      const before = leaves === undefined ? body : body.slice(0, body.indexOf(leaves));
      const end = await walk(before, inside, calls);
      return end ?? (leaves === undefined ? undefined : failure);
    }
    return failure;
  }

  async function simple(
    { text, strings }: PythonStatement & { readonly kind: "simple" },
    inside: RunningModule,
    calls: number,
  ): Promise<PythonEnd> {
    if (/^(?:raise|return|continue|break)\b|^(?:sys\.exit|exit|quit|os\._exit)\((?!\w+\()/.test(text)) return "unsure";
    assign(text, strings, inside);
    const imported = /^(?:\w+\s*=\s*)?(?:importlib\.)?(?:import_module|__import__)\(\s*""\s*\)/.test(text) ? strings[0] : undefined;
    if (imported !== undefined && /^[A-Za-z_][\w.]*$/.test(imported))
      return certain(await load(imported, `/${inside.file?.path ?? ""}`), inside);
    const called = calledBy(text);
    const own = called === undefined ? undefined : inside.functions.get(called);
    const { home, body } = own === undefined ? (inside.imported.get(called ?? "") ?? {}) : { home: inside, body: own };
    if (home === undefined || body === undefined || calls >= MAX_CALLS) return undefined;
    const end = await walk(body.body, within(home, body.head), calls + 1);
    // It returned.
    return end === "unsure" ? (mayExit(body.body) ? "unsure" : undefined) : end;
  }
}

/** Functions of a module that run as soon as they are called, by name. */
export function functionsOf(statements: readonly PythonStatement[]): ReadonlyMap<string, PythonArm> {
  const functions = new Map<string, PythonArm>();
  for (const one of statements) {
    const arm = one.kind === "block" && !one.decorated ? one.arms[0] : undefined;
    const called = arm?.keyword === "def" ? /^(\w+)\s*\(/.exec(arm.head)?.[1] : undefined;
    if (arm === undefined || called === undefined) continue;
    if (arm.isAsync || mayYield(arm.body)) functions.delete(called);
    else functions.set(called, arm);
  }
  return functions;
}

function mayYield(body: readonly PythonStatement[]): boolean {
  return allStatements(body).some(
    (one) =>
      (one.kind === "simple" && /\byield\b/.test(one.text)) ||
      (one.kind === "block" && one.arms.some(({ head }) => /\byield\b/.test(head))),
  );
}

/** The function that a statement certainly calls. */
function calledBy(text: string): string | undefined {
  if (/\)\s*(?:if|for|and|or)\b/.test(text)) return undefined;
  return /^(?:(?:sys\.exit|exit|raise SystemExit)\(|\w+\s*=\s*)?(\w+)\(/.exec(text)?.[1];
}

/** A class or function: what it sets is its own, as are its parameters. */
function within(module: RunningModule, head = ""): RunningModule {
  const constants = new Map(module.facts.constants);
  for (const name of head.match(/\w+/g) ?? []) constants.delete(name);
  return { ...module, facts: { ...module.facts, constants } };
}

function assign(text: string, strings: readonly string[], { facts }: RunningModule): void {
  const [, name = "", value = ""] = /^([A-Za-z_]\w*)\s*=(?!=)\s*(.+)$/.exec(text) ?? [];
  const known = name === "" ? undefined : value === "sys.version_info" ? "version" : pythonCondition(value, strings, facts);
  for (const one of boundBy({ kind: "simple", at: 0, text, strings })) facts.constants.delete(one);
  if (known !== undefined) facts.constants.set(name, known);
}

function forget(statements: readonly PythonStatement[], constants: PythonConstants): void {
  if (constants.size === 0) return;
  for (const one of allStatements(statements)) for (const name of boundBy(one)) constants.delete(name);
}

function catches({ kind, entry }: PythonFailure, head: string): boolean {
  // The loader of libraries says ImportError also of what it may not read.
  const isAccess = kind === "unreadable" && entry?.path.endsWith(".so") !== true;
  return head === "" || (isAccess ? CATCHES_ACCESS : CATCHES_IMPORT).test(head);
}

/** A name alone, which nobody has set: one of Python 2, or one that only a build sets. */
function isUnset(text: string, { facts }: RunningModule): boolean {
  if (facts.constants.has(text)) return false;
  return PYTHON_2.test(text) || (/^__[A-Z]\w*__$/.test(text) && text === text.toUpperCase());
}

/** May a part of it end the program, or the function that it is in? */
function mayEnd(arms: readonly PythonArm[]): boolean {
  return arms.some(
    ({ keyword, body }) =>
      keyword !== "def" &&
      body.some((one) =>
        one.kind === "block" ? mayEnd(one.arms) : one.kind === "simple" && /\bexit\(|^return\b|\bSystemExit\b/.test(one.text),
      ),
  );
}

function mayExit(body: readonly PythonStatement[]): boolean {
  return body.some((one) =>
    one.kind === "block" ? one.arms.some((arm) => mayExit(arm.body)) : one.kind === "simple" && /\bexit\(|\bSystemExit\b/.test(one.text),
  );
}
