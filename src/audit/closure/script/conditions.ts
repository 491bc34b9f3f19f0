/** Conditions that the process alone decides, such as `process.platform === "win32"`: told from the expression, without running anything. */
import type { Node } from "acorn";
import { field, text } from "./nodes.ts";
import { binary, getMember, typeOfMissing } from "./operators.ts";
import { ScriptObject, truth, UNKNOWN, type Value } from "./values.ts";

const MAX_DEPTH = 30;

/** What an expression gives; unknown as soon as anything but the process takes part. `globals`: what `globalValues` makes. */
export function processValue(node: Node | undefined, globals: ReadonlyMap<string, Value>, depth = 0): Value {
  if (node === undefined || depth > MAX_DEPTH) return UNKNOWN;
  const inner = (name: string): Value => processValue(field(node, name), globals, depth + 1);
  switch (node.type) {
    case "Literal": {
      const value: unknown = Reflect.get(node, "value");
      const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      return isPlain ? value : text(node, "raw") === "null" ? null : UNKNOWN;
    }
    case "Identifier": {
      const name = text(node, "name");
      return name === "undefined" ? undefined : name === "process" || name === "require" ? (globals.get(name) ?? UNKNOWN) : UNKNOWN;
    }
    case "ChainExpression":
      return inner("expression");
    case "MemberExpression": {
      const isComputed = Reflect.get(node, "computed") === true;
      return getMember(inner("object"), isComputed ? inner("property") : (text(field(node, "property"), "name") ?? UNKNOWN));
    }
    case "BinaryExpression":
      return binary(text(node, "operator") ?? "", inner("left"), inner("right"));
    case "LogicalExpression": {
      const holds = truth(inner("left"));
      const operator = text(node, "operator");
      // `x && false` does not hold, whatever x is.
      if (holds === UNKNOWN) {
        const decides = operator === "||";
        return operator !== "??" && truth(inner("right")) === decides ? decides : UNKNOWN;
      }
      if (operator === "??") return inner("left") === null || inner("left") === undefined ? inner("right") : inner("left");
      return (operator === "&&") === holds ? inner("right") : inner("left");
    }
    case "UnaryExpression":
      return unary(text(node, "operator") ?? "", field(node, "argument"), inner("argument"));
    default:
      return UNKNOWN;
  }
}

function unary(operator: string, argument: Node | undefined, given: Value): Value {
  if (operator === "!") {
    const holds = truth(given);
    return holds === UNKNOWN ? UNKNOWN : !holds;
  }
  if (operator !== "typeof") return UNKNOWN;
  const name = argument?.type === "Identifier" ? text(argument, "name") : undefined;
  if (name === "process") return "object";
  if (name !== undefined && name !== "undefined") return typeOfMissing(name);
  return given === UNKNOWN || given instanceof ScriptObject ? UNKNOWN : given === null ? "object" : typeof given;
}
