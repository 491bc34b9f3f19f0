/**
 * Values of JavaScript on paper. What only running a program tells is UNKNOWN, and whatever touches it becomes so: a wrong "certain" would be a false alarm.
 * No value of the host ever stands for a function of the image.
 */
import type { Node } from "acorn";

/** What nobody knows. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** Any value. */
export type Value = string | number | boolean | null | undefined | typeof UNKNOWN | ScriptObject;

/** Calls a function of the program, or of ours. */
export type CallScript = (callee: Value, args: readonly Value[], self: Value) => Generator<Need, Value, Answer>;

/** How a function of ours is called. A generator, as some ask for files. */
type Native = (args: readonly Value[], self: Value, call: CallScript) => Generator<Need, Value, Answer>;

/** A function of the program. */
export interface Closure {
  readonly node: Node;
  readonly scope: Scope;
  readonly module: ModuleState;
  readonly self: Value;
}

/** A regular expression that is nothing but text, such as `/-/g` and `/\.node$/`: no other is tried. */
export interface PlainPattern {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly isGlobal: boolean;
}

/** The value or the error of a promise. */
export type Settled = { readonly value: Value } | { readonly error: ScriptThrow };

/** An object, array, function, promise or regular expression. */
export class ScriptObject {
  readonly properties: Map<string, Value> = new Map();
  /** An array's elements. */
  readonly items: Value[] | undefined;
  readonly call: Native | Closure | undefined;
  readonly pattern: PlainPattern | undefined;
  /** What a settled promise came to. */
  readonly settled: Settled | undefined;
  /** Other properties than those here may be set, or these differ. */
  isOpen: boolean;

  constructor(
    kind: {
      readonly items?: Value[];
      readonly call?: Native | Closure;
      readonly pattern?: PlainPattern;
      readonly settled?: Settled;
      readonly isOpen?: boolean;
    } = {},
  ) {
    this.items = kind.items;
    this.call = kind.call;
    this.pattern = kind.pattern;
    this.settled = kind.settled;
    this.isOpen = kind.isOpen ?? false;
  }
}

/** A variable; `read` is for imports, which follow what the other module does. */
export interface Binding {
  value: Value;
  readonly read?: () => Value;
}

/** A block's or function's variables. */
export interface Scope {
  readonly names: Map<string, Binding>;
  readonly parent: Scope | undefined;
  /** Where `var` goes. */
  readonly isFunction: boolean;
}

/** One module while it runs and after. */
export interface ModuleState {
  /** Absolute, in the form of paths. */
  readonly path: string;
  readonly isModule: boolean;
  readonly root: Node;
  /** module.exports, or the namespace. */
  exports: Value;
  /** Names that some function of it assigns. */
  readonly captured: ReadonlySet<string>;
  readonly scope: Scope;
}

/** What an interpreter asks of who has the files. Paths absolute. */
export type Need =
  | { readonly kind: "open"; readonly specifier: string; readonly how: "import" | "require"; readonly from: string }
  /** The text of a small file; undefined when there is none. */
  | { readonly kind: "read"; readonly path: string }
  /** Names in a directory; undefined when there is none. */
  | { readonly kind: "list"; readonly path: string }
  | { readonly kind: "exists"; readonly path: string };

/** What an import leads to. */
export type Opened =
  | { readonly kind: "builtin" }
  /** `isPart`: its package is there without what is asked for. */
  | { readonly kind: "missing"; readonly isPart?: boolean }
  /** Found by a package.json, `path`, that the user may not read: Node.js throws. */
  | { readonly kind: "shut"; readonly path: string }
  /** It is there, and certainly throws for what it imports itself. */
  | { readonly kind: "failing"; readonly specifier: string; readonly from: string }
  /** Nothing that can be looked at. */
  | { readonly kind: "unknown" }
  | { readonly kind: "json"; readonly path: string; readonly value: unknown }
  | { readonly kind: "addon"; readonly path: string; readonly isBroken: boolean }
  | { readonly kind: "script"; readonly path: string; readonly isModule: boolean; readonly root: Node };

/** The answer: a value for a question about files, what was opened for the other. */
export type Answer = { readonly value: Value } | { readonly opened: Opened };

/** Something thrown by the program. `missed`: what could not be loaded before. */
export class ScriptThrow {
  readonly value: Value;
  /** What could not be loaded, if this says so itself. */
  readonly missed: Missed | undefined;
  /** What could not be loaded, if this is thrown because of it. */
  readonly cause: Missed | undefined;
  /** The file of the `throw`. */
  readonly from: string | undefined;

  constructor(
    value: Value,
    {
      missed,
      cause,
      from,
    }: { readonly missed?: Missed | undefined; readonly cause?: Missed | undefined; readonly from?: string | undefined },
  ) {
    this.value = value;
    this.missed = missed;
    this.cause = cause ?? missed;
    this.from = from;
  }
}

/** A module that could not be loaded. */
export interface Missed {
  readonly specifier: string;
  /** The file that is there. */
  readonly path?: string;
  /** The file that asked for it, absolute, in the form of paths. */
  readonly from: string;
  /** "broken": the file is there, and lacks something itself. */
  readonly why: "missing" | "broken";
}

/** A plain object. */
export function objectOf(values: Readonly<Record<string, Value>>, options: { readonly isOpen?: boolean } = {}): ScriptObject {
  const made = new ScriptObject(options);
  for (const [name, value] of Object.entries(values)) made.properties.set(name, value);
  return made;
}

/** An array. */
export function arrayOf(items: Value[]): ScriptObject {
  return new ScriptObject({ items });
}

/** A promise that is settled, or what a piece of running throws as one. */
export function* promiseOf(running: Generator<Need, Value, Answer>): Generator<Need, ScriptObject, Answer> {
  try {
    return new ScriptObject({ settled: { value: yield* running }, isOpen: true });
  } catch (error) {
    if (!(error instanceof ScriptThrow)) throw error;
    return new ScriptObject({ settled: { error }, isOpen: true });
  }
}

/** A function that only computes. */
export function plainFunction(compute: (args: readonly Value[], self: Value) => Value): ScriptObject {
  return new ScriptObject({
    // oxlint-disable-next-line require-yield -- the others ask for files
    call: function* call(args, self) {
      return compute(args, self);
    },
  });
}

/** True, false, or unknown. */
export function truth(value: Value): boolean | typeof UNKNOWN {
  return value === UNKNOWN ? UNKNOWN : value instanceof ScriptObject ? true : Boolean(value);
}

/** Everybody who holds the object may have changed it. */
export function loosen(value: Value, depth = 0): void {
  if (!(value instanceof ScriptObject) || value.isOpen || depth > 3) return;
  value.isOpen = true;
  for (const [name, inner] of value.properties) {
    loosen(inner, depth + 1);
    if (!(inner instanceof ScriptObject)) value.properties.set(name, UNKNOWN);
  }
}
