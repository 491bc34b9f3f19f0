/** Expressions on paper. */
import type { Node } from "acorn";
import { createLiterals } from "./literals.ts";
import { type Evaluate, type Machine, type Running, Unsure } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { createOperations } from "./operations.ts";
import { getMember } from "./operators.ts";
import { type ModuleState, promiseOf, type Scope, ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** Expressions for a machine that has the rest. */
export function createExpressions(machine: Machine): Pick<Machine, "value"> {
  const kinds = new Map<string, Evaluate>(
    [createLiterals, createOperations, createReferences, createWrapped].flatMap((create) => Object.entries(create(machine))),
  );
  kinds.set("CallExpression", (node, scope, module) => machine.callExpression(node, scope, module));
  kinds.set("NewExpression", (node, scope, module) => machine.newExpression(node, scope, module));

  return {
    *value(node, scope, module) {
      if (node === undefined) return undefined;
      machine.count();
      const evaluate = kinds.get(node.type);
      if (evaluate !== undefined) return yield* evaluate(node, scope, module);
      // Classes, tagged templates, yield: what is in them may run.
      machine.skip(node.type === "ClassExpression" ? [] : [node], scope, module);
      return UNKNOWN;
    },
  };
}

/** Names, members, and what stands for something from outside. */
function createReferences(machine: Machine): Readonly<Record<string, Evaluate>> {
  return {
    // oxlint-disable-next-line require-yield -- as all expressions
    *Identifier(node, scope) {
      const name = text(node, "name") ?? "";
      if (name === "undefined") return undefined;
      const binding = machine.lookUp(scope, name);
      return binding === undefined ? UNKNOWN : binding.read === undefined ? binding.value : binding.read();
    },
    *MemberExpression(node, scope, module) {
      const object = yield* machine.value(field(node, "object"), scope, module);
      return getMember(object, yield* machine.memberKey(node, scope, module));
    },
    // oxlint-disable-next-line require-yield -- as all expressions
    *ThisExpression(_, scope) {
      return machine.lookUp(scope, "this")?.value;
    },
    // oxlint-disable-next-line require-yield -- as all expressions
    *MetaProperty(_, scope) {
      return machine.lookUp(scope, "import.meta")?.value ?? UNKNOWN;
    },
    *ImportExpression(node, scope, module) {
      return yield* promiseOf(machine.importValue(yield* machine.value(field(node, "source"), scope, module), module));
    },
  };
}

/** What gives the value of an expression inside it. */
function createWrapped(machine: Machine): Readonly<Record<string, Evaluate>> {
  const inner =
    (name: string): Evaluate =>
    (node, scope, module) =>
      machine.value(field(node, name), scope, module);

  function* last(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    let value: Value;
    for (const one of list(node, "expressions")) value = yield* machine.value(one, scope, module);
    return value;
  }

  return {
    ParenthesizedExpression: inner("expression"),
    ChainExpression: inner("expression"),
    *AwaitExpression(node, scope, module) {
      const value = yield* machine.value(field(node, "argument"), scope, module);
      // Nobody knows whether it is ever settled.
      if (value === UNKNOWN) throw new Unsure();
      if (!(value instanceof ScriptObject) || value.settled === undefined) return value;
      if ("error" in value.settled) throw value.settled.error;
      return value.settled.value;
    },
    SequenceExpression: last,
  };
}
