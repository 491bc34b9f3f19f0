/** Calls on paper: of the program's functions, of ours, and of those of which nothing is known. */
import type { Node } from "acorn";
import { type Machine, type Running, Unsure, newScope } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { getMember } from "./operators.ts";
import { arrayOf, type Closure, type ModuleState, objectOf, promiseOf, type Scope, ScriptObject, UNKNOWN, type Value } from "./values.ts";

const MAX_DEPTH = 120;

/** Calls for a machine that has the rest. */
export function createCalls(machine: Machine): Pick<Machine, "callExpression" | "newExpression" | "call"> {
  let depth = 0;

  function* argumentsOf(node: Node, scope: Scope, module: ModuleState): Running<Value[]> {
    const args: Value[] = [];
    for (const one of list(node, "arguments")) {
      if (one?.type !== "SpreadElement") {
        args.push(yield* machine.value(one, scope, module));
        continue;
      }
      const given = yield* machine.value(field(one, "argument"), scope, module);
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
      self = yield* machine.value(field(callee, "object"), scope, module);
      if (Reflect.get(callee, "optional") === true && (self === undefined || self === null)) return undefined;
      called = getMember(self, yield* machine.memberKey(callee, scope, module));
    } else called = yield* machine.value(callee, scope, module);
    if (Reflect.get(node, "optional") === true && (called === undefined || called === null)) return undefined;
    const args = yield* argumentsOf(node, scope, module);
    if (called instanceof ScriptObject && called.call !== undefined) return yield* call(called, args, self);
    machine.forget(module, [...args, self]);
    return UNKNOWN;
  }

  function* newExpression(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const callee = field(node, "callee");
    const name = text(callee, "name") ?? "";
    const args = yield* argumentsOf(node, scope, module);
    if (name.endsWith("Error")) return objectOf({ message: args[0] }, { isOpen: true });
    if (name === "URL" || text(field(callee, "property"), "name") === "URL") {
      const made = yield* machine.value(callee, scope, module);
      if (made instanceof ScriptObject && typeof made.call === "function") return yield* call(made, args, undefined);
    }
    machine.forget(module, args);
    return UNKNOWN;
  }

  function* call(callee: Value, args: readonly Value[], self: Value): Running<Value> {
    machine.count();
    if (!(callee instanceof ScriptObject) || callee.call === undefined) return UNKNOWN;
    if (typeof callee.call === "function") return yield* callee.call(args, self, call);
    const running = callClosure(callee.call, args, self);
    if (Reflect.get(callee.call.node, "async") !== true) return yield* running;
    const promise = yield* promiseOf(running);
    // What it waits for may never come.
    return promise.settled !== undefined && "value" in promise.settled && promise.settled.value === UNKNOWN ? UNKNOWN : promise;
  }

  function* callClosure(made: Closure, args: readonly Value[], self: Value): Running<Value> {
    const { node, module } = made;
    if (Reflect.get(node, "generator") === true || depth >= MAX_DEPTH) {
      machine.forget(module, args);
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
        yield* machine.bind(param, param?.type === "RestElement" ? arrayOf(args.slice(at)) : args[at], scope, module, "let");
      if (body === undefined) return undefined;
      if (body.type !== "BlockStatement") return yield* machine.value(body, scope, module);
      const done = yield* machine.block(list(body, "body"), scope, module);
      return done.kind === "return" ? done.value : undefined;
    } catch (error) {
      if (!(error instanceof Unsure) || machine.budget.steps < 0) throw error;
      // It returned somewhere: what else it does is not known.
      machine.forgetAssigned(node, made.scope);
      machine.forget(module, [...args, new ScriptObject({ call: made })]);
      return UNKNOWN;
    } finally {
      depth -= 1;
    }
  }

  return { callExpression, newExpression, call };
}
