/** Loops on paper. One whose turns nobody can count is skipped, and makes what it touches unknown. */
import type { Node } from "acorn";
import { type Completion, type Machine, MAX_TURNS, NORMAL, type Running, type RunStatement, newScope } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { type ModuleState, type Scope, ScriptObject, truth, UNKNOWN } from "./values.ts";

/** Loops for a machine that has the rest, by types of nodes. */
export function createLoops(machine: Machine): Readonly<Record<string, RunStatement>> {
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
      const done = yield* machine.statement(body, inner, module);
      if (leavesLoop(done)) return done;
      if (done.kind === "break") break;
    }
    return NORMAL;
  }

  function* loop(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const inner = newScope(scope, false);
    const [init, test, update, body] = [field(node, "init"), field(node, "test"), field(node, "update"), field(node, "body")];
    if (init !== undefined)
      yield* init.type === "VariableDeclaration" ? machine.statement(init, inner, module) : machine.value(init, inner, module);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const holds: boolean | typeof UNKNOWN =
        test === undefined || (node.type === "DoWhileStatement" && turn === 0) ? true : truth(yield* machine.value(test, inner, module));
      if (holds === UNKNOWN) break;
      if (!holds) return NORMAL;
      const done = body === undefined ? NORMAL : yield* machine.statement(body, inner, module);
      if (leavesLoop(done)) return done;
      if (done.kind === "break") return NORMAL;
      if (update !== undefined) yield* machine.value(update, inner, module);
    }
    machine.skip([node], inner, module);
    return NORMAL;
  }

  return { ForOfStatement: forOf, ForStatement: loop, WhileStatement: loop, DoWhileStatement: loop };
}

/** Does it go on further out than behind the loop? */
function leavesLoop(done: Completion): boolean {
  return done.kind === "return" || (done.kind !== "normal" && done.label !== undefined);
}
