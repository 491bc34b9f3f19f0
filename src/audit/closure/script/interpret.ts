/**
 * Runs a module on paper: its syntax tree, over values of which many are unknown. It exists to see which file a loader of native add-ons chooses, and whether what
 * it throws reaches the end of the program. Nothing of the image runs in our process: no host function is reachable from a program, every step is counted, and
 * regular expressions are never tried.
 */
import type { Node } from "acorn";
import { field, list, text } from "./nodes.ts";
import { assignedNames, leaves, usedNames } from "./effects.ts";
import { binary, getMember, setMember } from "./operators.ts";
import {
  type Answer,
  arrayOf,
  type Binding,
  type Closure,
  loosen,
  type ModuleState,
  type Need,
  objectOf,
  type Scope,
  ScriptObject,
  ScriptThrow,
  truth,
  UNKNOWN,
  type Value,
} from "./values.ts";

/** How running ends. */
type Completion =
  | { readonly kind: "normal" }
  | { readonly kind: "return"; readonly value: Value }
  | { readonly kind: "break" | "continue"; readonly label: string | undefined };
type Running<T> = Generator<Need, T, Answer>;

/** So many nodes are looked at in one module, and in all. */
export interface Budget {
  steps: number;
}

/** The rest of this function or module is not known. */
export class Unsure {}

const NORMAL: Completion = { kind: "normal" };
const MAX_DEPTH = 120;
const MAX_TURNS = 2000;

/** Runs modules; one for a program. */
export interface Interpreter {
  /** Runs the body of a module whose imports are bound. Throws `ScriptThrow` and `Unsure`. */
  run(module: ModuleState): Running<void>;
  /** Calls a function of the program. */
  call(callee: Value, args: readonly Value[], self: Value): Running<Value>;
}

/** A scope below another. */
export function newScope(parent: Scope | undefined, isFunction: boolean): Scope {
  return { names: new Map(), parent, isFunction };
}

/** Makes an interpreter. `unknownCall` is told of every call of which nothing is known. */
export function createInterpreter(budget: Budget, importValue: (specifier: Value, module: ModuleState) => Running<Value>): Interpreter {
  let depth = 0;
  /** Calls of unknown functions so far: any may have thrown. */
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
    for (const arg of args) loosen(arg);
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

  function* block(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): Running<Completion> {
    hoist(nodes, scope, module);
    for (const node of nodes) {
      if (node === undefined) continue;
      const done = yield* statement(node, scope, module);
      if (done.kind !== "normal") return done;
    }
    return NORMAL;
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

  function* statement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    count();
    switch (node.type) {
      case "ExpressionStatement":
        yield* value(field(node, "expression"), scope, module);
        return NORMAL;
      case "VariableDeclaration":
        for (const one of list(node, "declarations")) {
          const init = one === undefined ? undefined : field(one, "init");
          const isVar = text(node, "kind") === "var";
          if (one === undefined || (init === undefined && isVar && lookUp(scope, text(field(one, "id"), "name") ?? "") !== undefined))
            continue;
          yield* bind(
            field(one, "id"),
            init === undefined ? undefined : yield* value(init, scope, module),
            scope,
            module,
            isVar ? "var" : "let",
          );
        }
        return NORMAL;
      case "BlockStatement":
        return yield* block(list(node, "body"), newScope(scope, false), module);
      case "IfStatement":
        return yield* ifStatement(node, scope, module);
      case "ReturnStatement": {
        const argument = field(node, "argument");
        return { kind: "return", value: argument === undefined ? undefined : yield* value(argument, scope, module) };
      }
      case "ThrowStatement":
        throw new ScriptThrow(yield* value(field(node, "argument"), scope, module), { from: module.path });
      case "TryStatement":
        return yield* tryStatement(node, scope, module);
      case "SwitchStatement":
        return yield* switchStatement(node, scope, module);
      case "ForOfStatement":
        return yield* forOf(node, scope, module);
      case "ForStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return yield* loop(node, scope, module);
      case "BreakStatement":
      case "ContinueStatement":
        return { kind: node.type === "BreakStatement" ? "break" : "continue", label: text(field(node, "label"), "name") };
      case "LabeledStatement": {
        const done = yield* statement(field(node, "body") ?? node, scope, module);
        return done.kind === "break" && done.label === text(field(node, "label"), "name") ? NORMAL : done;
      }
      case "ClassDeclaration": {
        const name = text(field(node, "id"), "name");
        if (name !== undefined) scope.names.set(name, { value: new ScriptObject({ isOpen: true }) });
        return NORMAL;
      }
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration":
        return yield* exported(node, scope, module);
      case "FunctionDeclaration":
      case "EmptyStatement":
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "DebuggerStatement":
        return NORMAL;
      default:
        skip([node], scope, module);
        return NORMAL;
    }
  }

  function* exported(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const declaration = field(node, "declaration");
    if (declaration === undefined) return NORMAL;
    if (node.type === "ExportNamedDeclaration") return yield* statement(declaration, scope, module);
    const isFunction = declaration.type === "FunctionDeclaration";
    const made = isFunction
      ? closure(declaration, scope, module, undefined)
      : declaration.type === "ClassDeclaration"
        ? UNKNOWN
        : yield* value(declaration, scope, module);
    if (module.exports instanceof ScriptObject) module.exports.properties.set("default", made);
    return NORMAL;
  }

  function* ifStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const holds = truth(yield* value(field(node, "test"), scope, module));
    if (holds === UNKNOWN) {
      skip([field(node, "consequent"), field(node, "alternate")], scope, module);
      return NORMAL;
    }
    const next = field(node, holds ? "consequent" : "alternate");
    return next === undefined ? NORMAL : yield* statement(next, scope, module);
  }

  function* tryStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const [body, handler, finalizer] = [field(node, "block"), field(node, "handler"), field(node, "finalizer")];
    const before = unknownCalls;
    let done: Completion = NORMAL;
    let failure: unknown;
    try {
      if (body !== undefined) done = yield* statement(body, scope, module);
      // Something in it may have thrown: then the handler ran.
      if (unknownCalls > before && handler !== undefined) forgetAssigned(handler, scope);
    } catch (error) {
      if (!(error instanceof ScriptThrow)) throw error;
      failure = error;
      if (handler !== undefined) {
        failure = undefined;
        const inner = newScope(scope, false);
        const param = field(handler, "param");
        try {
          if (param !== undefined) yield* bind(param, error.value, inner, module, "let");
          done = yield* statement(field(handler, "body") ?? handler, inner, module);
        } catch (thrown) {
          if (!(thrown instanceof ScriptThrow)) throw thrown;
          failure = thrown.value === error.value && thrown.missed === undefined ? error : thrown;
        }
      }
    }
    if (finalizer !== undefined) {
      const last = yield* statement(finalizer, scope, module);
      if (last.kind !== "normal") return last;
    }
    if (failure !== undefined) throw failure;
    return done;
  }

  function forgetAssigned(node: Node, scope: Scope): void {
    for (const name of assignedNames(node)) {
      const binding = lookUp(scope, name);
      if (binding !== undefined) binding.value = UNKNOWN;
    }
  }

  function* switchStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const wanted = yield* value(field(node, "discriminant"), scope, module);
    const cases = list(node, "cases").filter((one) => one !== undefined);
    let from = -1;
    for (const [at, one] of cases.entries()) {
      const test = field(one, "test");
      if (test === undefined) continue;
      const same = binary("===", wanted, yield* value(test, scope, module));
      if (same === UNKNOWN) {
        skip(cases, scope, module);
        return NORMAL;
      }
      if (same === true) {
        from = at;
        break;
      }
    }
    if (from < 0) from = cases.findIndex((one) => field(one, "test") === undefined);
    if (from < 0) return NORMAL;
    const done = yield* block(
      cases.slice(from).flatMap((one) => list(one, "consequent")),
      newScope(scope, false),
      module,
    );
    return done.kind === "break" && done.label === undefined ? NORMAL : done;
  }

  function* forOf(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const over = yield* value(field(node, "right"), scope, module);
    const body = field(node, "body");
    if (!(over instanceof ScriptObject) || over.items === undefined || over.isOpen || body === undefined) {
      skip([node], scope, module);
      return NORMAL;
    }
    for (const item of over.items.slice(0, MAX_TURNS)) {
      const inner = newScope(scope, false);
      const left = field(node, "left");
      const isDeclared = left?.type === "VariableDeclaration";
      const target = isDeclared ? field(list(left, "declarations")[0], "id") : left;
      yield* bind(target, item, inner, module, isDeclared ? (text(left, "kind") === "var" ? "var" : "let") : "assign");
      const done = yield* statement(body, inner, module);
      if (done.kind === "return" || (done.kind !== "normal" && done.label !== undefined)) return done;
      if (done.kind === "break") break;
    }
    return NORMAL;
  }

  function* loop(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const inner = newScope(scope, false);
    const [init, test, update, body] = [field(node, "init"), field(node, "test"), field(node, "update"), field(node, "body")];
    if (init !== undefined) yield* init.type === "VariableDeclaration" ? statement(init, inner, module) : value(init, inner, module);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const holds: boolean | typeof UNKNOWN =
        test === undefined || (node.type === "DoWhileStatement" && turn === 0) ? true : truth(yield* value(test, inner, module));
      if (holds === UNKNOWN) break;
      if (!holds) return NORMAL;
      const done = body === undefined ? NORMAL : yield* statement(body, inner, module);
      if (done.kind === "return" || (done.kind !== "normal" && done.label !== undefined)) return done;
      if (done.kind === "break") return NORMAL;
      if (update !== undefined) yield* value(update, inner, module);
    }
    skip([node], inner, module);
    return NORMAL;
  }

  /** Sets variables, also those of patterns. */
  function* bind(target: Node | undefined, given: Value, scope: Scope, module: ModuleState, how: "var" | "let" | "assign"): Running<void> {
    if (target === undefined) return;
    count();
    switch (target.type) {
      case "Identifier": {
        const name = text(target, "name") ?? "";
        const existing = how === "assign" ? lookUp(scope, name) : undefined;
        if (existing !== undefined) existing.value = given;
        else declare(scope, name, given, how !== "let");
        return;
      }
      case "MemberExpression": {
        const object = yield* value(field(target, "object"), scope, module);
        const key = yield* memberKey(target, scope, module);
        setMember(object, key, given);
        return;
      }
      case "AssignmentPattern":
        yield* bind(
          field(target, "left"),
          given === undefined ? yield* value(field(target, "right"), scope, module) : given,
          scope,
          module,
          how,
        );
        return;
      case "ObjectPattern":
        for (const one of list(target, "properties")) {
          if (one?.type !== "Property") yield* bind(field(one, "argument"), UNKNOWN, scope, module, how);
          else yield* bind(field(one, "value"), getMember(given, yield* propertyKey(one, scope, module)), scope, module, how);
        }
        return;
      case "ArrayPattern":
        for (const [at, one] of list(target, "elements").entries())
          yield* bind(one, one?.type === "RestElement" ? UNKNOWN : getMember(given, String(at)), scope, module, how);
        return;
      case "RestElement":
        yield* bind(field(target, "argument"), given, scope, module, how);
        return;
      default:
    }
  }

  function* propertyKey(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const key = field(node, "key");
    if (Reflect.get(node, "computed") === true) return yield* value(key, scope, module);
    return key?.type === "Identifier" ? text(key, "name") : literal(key);
  }

  function* memberKey(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const property = field(node, "property");
    if (Reflect.get(node, "computed") === true) return yield* value(property, scope, module);
    return property?.type === "Identifier" ? text(property, "name") : UNKNOWN;
  }

  function literal(node: Node | undefined): Value {
    const held: unknown = node === undefined ? undefined : Reflect.get(node, "value");
    if (typeof held === "string" || typeof held === "number" || typeof held === "boolean") return held;
    return held === null && node !== undefined && Reflect.get(node, "regex") === undefined ? null : UNKNOWN;
  }

  function* value(node: Node | undefined, scope: Scope, module: ModuleState): Running<Value> {
    if (node === undefined) return undefined;
    count();
    switch (node.type) {
      case "Literal":
        return literal(node);
      case "Identifier": {
        const name = text(node, "name") ?? "";
        if (name === "undefined") return undefined;
        const binding = lookUp(scope, name);
        return binding === undefined ? UNKNOWN : binding.read === undefined ? binding.value : binding.read();
      }
      case "TemplateLiteral": {
        const quasis = list(node, "quasis");
        let made: Value = "";
        for (const [at, quasi] of quasis.entries()) {
          const cooked: unknown = quasi === undefined ? "" : Reflect.get(Object(Reflect.get(quasi, "value")), "cooked");
          made = binary("+", made, typeof cooked === "string" ? cooked : UNKNOWN);
          const expression = list(node, "expressions")[at];
          if (expression !== undefined) made = binary("+", made, yield* value(expression, scope, module));
        }
        return made;
      }
      case "ParenthesizedExpression":
      case "ChainExpression":
        return yield* value(field(node, "expression"), scope, module);
      case "AwaitExpression":
        return yield* value(field(node, "argument"), scope, module);
      case "ThisExpression":
        return lookUp(scope, "this")?.value;
      case "SequenceExpression": {
        let last: Value;
        for (const one of list(node, "expressions")) last = yield* value(one, scope, module);
        return last;
      }
      case "MemberExpression": {
        const object = yield* value(field(node, "object"), scope, module);
        const key = yield* memberKey(node, scope, module);
        return getMember(object, key);
      }
      case "BinaryExpression":
        return binary(
          text(node, "operator") ?? "",
          yield* value(field(node, "left"), scope, module),
          yield* value(field(node, "right"), scope, module),
        );
      case "LogicalExpression":
        return yield* logical(node, scope, module);
      case "ConditionalExpression": {
        const holds = truth(yield* value(field(node, "test"), scope, module));
        if (holds !== UNKNOWN) return yield* value(field(node, holds ? "consequent" : "alternate"), scope, module);
        skip([field(node, "consequent"), field(node, "alternate")], scope, module);
        return UNKNOWN;
      }
      case "UnaryExpression":
        return yield* unary(node, scope, module);
      case "AssignmentExpression":
        return yield* assignment(node, scope, module);
      case "UpdateExpression": {
        const old = yield* value(field(node, "argument"), scope, module);
        const next = binary(text(node, "operator") === "++" ? "+" : "-", old, 1);
        yield* bind(field(node, "argument"), next, scope, module, "assign");
        return Reflect.get(node, "prefix") === true ? next : old;
      }
      case "ArrayExpression":
        return yield* arrayLiteral(node, scope, module);
      case "ObjectExpression":
        return yield* objectLiteral(node, scope, module);
      case "ArrowFunctionExpression":
        return closure(node, scope, module, lookUp(scope, "this")?.value);
      case "FunctionExpression":
        return closure(node, scope, module, undefined);
      case "CallExpression":
        return yield* callExpression(node, scope, module);
      case "NewExpression":
        return yield* newExpression(node, scope, module);
      case "ImportExpression":
        return yield* importValue(yield* value(field(node, "source"), scope, module), module);
      case "MetaProperty":
        return lookUp(scope, "import.meta")?.value ?? UNKNOWN;
      default:
        // Classes, tagged templates, yield: what is in them may run.
        skip(node.type === "ClassExpression" ? [] : [node], scope, module);
        return UNKNOWN;
    }
  }

  function* logical(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const left = yield* value(field(node, "left"), scope, module);
    const operator = text(node, "operator");
    const right = field(node, "right");
    const holds = operator === "??" ? (left === UNKNOWN ? UNKNOWN : left !== null && left !== undefined) : truth(left);
    if (holds === UNKNOWN) {
      skip([right], scope, module);
      return UNKNOWN;
    }
    return (operator === "&&") === holds ? yield* value(right, scope, module) : left;
  }

  function* unary(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const operator = text(node, "operator") ?? "";
    const argument = field(node, "argument");
    if (operator === "typeof" && argument?.type === "Identifier" && lookUp(scope, text(argument, "name") ?? "") === undefined) {
      // Of bundlers and other runtimes; anything else may be global.
      return /^(?:__webpack_require__|__non_webpack_require__|Bun|Deno|window|document|importScripts|__turbopack_require__)$/.test(
        text(argument, "name") ?? "",
      )
        ? "undefined"
        : UNKNOWN;
    }
    const given = yield* value(argument, scope, module);
    if (given === UNKNOWN) return operator === "void" ? undefined : UNKNOWN;
    switch (operator) {
      case "!":
        return !truth(given);
      case "void":
        return undefined;
      case "typeof":
        if (given instanceof ScriptObject) return given.call === undefined ? (given.isOpen ? UNKNOWN : "object") : "function";
        return given === null ? "object" : typeof given;
      case "-":
        return typeof given === "number" ? -given : UNKNOWN;
      case "+":
        return given instanceof ScriptObject ? UNKNOWN : Number(given);
      default:
        return UNKNOWN;
    }
  }

  function* assignment(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const operator = text(node, "operator") ?? "=";
    const [left, right] = [field(node, "left"), field(node, "right")];
    if (operator === "=") {
      const made = yield* value(right, scope, module);
      yield* bind(left, made, scope, module, "assign");
      return made;
    }
    const old = yield* value(left, scope, module);
    let made: Value;
    if (operator === "||=" || operator === "&&=" || operator === "??=") {
      const holds = operator === "??=" ? (old === UNKNOWN ? UNKNOWN : old !== null && old !== undefined) : truth(old);
      if (holds === UNKNOWN) skip([right], scope, module);
      made = holds === UNKNOWN ? UNKNOWN : (operator === "&&=") === holds ? yield* value(right, scope, module) : old;
    } else made = binary(operator.slice(0, -1), old, yield* value(right, scope, module));
    yield* bind(left, made, scope, module, "assign");
    return made;
  }

  function* arrayLiteral(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const items: Value[] = [];
    let isOpen = false;
    for (const one of list(node, "elements")) {
      if (one?.type !== "SpreadElement") {
        items.push(yield* value(one, scope, module));
        continue;
      }
      const given = yield* value(field(one, "argument"), scope, module);
      if (given instanceof ScriptObject && given.items !== undefined && !given.isOpen) items.push(...given.items);
      else isOpen = true;
    }
    return new ScriptObject({ items, isOpen });
  }

  function* objectLiteral(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const made = objectOf({});
    for (const one of list(node, "properties")) {
      if (one?.type !== "Property") {
        const given = yield* value(field(one, "argument"), scope, module);
        if (given instanceof ScriptObject && !given.isOpen) for (const [name, inner] of given.properties) made.properties.set(name, inner);
        else if (given !== undefined && given !== null) made.isOpen = true;
        continue;
      }
      const key = yield* propertyKey(one, scope, module);
      const given = text(one, "kind") === "init" ? yield* value(field(one, "value"), scope, module) : UNKNOWN;
      if (typeof key === "string" || typeof key === "number") made.properties.set(String(key), given);
      else made.isOpen = true;
    }
    return made;
  }

  function* argumentsOf(node: Node, scope: Scope, module: ModuleState): Running<Value[]> {
    const args: Value[] = [];
    for (const one of list(node, "arguments")) {
      if (one?.type !== "SpreadElement") {
        args.push(yield* value(one, scope, module));
        continue;
      }
      const given = yield* value(field(one, "argument"), scope, module);
      if (given instanceof ScriptObject && given.items !== undefined && !given.isOpen) args.push(...given.items);
      else args.push(UNKNOWN);
    }
    return args;
  }

  function* callExpression(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const callee = field(node, "callee");
    let self: Value;
    let called: Value;
    if (callee?.type === "MemberExpression") {
      self = yield* value(field(callee, "object"), scope, module);
      if (Reflect.get(callee, "optional") === true && (self === undefined || self === null)) return undefined;
      called = getMember(self, yield* memberKey(callee, scope, module));
    } else called = yield* value(callee, scope, module);
    if (Reflect.get(node, "optional") === true && (called === undefined || called === null)) return undefined;
    const args = yield* argumentsOf(node, scope, module);
    if (called instanceof ScriptObject && called.call !== undefined) return yield* call(called, args, self);
    forget(module, [...args, self]);
    return UNKNOWN;
  }

  function* newExpression(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const callee = field(node, "callee");
    const name = text(callee, "name") ?? "";
    const args = yield* argumentsOf(node, scope, module);
    if (name.endsWith("Error")) return objectOf({ message: args[0] }, { isOpen: true });
    if (name === "URL") {
      const made = lookUp(scope, "URL")?.value;
      if (made instanceof ScriptObject && made.call !== undefined) return yield* call(made, args, undefined);
    }
    forget(module, args);
    return UNKNOWN;
  }

  function* call(callee: Value, args: readonly Value[], self: Value): Running<Value> {
    count();
    if (!(callee instanceof ScriptObject) || callee.call === undefined) return UNKNOWN;
    if (typeof callee.call === "function") return yield* callee.call(args, self, call);
    return yield* callClosure(callee.call, args, self);
  }

  function* callClosure(made: Closure, args: readonly Value[], self: Value): Running<Value> {
    const { node, module } = made;
    if (Reflect.get(node, "generator") === true || depth >= MAX_DEPTH) {
      forget(module, args);
      return UNKNOWN;
    }
    const scope = newScope(made.scope, true);
    if (node.type !== "ArrowFunctionExpression") {
      scope.names.set("this", { value: self });
      scope.names.set("arguments", { value: arrayOf([...args]) });
      const own = text(field(node, "id"), "name");
      if (own !== undefined && node.type === "FunctionExpression") scope.names.set(own, { value: new ScriptObject({ call: made }) });
    }
    const body = field(node, "body");
    depth += 1;
    try {
      for (const [at, param] of list(node, "params").entries())
        yield* bind(param, param?.type === "RestElement" ? arrayOf(args.slice(at)) : args[at], scope, module, "let");
      if (body === undefined) return undefined;
      if (body.type !== "BlockStatement") return yield* value(body, scope, module);
      const done = yield* block(list(body, "body"), scope, module);
      return done.kind === "return" ? done.value : undefined;
    } catch (error) {
      if (!(error instanceof Unsure) || budget.steps < 0) throw error;
      // It returned somewhere: what else it does is not known.
      forgetAssigned(node, made.scope);
      forget(module, [...args, new ScriptObject({ call: made })]);
      return UNKNOWN;
    } finally {
      depth -= 1;
    }
  }

  return {
    call,
    *run(module) {
      yield* block(list(module.root, "body"), module.scope, module);
    },
  };
}
