/** Expressions with operators: which operands run, and what is assigned. What operators give is in operators.ts. */
import type { Node } from "acorn";
import type { Evaluate, Machine, Running } from "./machine.ts";
import { field, text } from "./nodes.ts";
import { binary, typeOfMissing } from "./operators.ts";
import { type ModuleState, type Scope, ScriptObject, truth, UNKNOWN, type Value } from "./values.ts";

/** Operations for a machine that has the rest, by types of nodes. */
export function createOperations(machine: Machine): Readonly<Record<string, Evaluate>> {
  /** The right operand of `&&`, `||` and `??` where it runs; else the left one. */
  function* eitherOf(operator: string, left: Value, right: Node | undefined, scope: Scope, module: ModuleState): Running<Value> {
    const holds = operator === "??" ? isThere(left) : truth(left);
    if (holds === UNKNOWN) {
      machine.skip([right], scope, module);
      return UNKNOWN;
    }
    return (operator === "&&") === holds ? yield* machine.value(right, scope, module) : left;
  }

  function* logical(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const left = yield* machine.value(field(node, "left"), scope, module);
    return yield* eitherOf(text(node, "operator") ?? "", left, field(node, "right"), scope, module);
  }

  function* conditional(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const holds = truth(yield* machine.value(field(node, "test"), scope, module));
    if (holds !== UNKNOWN) return yield* machine.value(field(node, holds ? "consequent" : "alternate"), scope, module);
    machine.skip([field(node, "consequent"), field(node, "alternate")], scope, module);
    return UNKNOWN;
  }

  function* unary(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const operator = text(node, "operator") ?? "";
    const argument = field(node, "argument");
    if (operator === "typeof" && argument?.type === "Identifier" && machine.lookUp(scope, text(argument, "name") ?? "") === undefined) {
      return typeOfMissing(text(argument, "name") ?? "");
    }
    return unaryValue(operator, yield* machine.value(argument, scope, module));
  }

  function* assignment(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const made = yield* assigned(text(node, "operator") ?? "=", node, scope, module);
    yield* machine.bind(field(node, "left"), made, scope, module, "assign");
    return made;
  }

  function* assigned(operator: string, node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const right = field(node, "right");
    if (operator === "=") return yield* machine.value(right, scope, module);
    const old = yield* machine.value(field(node, "left"), scope, module);
    const inner = operator.slice(0, -1);
    if (inner === "||" || inner === "&&" || inner === "??") return yield* eitherOf(inner, old, right, scope, module);
    return binary(inner, old, yield* machine.value(right, scope, module));
  }

  return {
    LogicalExpression: logical,
    ConditionalExpression: conditional,
    UnaryExpression: unary,
    AssignmentExpression: assignment,
    *BinaryExpression(node, scope, module) {
      const left = yield* machine.value(field(node, "left"), scope, module);
      return binary(text(node, "operator") ?? "", left, yield* machine.value(field(node, "right"), scope, module));
    },
    *UpdateExpression(node, scope, module) {
      const old = yield* machine.value(field(node, "argument"), scope, module);
      const next = binary(text(node, "operator") === "++" ? "+" : "-", old, 1);
      yield* machine.bind(field(node, "argument"), next, scope, module, "assign");
      return Reflect.get(node, "prefix") === true ? next : old;
    },
  };
}

/** Neither null nor undefined. */
function isThere(value: Value): boolean | typeof UNKNOWN {
  return value === UNKNOWN ? UNKNOWN : value !== null && value !== undefined;
}

function unaryValue(operator: string, given: Value): Value {
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
