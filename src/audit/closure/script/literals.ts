/** Values that a text writes out: literals, templates, arrays, objects and functions. */
import type { Node } from "acorn";
import type { Evaluate, Machine, Running } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { binary } from "./operators.ts";
import { type ModuleState, objectOf, type Scope, ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** Literals for a machine that has the rest, by types of nodes. */
export function createLiterals(machine: Machine): Readonly<Record<string, Evaluate>> {
  function* template(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    let made: Value = "";
    for (const [at, quasi] of list(node, "quasis").entries()) {
      const cooked: unknown = quasi === undefined ? "" : Reflect.get(Object(Reflect.get(quasi, "value")), "cooked");
      made = binary("+", made, typeof cooked === "string" ? cooked : UNKNOWN);
      const expression = list(node, "expressions")[at];
      if (expression !== undefined) made = binary("+", made, yield* machine.value(expression, scope, module));
    }
    return made;
  }

  function* array(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const items: Value[] = [];
    let isOpen = false;
    for (const one of list(node, "elements")) {
      if (one?.type !== "SpreadElement") {
        items.push(yield* machine.value(one, scope, module));
        continue;
      }
      const given = yield* machine.value(field(one, "argument"), scope, module);
      if (given instanceof ScriptObject && given.items !== undefined && !given.isOpen) items.push(...given.items);
      else isOpen = true;
    }
    return new ScriptObject({ items, isOpen });
  }

  function* object(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const made = objectOf({});
    for (const one of list(node, "properties")) {
      if (one?.type !== "Property") {
        const given = yield* machine.value(field(one, "argument"), scope, module);
        if (given instanceof ScriptObject && !given.isOpen) for (const [name, inner] of given.properties) made.properties.set(name, inner);
        else if (given !== undefined && given !== null) made.isOpen = true;
        continue;
      }
      const key = yield* machine.propertyKey(one, scope, module);
      const given = text(one, "kind") === "init" ? yield* machine.value(field(one, "value"), scope, module) : UNKNOWN;
      if (typeof key === "string" || typeof key === "number") made.properties.set(String(key), given);
      else made.isOpen = true;
    }
    return made;
  }

  return {
    TemplateLiteral: template,
    ArrayExpression: array,
    ObjectExpression: object,
    // oxlint-disable-next-line require-yield -- as all expressions
    *Literal(node) {
      return machine.literal(node);
    },
    // oxlint-disable-next-line require-yield -- as all expressions
    *ArrowFunctionExpression(node, scope, module) {
      return machine.closure(node, scope, module, machine.lookUp(scope, "this")?.value);
    },
    // oxlint-disable-next-line require-yield -- as all expressions
    *FunctionExpression(node, scope, module) {
      return machine.closure(node, scope, module, undefined);
    },
  };
}
