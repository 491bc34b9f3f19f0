/** Statements that take one of several ways: if, switch, try. A way that may be taken or not is skipped, and makes what it touches unknown. */
import type { Node } from "acorn";
import { type Completion, type Machine, NORMAL, type Running, type RunStatement, newScope } from "./machine.ts";
import { field, list } from "./nodes.ts";
import { binary } from "./operators.ts";
import { becauseOf } from "./promises.ts";
import { type ModuleState, type Scope, ScriptThrow, truth, UNKNOWN } from "./values.ts";

/** Branches for a machine that has the rest, by types of nodes. */
export function createBranches(machine: Machine): Readonly<Record<string, RunStatement>> {
  function* ifStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const holds = truth(yield* machine.value(field(node, "test"), scope, module));
    if (holds === UNKNOWN) {
      machine.skip([field(node, "consequent"), field(node, "alternate")], scope, module);
      return NORMAL;
    }
    const next = field(node, holds ? "consequent" : "alternate");
    return next === undefined ? NORMAL : yield* machine.statement(next, scope, module);
  }

  function* switchStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const cases = list(node, "cases").filter((one) => one !== undefined);
    const from = yield* firstCase(node, cases, scope, module);
    if (from === UNKNOWN) machine.skip(cases, scope, module);
    if (from === UNKNOWN || from < 0) return NORMAL;
    const done = yield* machine.block(
      cases.slice(from).flatMap((one) => list(one, "consequent")),
      newScope(scope, false),
      module,
    );
    return done.kind === "break" && done.label === undefined ? NORMAL : done;
  }

  /** Where a switch enters; below zero where it does not. */
  function* firstCase(node: Node, cases: readonly Node[], scope: Scope, module: ModuleState): Running<number | typeof UNKNOWN> {
    const wanted = yield* machine.value(field(node, "discriminant"), scope, module);
    for (const [at, one] of cases.entries()) {
      const test = field(one, "test");
      if (test === undefined) continue;
      const same = binary("===", wanted, yield* machine.value(test, scope, module));
      if (same === UNKNOWN) return UNKNOWN;
      if (same === true) return at;
    }
    return cases.findIndex((one) => field(one, "test") === undefined);
  }

  function* tryStatement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const [body, handler, finalizer] = [field(node, "block"), field(node, "handler"), field(node, "finalizer")];
    const before = machine.unknownCalls();
    let done: Completion = NORMAL;
    let failure: ScriptThrow | undefined;
    try {
      if (body !== undefined) done = yield* machine.statement(body, scope, module);
      // Something in it may have thrown: then the handler ran.
      if (machine.unknownCalls() > before && handler !== undefined) machine.forgetAssigned(handler, scope);
    } catch (error) {
      if (!(error instanceof ScriptThrow)) throw error;
      const caught = handler === undefined ? error : yield* handle(error, handler, scope, module);
      if (caught instanceof ScriptThrow) failure = caught;
      else done = caught;
    }
    if (finalizer !== undefined) {
      const last = yield* machine.statement(finalizer, scope, module);
      if (last.kind !== "normal") return last;
    }
    if (failure !== undefined) throw failure;
    return done;
  }

  /** Runs a handler. Gives what it throws in turn. */
  function* handle(error: ScriptThrow, handler: Node, scope: Scope, module: ModuleState): Running<Completion | ScriptThrow> {
    const inner = newScope(scope, false);
    const param = field(handler, "param");
    try {
      if (param !== undefined) yield* machine.bind(param, error.value, inner, module, "let");
      return yield* machine.statement(field(handler, "body") ?? handler, inner, module);
    } catch (thrown) {
      const caused = becauseOf(error, thrown);
      if (!(caused instanceof ScriptThrow)) throw caused;
      return caused;
    }
  }

  return { IfStatement: ifStatement, SwitchStatement: switchStatement, TryStatement: tryStatement };
}
