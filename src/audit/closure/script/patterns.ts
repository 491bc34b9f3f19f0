/** Setting variables and properties, also by patterns, and the names of properties. */
import type { Node } from "acorn";
import { type Machine, type Running } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { getMember, setMember } from "./operators.ts";
import { plainPattern } from "./strings.ts";
import { type ModuleState, type Scope, ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** Patterns for a machine that has the rest. */
export function createPatterns(machine: Machine): Pick<Machine, "bind" | "propertyKey" | "memberKey" | "literal"> {
  /** Sets variables, also those of patterns. */
  function* bind(target: Node | undefined, given: Value, scope: Scope, module: ModuleState, how: "var" | "let" | "assign"): Running<void> {
    if (target === undefined) return;
    machine.count();
    switch (target.type) {
      case "Identifier": {
        const name = text(target, "name") ?? "";
        const existing = how === "assign" ? machine.lookUp(scope, name) : undefined;
        if (existing !== undefined) existing.value = given;
        else machine.declare(scope, name, given, how !== "let");
        return;
      }
      case "MemberExpression": {
        const object = yield* machine.value(field(target, "object"), scope, module);
        const key = yield* memberKey(target, scope, module);
        setMember(object, key, given);
        return;
      }
      case "AssignmentPattern":
        yield* bind(
          field(target, "left"),
          given === undefined ? yield* machine.value(field(target, "right"), scope, module) : given,
          scope,
          module,
          how,
        );
        return;
      case "ObjectPattern":
        for (const one of list(target, "properties")) {
          if (one?.type !== "Property") yield* bind(field(one, "argument"), UNKNOWN, scope, module, how);
          else yield* bind(field(one, "value"), getMember(given, yield* propertyKey(one, scope, module)), scope, module, how);
        }
        return;
      case "ArrayPattern":
        for (const [at, one] of list(target, "elements").entries())
          yield* bind(one, one?.type === "RestElement" ? UNKNOWN : getMember(given, String(at)), scope, module, how);
        return;
      case "RestElement":
        yield* bind(field(target, "argument"), given, scope, module, how);
        return;
      default:
    }
  }

  function* propertyKey(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const key = field(node, "key");
    if (Reflect.get(node, "computed") === true) return yield* machine.value(key, scope, module);
    return key?.type === "Identifier" ? text(key, "name") : literal(key);
  }

  function* memberKey(node: Node, scope: Scope, module: ModuleState): Running<Value> {
    const property = field(node, "property");
    if (Reflect.get(node, "computed") === true) return yield* machine.value(property, scope, module);
    return property?.type === "Identifier" ? text(property, "name") : UNKNOWN;
  }

  function literal(node: Node | undefined): Value {
    const held: unknown = node === undefined ? undefined : Reflect.get(node, "value");
    if (typeof held === "string" || typeof held === "number" || typeof held === "boolean") return held;
    const regex: unknown = node === undefined ? undefined : Reflect.get(node, "regex");
    if (typeof regex !== "object" || regex === null) return held === null ? null : UNKNOWN;
    const pattern = plainPattern(String(Reflect.get(regex, "pattern")), String(Reflect.get(regex, "flags")));
    return pattern === undefined ? UNKNOWN : new ScriptObject({ pattern, isOpen: true });
  }

  return { bind, propertyKey, memberKey, literal };
}
