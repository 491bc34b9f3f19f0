/** A Python module while it runs: how far it is, and what is known of the names that it has set. */
import type { Entry } from "../../tree/index.ts";
import { boundBy } from "./python-bindings.ts";
import { pythonCondition, type PythonConstants, type PythonFacts } from "./python-conditions.ts";
import { allStatements, type PythonArm, type PythonStatement } from "./python-statements.ts";

/** Why an import fails. */
export interface PythonFailure {
  /**
   * "hidden": in a directory that the user may not enter, so that Python finds nothing.
   * "name": the module is there, and does not have the name. "relative": dots that lead out of every package.
   */
  readonly kind: "missing" | "extension" | "unreadable" | "hidden" | "name" | "relative";
  /** The dotted name that is missing, or was found and cannot be loaded. Of "relative": as it is written, with its dots. */
  readonly module: string;
  /** What the module does not have, of kind "name". */
  readonly name?: string;
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

/** Where statements run: in a module, so many calls deep. */
export interface PythonFrame {
  readonly module: RunningModule;
  readonly calls: number;
}

/** Runs statements, until one ends the program or nobody knows. */
export type RunBody = (body: readonly PythonStatement[], frame: PythonFrame) => Promise<PythonEnd>;

const PYTHON_2 = /^(?:unicode|basestring|unichr|long|xrange|raw_input|cmp|execfile|reload|buffer|apply|intern|coerce)$/;

/** A class or function: what it sets is its own, as are its parameters. */
export function within(module: RunningModule, head = ""): RunningModule {
  const constants = new Map(module.facts.constants);
  for (const name of head.match(/\w+/g) ?? []) constants.delete(name);
  return { ...module, facts: { ...module.facts, constants } };
}

/** Keeps what a plain assignment tells. */
export function assign(text: string, strings: readonly string[], { facts }: RunningModule): void {
  const [, name = "", value = ""] = /^([A-Za-z_]\w*)\s*=(?!=)\s*(.+)$/.exec(text) ?? [];
  const known = name === "" ? undefined : value === "sys.version_info" ? "version" : pythonCondition(value, strings, facts);
  for (const one of boundBy({ kind: "simple", at: 0, text, strings })) facts.constants.delete(one);
  if (known !== undefined) facts.constants.set(name, known);
}

/** Forgets the names that statements set, and those inside them. */
export function forget(statements: readonly PythonStatement[], constants: PythonConstants): void {
  if (constants.size === 0) return;
  for (const one of allStatements(statements)) for (const name of boundBy(one)) constants.delete(name);
}

/** A name alone, which nobody has set: one of Python 2, or one that only a build sets. */
export function isUnset(text: string, { facts }: RunningModule): boolean {
  if (facts.constants.has(text)) return false;
  return PYTHON_2.test(text) || (/^__[A-Z]\w*__$/.test(text) && text === text.toUpperCase());
}
