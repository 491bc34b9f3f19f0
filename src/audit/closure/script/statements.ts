/** Statements on paper. What may run or not is skipped, and makes what it touches unknown. */
import type { Node } from "acorn";
import { type Completion, type Machine, MAX_TURNS, NORMAL, type Running, newScope } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { binary } from "./operators.ts";
import { type ModuleState, type Scope, ScriptObject, ScriptThrow, truth, UNKNOWN } from "./values.ts";

/** Statements for a machine that has the rest. */
export function createStatements(machine: Machine): Pick<Machine, "block" | "statement"> {
  function* block(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): Running<Completion> {
    machine.hoist(nodes, scope, module);
    for (const node of nodes) {
      if (node === undefined) continue;
      const done = yield* statement(node, scope, module);
      if (done.kind !== "normal") return done;
    }
    return NORMAL;
  }

  function* statement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    machine.count();
    switch (node.type) {
      case "ExpressionStatement":
        yield* machine.value(field(node, "expression"), scope, module);
        return NORMAL;
      case "VariableDeclaration":
        for (const one of list(node, "declarations")) {
          const init = one === undefined ? undefined : field(one, "init");
          const isVar = text(node, "kind") === "var";
          if (
            one === undefined ||
            (init === undefined && isVar && machine.lookUp(scope, text(field(one, "id"), "name") ?? "") !== undefined)
          )
            continue;
          yield* machine.bind(
            field(one, "id"),
            init === undefined ? undefined : yield* machine.value(init, scope, module),
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
        return { kind: "return", value: argument === undefined ? undefined : yield* machine.value(argument, scope, module) };
      }
      case "ThrowStatement":
        throw new ScriptThrow(yield* machine.value(field(node, "argument"), scope, module), { from: module.path });
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
        machine.skip([node], scope, module);
        return NORMAL;
    }
  }

  function* exported(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const declaration = field(node, "declaration");
    if (declaration === undefined) return NORMAL;
    if (node.type === "ExportNamedDeclaration") return yield* statement(declaration, scope, module);
    const isFunction = declaration.type === "FunctionDeclaration";
    const made = isFunction
      ? machine.closure(declaration, scope, module, undefined)
      : declaration.type === "ClassDeclaration"
        ? UNKNOWN
        : yield* machine.value(declaration, scope, module);
    if (module.exports instanceof ScriptObject) module.exports.properties.set("default", made);
    return NORMAL;
  }

  function* ifStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const holds = truth(yield* machine.value(field(node, "test"), scope, module));
    if (holds === UNKNOWN) {
      machine.skip([field(node, "consequent"), field(node, "alternate")], scope, module);
      return NORMAL;
    }
    const next = field(node, holds ? "consequent" : "alternate");
    return next === undefined ? NORMAL : yield* statement(next, scope, module);
  }

  function* tryStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const [body, handler, finalizer] = [field(node, "block"), field(node, "handler"), field(node, "finalizer")];
    const before = machine.unknownCalls();
    let done: Completion = NORMAL;
    let failure: unknown;
    try {
      if (body !== undefined) done = yield* statement(body, scope, module);
      // Something in it may have thrown: then the handler ran.
      if (machine.unknownCalls() > before && handler !== undefined) machine.forgetAssigned(handler, scope);
    } catch (error) {
      if (!(error instanceof ScriptThrow)) throw error;
      failure = error;
      if (handler !== undefined) {
        failure = undefined;
        const inner = newScope(scope, false);
        const param = field(handler, "param");
        try {
          if (param !== undefined) yield* machine.bind(param, error.value, inner, module, "let");
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

  function* switchStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const wanted = yield* machine.value(field(node, "discriminant"), scope, module);
    const cases = list(node, "cases").filter((one) => one !== undefined);
    let from = -1;
    for (const [at, one] of cases.entries()) {
      const test = field(one, "test");
      if (test === undefined) continue;
      const same = binary("===", wanted, yield* machine.value(test, scope, module));
      if (same === UNKNOWN) {
        machine.skip(cases, scope, module);
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
    const over = yield* machine.value(field(node, "right"), scope, module);
    const body = field(node, "body");
    if (!(over instanceof ScriptObject) || over.items === undefined || over.isOpen || body === undefined) {
      machine.skip([node], scope, module);
      return NORMAL;
    }
    for (const item of over.items.slice(0, MAX_TURNS)) {
      const inner = newScope(scope, false);
      const left = field(node, "left");
      const isDeclared = left?.type === "VariableDeclaration";
      const target = isDeclared ? field(list(left, "declarations")[0], "id") : left;
      yield* machine.bind(target, item, inner, module, isDeclared ? (text(left, "kind") === "var" ? "var" : "let") : "assign");
      const done = yield* statement(body, inner, module);
      if (done.kind === "return" || (done.kind !== "normal" && done.label !== undefined)) return done;
      if (done.kind === "break") break;
    }
    return NORMAL;
  }

  function* loop(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const inner = newScope(scope, false);
    const [init, test, update, body] = [field(node, "init"), field(node, "test"), field(node, "update"), field(node, "body")];
    if (init !== undefined)
      yield* init.type === "VariableDeclaration" ? statement(init, inner, module) : machine.value(init, inner, module);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const holds: boolean | typeof UNKNOWN =
        test === undefined || (node.type === "DoWhileStatement" && turn === 0) ? true : truth(yield* machine.value(test, inner, module));
      if (holds === UNKNOWN) break;
      if (!holds) return NORMAL;
      const done = body === undefined ? NORMAL : yield* statement(body, inner, module);
      if (done.kind === "return" || (done.kind !== "normal" && done.label !== undefined)) return done;
      if (done.kind === "break") return NORMAL;
      if (update !== undefined) yield* machine.value(update, inner, module);
    }
    machine.skip([node], inner, module);
    return NORMAL;
  }

  return { block, statement };
}
