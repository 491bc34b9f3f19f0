/** Operators and members of values: what of strings and arrays loaders of native add-ons use. Everything else is unknown. */
import { arrayMethods } from "./arrays.ts";
import { promiseMethods } from "./promises.ts";
import { patternMethods, stringMethods } from "./strings.ts";
import { ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** `left operator right`. */
export function binary(operator: string, left: Value, right: Value): Value {
  if (left === UNKNOWN || right === UNKNOWN) return UNKNOWN;
  switch (operator) {
    case "===":
      return equal(left, right);
    case "!==":
      return negated(equal(left, right));
    case "==":
      return looselyEqual(left, right);
    case "!=":
      return negated(looselyEqual(left, right));
    case "in": {
      if (!(right instanceof ScriptObject) || typeof left !== "string") return UNKNOWN;
      return right.properties.has(left) ? true : right.isOpen || right.items !== undefined ? UNKNOWN : false;
    }
    default:
  }
  if (left instanceof ScriptObject || right instanceof ScriptObject) return UNKNOWN;
  if (operator === "+" && (typeof left === "string" || typeof right === "string")) return String(left) + String(right);
  if (typeof left === "string" && typeof right === "string") return compared(operator, left, right);
  if (typeof left !== "number" || typeof right !== "number") return UNKNOWN;
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    default:
      return compared(operator, left, right);
  }
}

function compared<T extends string | number>(operator: string, left: T, right: T): Value {
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return UNKNOWN;
  }
}

function equal(left: Value, right: Value): Value {
  if (left === right) return true;
  // Two names of ours may be one function of theirs.
  return left instanceof ScriptObject && right instanceof ScriptObject && (left.isOpen || right.isOpen) ? UNKNOWN : false;
}

function looselyEqual(left: Value, right: Value): Value {
  const isNothing = (value: Value): boolean => value === null || value === undefined;
  if (isNothing(left) || isNothing(right)) return isNothing(left) && isNothing(right);
  return typeof left === typeof right ? equal(left, right) : UNKNOWN;
}

function negated(value: Value): Value {
  return value === UNKNOWN ? UNKNOWN : value !== true;
}

/** `typeof` of a name that nobody declares: it is "undefined" for those of bundlers and other runtimes; anything else may be global. */
export function typeOfMissing(name: string): Value {
  return /^(?:__webpack_require__|__non_webpack_require__|Bun|Deno|window|document|importScripts|__turbopack_require__)$/.test(name)
    ? "undefined"
    : UNKNOWN;
}

/** `object[key]` */
export function getMember(object: Value, key: Value): Value {
  if (key === UNKNOWN || object === UNKNOWN || object === undefined || object === null) return UNKNOWN;
  const name = String(key instanceof ScriptObject ? "" : key);
  if (typeof object === "string") {
    if (name === "length") return object.length;
    return /^\d+$/.test(name) ? object[Number(name)] : stringMethods(object, name);
  }
  if (!(object instanceof ScriptObject)) return UNKNOWN;
  if (object.properties.has(name)) return object.properties.get(name);
  if (object.settled !== undefined) return promiseMethods(object, object.settled, name);
  if (object.pattern !== undefined) return patternMethods(object.pattern, name);
  if (object.items !== undefined) {
    if (object.isOpen) return UNKNOWN;
    if (name === "length") return object.items.length;
    return /^\d+$/.test(name) ? object.items[Number(name)] : arrayMethods(object, object.items, name);
  }
  if (object.isOpen || INHERITED.has(name)) return UNKNOWN;
  // Functions have members of their own.
  return object.call !== undefined && FUNCTION_MEMBERS.has(name) ? UNKNOWN : undefined;
}

const INHERITED: ReadonlySet<string> = new Set([
  "constructor",
  "hasOwnProperty",
  "toString",
  "valueOf",
  "__proto__",
  "isPrototypeOf",
  "propertyIsEnumerable",
]);
const FUNCTION_MEMBERS: ReadonlySet<string> = new Set(["name", "length", "call", "apply", "bind", "prototype", "caller", "arguments"]);

/** `object[key] = value` */
export function setMember(object: Value, key: Value, value: Value): void {
  if (!(object instanceof ScriptObject)) return;
  if (key === UNKNOWN || key instanceof ScriptObject) {
    object.isOpen = true;
    return;
  }
  const name = String(key);
  if (object.items === undefined) object.properties.set(name, value);
  else if (/^\d{1,4}$/.test(name)) object.items[Number(name)] = value;
  else object.isOpen = true;
}
