/** Expressions on paper. */
import type { Node } from "acorn";
import { type Machine, type Running } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { binary, getMember, typeOfMissing } from "./operators.ts";
import { type ModuleState, objectOf, type Scope, ScriptObject, truth, UNKNOWN, type Value } from "./values.ts";

/** Expressions for a machine that has the rest. */
export function createExpressions(machine: Machine): Pick<Machine, "value"> {
  function* value(node: Node | undefined, scope: Scope, module: ModuleState): Running<Value> {
    if (node === undefined) return undefined;
    machine.count();
    switch (node.type) {
      case "Literal":
        return machine.literal(node);
      case "Identifier": {
        const name = text(node, "name") ?? "";
        if (name === "undefined") return undefined;
        const binding = machine.lookUp(scope, name);
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
        return machine.lookUp(scope, "this")?.value;
      case "SequenceExpression": {
        let last: Value;
        for (const one of list(node, "expressions")) last = yield* value(one, scope, module);
        return last;
      }
      case "MemberExpression": {
        const object = yield* value(field(node, "object"), scope, module);
        const key = yield* machine.memberKey(node, scope, module);
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
        machine.skip([field(node, "consequent"), field(node, "alternate")], scope, module);
        return UNKNOWN;
      }
      case "UnaryExpression":
        return yield* unary(node, scope, module);
      case "AssignmentExpression":
        return yield* assignment(node, scope, module);
      case "UpdateExpression": {
        const old = yield* value(field(node, "argument"), scope, module);
        const next = binary(text(node, "operator") === "++" ? "+" : "-", old, 1);
        yield* machine.bind(field(node, "argument"), next, scope, module, "assign");
        return Reflect.get(node, "prefix") === true ? next : old;
      }
      case "ArrayExpression":
        return yield* arrayLiteral(node, scope, module);
      case "ObjectExpression":
        return yield* objectLiteral(node, scope, module);
      case "ArrowFunctionExpression":
        return machine.closure(node, scope, module, machine.lookUp(scope, "this")?.value);
      case "FunctionExpression":
        return machine.closure(node, scope, module, undefined);
      case "CallExpression":
        return yield* machine.callExpression(node, scope, module);
      case "NewExpression":
        return yield* machine.newExpression(node, scope, module);
      case "ImportExpression":
        return yield* machine.importValue(yield* value(field(node, "source"), scope, module), module);
      case "MetaProperty":
        return machine.lookUp(scope, "import.meta")?.value ?? UNKNOWN;
      default:
        // Classes, tagged templates, yield: what is in them may run.
        machine.skip(node.type === "ClassExpression" ? [] : [node], scope, module);
        return UNKNOWN;
    }
  }

  function* logical(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const left = yield* value(field(node, "left"), scope, module);
    const operator = text(node, "operator");
    const right = field(node, "right");
    const holds = operator === "??" ? (left === UNKNOWN ? UNKNOWN : left !== null && left !== undefined) : truth(left);
    if (holds === UNKNOWN) {
      machine.skip([right], scope, module);
      return UNKNOWN;
    }
    return (operator === "&&") === holds ? yield* value(right, scope, module) : left;
  }

  function* unary(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const operator = text(node, "operator") ?? "";
    const argument = field(node, "argument");
    if (operator === "typeof" && argument?.type === "Identifier" && machine.lookUp(scope, text(argument, "name") ?? "") === undefined) {
      return typeOfMissing(text(argument, "name") ?? "");
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
      yield* machine.bind(left, made, scope, module, "assign");
      return made;
    }
    const old = yield* value(left, scope, module);
    let made: Value;
    if (operator === "||=" || operator === "&&=" || operator === "??=") {
      const holds = operator === "??=" ? (old === UNKNOWN ? UNKNOWN : old !== null && old !== undefined) : truth(old);
      if (holds === UNKNOWN) machine.skip([right], scope, module);
      made = holds === UNKNOWN ? UNKNOWN : (operator === "&&=") === holds ? yield* value(right, scope, module) : old;
    } else made = binary(operator.slice(0, -1), old, yield* value(right, scope, module));
    yield* machine.bind(left, made, scope, module, "assign");
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
      const key = yield* machine.propertyKey(one, scope, module);
      const given = text(one, "kind") === "init" ? yield* value(field(one, "value"), scope, module) : UNKNOWN;
      if (typeof key === "string" || typeof key === "number") made.properties.set(String(key), given);
      else made.isOpen = true;
    }
    return made;
  }

  return { value };
}
