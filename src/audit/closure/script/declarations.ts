/** Statements that declare names: variables, classes, and what a module exports. Functions are there before anything runs (`hoist`). */
import type { Node } from "acorn";
import { type Completion, type Machine, NORMAL, type Running, type RunStatement } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { type ModuleState, type Scope, ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** Declarations for a machine that has the rest, by types of nodes. */
export function createDeclarations(machine: Machine): Readonly<Record<string, RunStatement>> {
  function* variables(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const isVar = text(node, "kind") === "var";
    for (const one of list(node, "declarations")) {
      if (one === undefined) continue;
      const [id, init] = [field(one, "id"), field(one, "init")];
      // `var a;` leaves a value that is there.
      if (init === undefined && isVar && machine.lookUp(scope, text(id, "name") ?? "") !== undefined) continue;
      const value = init === undefined ? undefined : yield* machine.value(init, scope, module);
      yield* machine.bind(id, value, scope, module, isVar ? "var" : "let");
    }
    return NORMAL;
  }

  // oxlint-disable-next-line require-yield -- as all statements
  function* classDeclaration(node: Node, scope: Scope): Running<Completion> {
    const name = text(field(node, "id"), "name");
    if (name !== undefined) scope.names.set(name, { value: new ScriptObject({ isOpen: true }) });
    return NORMAL;
  }

  function* exportedNames(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const declaration = field(node, "declaration");
    return declaration === undefined ? NORMAL : yield* machine.statement(declaration, scope, module);
  }

  function* exportedDefault(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const declaration = field(node, "declaration");
    if (declaration === undefined) return NORMAL;
    const made = yield* defaultValue(declaration, scope, module);
    if (module.exports instanceof ScriptObject) module.exports.properties.set("default", made);
    return NORMAL;
  }

  function* defaultValue(declaration: Node, scope: Scope, module: ModuleState): Running<Value> {
    if (declaration.type === "FunctionDeclaration") return machine.closure(declaration, scope, module, undefined);
    return declaration.type === "ClassDeclaration" ? UNKNOWN : yield* machine.value(declaration, scope, module);
  }

  return {
    VariableDeclaration: variables,
    ClassDeclaration: classDeclaration,
    ExportNamedDeclaration: exportedNames,
    ExportDefaultDeclaration: exportedDefault,
  };
}
