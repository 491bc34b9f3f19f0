/** What the options of a public function look like, and the one check of them: a misspelt or mistyped option is an error, never ignored. */
import * as v from "valibot";
import { suggest } from "../../dockerfile/index.ts";
import { type DecantError, usageError } from "../../errors.ts";

/** Says whether a value fits; its message is what is wanted, "a text". */
export type Kind = v.GenericSchema<unknown>;

/** A kind for every option of `Options`: a new option must get one, too. */
type Kinds<Options> = { readonly [Name in keyof Options]-?: Kind };

/** The options of one function. */
export interface Shape {
  /** For messages: "build()". */
  readonly of: string;
  readonly names: readonly string[];
  readonly kind: Kind;
}

/** The shape of the options of the function `of`. */
export function shapeOf<Options>(of: string, kinds: Kinds<Options>): Shape {
  return { of: `${of}()`, names: Object.keys(kinds), kind: v.strictObject<Record<string, Kind>, string>(kinds, "an object") };
}

/** Checks options, which a caller without TypeScript may have written. Throws `USAGE`, without values: they may be secrets. */
export function checkOptions({ of, names, kind }: Shape, options: unknown): void {
  const checked = v.safeParse(kind, options);
  if (!checked.success) throw badOption(of, names, checked.issues[0]);
}

function badOption(of: string, names: readonly string[], issue: v.BaseIssue<unknown>): DecantError {
  const path = v.getDotPath(issue) ?? "";
  const what = path === "" ? `the options of ${of}` : `option "${path}" of ${of}`;
  const isOfKey = issue.type === "strict_object" && path !== "" && issue.input !== null && typeof issue.received === "string";
  if (isOfKey && issue.expected === "never") {
    const guess = suggest(path, names);
    return usageError(`Cannot use ${what}: there is no such option`, guess === undefined ? undefined : `Did you mean "${guess}"?`);
  }
  if (isOfKey && issue.received === "undefined") return usageError(`Cannot use ${what}: it is missing`, "Give it");
  return usageError(`Cannot use ${what}: it is ${shown(issue)}; wanted ${issue.message}`);
}

/** A word out of a list may be shown; of anything else what it is. */
function shown({ type, input }: v.BaseIssue<unknown>): string {
  if ((type === "picklist" || type === "variant") && typeof input === "string") return JSON.stringify(input.slice(0, 80));
  if (input === null || input === undefined) return String(input);
  if (Array.isArray(input)) return "a list";
  if (typeof input === "string") return "a text";
  if (typeof input === "number") return `the number ${input}`;
  if (typeof input === "boolean") return String(input);
  return typeof input === "function" ? "a function" : "an object";
}
