/** The parts that an interpreter consists of, and its memory: variables, and what is forgotten of them. */
import type { Node } from "acorn";
import { assignedNames, leaves, usedNames } from "./effects.ts";
import { field, text } from "./nodes.ts";
import {
  type Answer,
  type Binding,
  loosen,
  type ModuleState,
  type Need,
  type Scope,
  ScriptObject,
  type ScriptThrow,
  UNKNOWN,
  type Value,
} from "./values.ts";

/** How running ends. */
export type Completion =
  | { readonly kind: "normal" }
  | { readonly kind: "return"; readonly value: Value }
  | { readonly kind: "break" | "continue"; readonly label: string | undefined };
/** A piece of running that may ask for files. */
export type Running<T> = Generator<Need, T, Answer>;

/** Runs statements of one type of node. */
export type RunStatement = (node: Node, scope: Scope, module: ModuleState) => Running<Completion>;
/** Gives the values of expressions of one type of node. */
export type Evaluate = (node: Node, scope: Scope, module: ModuleState) => Running<Value>;

/** So many nodes are looked at in one module. */
export interface Budget {
  steps: number;
}

/** The rest of this function or module is not known. */
export class Unsure {}

/** Nothing left early. */
export const NORMAL: Completion = { kind: "normal" };
/** Of one loop. */
export const MAX_TURNS = 2000;

/** Variables, and what becomes of them when code may run or not. */
interface Memory {
  readonly budget: Budget;
  /** Calls of unknown functions so far: any may have thrown. */
  unknownCalls(): number;
  lookUp(scope: Scope, name: string): Binding | undefined;
  declare(scope: Scope, name: string, value: Value, isVar: boolean): void;
  /** What a function that is not followed may have changed. */
  forget(module: ModuleState, args: readonly Value[]): void;
  /** Code that may run or not. Throws `Unsure` when it may leave the function. */
  skip(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): void;
  hoist(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): void;
  closure(node: Node, scope: Scope, module: ModuleState, self: Value): ScriptObject;
  /** One step. Throws `Unsure` when the budget is spent. */
  count(): void;
  forgetAssigned(node: Node, scope: Scope): void;
}

/** All parts of the interpreter, which need each other. */
export interface Machine extends Memory {
  block(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): Running<Completion>;
  statement(node: Node, scope: Scope, module: ModuleState): Running<Completion>;
  /** Sets variables, also those of patterns. */
  bind(target: Node | undefined, given: Value, scope: Scope, module: ModuleState, how: "var" | "let" | "assign"): Running<void>;
  propertyKey(node: Node, scope: Scope, module: ModuleState): Running<Value>;
  memberKey(node: Node, scope: Scope, module: ModuleState): Running<Value>;
  literal(node: Node | undefined): Value;
  value(node: Node | undefined, scope: Scope, module: ModuleState): Running<Value>;
  callExpression(node: Node, scope: Scope, module: ModuleState): Running<Value>;
  newExpression(node: Node, scope: Scope, module: ModuleState): Running<Value>;
  call(callee: Value, args: readonly Value[], self: Value): Running<Value>;
  /** A promise whose error nobody takes: the program ends when it has nothing else to do. */
  unhandled(error: ScriptThrow): void;
  /** What `import(specifier)` gives. */
  importValue(specifier: Value, module: ModuleState): Running<Value>;
}

/** A scope below another. */
export function newScope(parent: Scope | undefined, isFunction: boolean): Scope {
  return { names: new Map(), parent, isFunction };
}

/** Makes the memory. */
export function createMemory(budget: Budget): Memory {
  let unknownCalls = 0;

  function lookUp(scope: Scope, name: string): Binding | undefined {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      const found = at.names.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function declare(scope: Scope, name: string, value: Value, isVar: boolean): void {
    let at = scope;
    while (isVar && !at.isFunction && at.parent !== undefined) at = at.parent;
    at.names.set(name, { value });
  }

  /** What a function that we do not follow may have changed. */
  function forget(module: ModuleState, args: readonly Value[]): void {
    unknownCalls += 1;
    for (const arg of args) {
      loosen(arg);
      if (arg instanceof ScriptObject && typeof arg.call === "object") forgetAssigned(arg.call.node, arg.call.scope);
    }
    if (!args.some((arg) => arg instanceof ScriptObject && arg.call !== undefined)) return;
    for (const name of module.captured) {
      const binding = module.scope.names.get(name);
      if (binding !== undefined && !(binding.value instanceof ScriptObject && binding.value.call !== undefined)) binding.value = UNKNOWN;
    }
  }

  /** Code that may run or not: what it changes is not known afterwards. */
  function skip(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): void {
    for (const node of nodes) {
      if (node === undefined) continue;
      for (const name of usedNames(node)) {
        const value = lookUp(scope, name)?.value;
        if (value instanceof ScriptObject && value.call === undefined) loosen(value);
      }
      for (const name of assignedNames(node)) {
        const binding = lookUp(scope, name);
        if (binding === undefined) declare(scope, name, UNKNOWN, true);
        else binding.value = UNKNOWN;
      }
      forget(module, [new ScriptObject({ call: { node, scope, module, self: undefined } })]);
    }
    if (nodes.some((node) => node !== undefined && leaves(node))) throw new Unsure();
  }

  function hoist(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): void {
    for (const node of nodes) {
      const one = node?.type === "ExportNamedDeclaration" || node?.type === "ExportDefaultDeclaration" ? field(node, "declaration") : node;
      const name = one?.type === "FunctionDeclaration" ? text(field(one, "id"), "name") : undefined;
      if (one !== undefined && name !== undefined) scope.names.set(name, { value: closure(one, scope, module, undefined) });
    }
  }

  function closure(node: Node, scope: Scope, module: ModuleState, self: Value): ScriptObject {
    return new ScriptObject({ call: { node, scope, module, self } });
  }

  function count(): void {
    budget.steps -= 1;
    if (budget.steps < 0) throw new Unsure();
  }

  function forgetAssigned(node: Node, scope: Scope): void {
    for (const name of assignedNames(node)) {
      const binding = lookUp(scope, name);
      if (binding !== undefined) binding.value = UNKNOWN;
    }
  }

  return { budget, unknownCalls: () => unknownCalls, lookUp, declare, forget, skip, hoist, closure, count, forgetAssigned };
}
