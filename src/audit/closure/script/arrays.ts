/** Methods of arrays, with functions of the program inside. */
import { type Answer, arrayOf, type CallScript, type Need, plainFunction, ScriptObject, truth, UNKNOWN, type Value } from "./values.ts";

const MAX_ITEMS = 2000;

/** `items.name` */
export function arrayMethods(self: ScriptObject, items: Value[], name: string): Value {
  switch (name) {
    case "push":
      return plainFunction((args) => {
        if (items.length > MAX_ITEMS) self.isOpen = true;
        else items.push(...args);
        return items.length;
      });
    case "pop":
      return plainFunction(() => items.pop());
    case "join":
      return plainFunction(([by]) => {
        const texts = items.flatMap((one) => (one === UNKNOWN || one instanceof ScriptObject ? [] : [`${one ?? ""}`]));
        return texts.length < items.length || (by !== undefined && typeof by !== "string") ? UNKNOWN : texts.join(by);
      });
    case "includes":
      return plainFunction(([wanted]) => (wanted === UNKNOWN || items.includes(UNKNOWN) ? UNKNOWN : items.includes(wanted)));
    case "indexOf":
      return plainFunction(([wanted]) => (wanted === UNKNOWN || items.includes(UNKNOWN) ? UNKNOWN : items.indexOf(wanted)));
    case "concat":
      return plainFunction((args) => {
        const made = args.flatMap((one): readonly Value[] => (one instanceof ScriptObject && one.items !== undefined ? one.items : [one]));
        return new ScriptObject({
          items: [...items, ...made],
          isOpen: args.some((one) => one === UNKNOWN || (one instanceof ScriptObject && one.isOpen)),
        });
      });
    case "slice":
      return plainFunction(([from, to]) =>
        (from === undefined || typeof from === "number") && (to === undefined || typeof to === "number")
          ? arrayOf(items.slice(from, to))
          : UNKNOWN,
      );
    case "flatMap":
      return method(function* run(callee, call) {
        const made: Value[] = [];
        let isOpen = false;
        for (const [at, item] of items.entries()) {
          const one = yield* call(callee, [item, at], undefined);
          if (one instanceof ScriptObject && one.items !== undefined) made.push(...one.items);
          else made.push(one);
          isOpen ||= one === UNKNOWN || (one instanceof ScriptObject && one.isOpen);
        }
        return new ScriptObject({ items: made, isOpen });
      });
    case "map":
    case "forEach":
      return method(function* run(callee, call) {
        const made: Value[] = [];
        for (const [at, item] of items.entries()) made.push(yield* call(callee, [item, at], undefined));
        return name === "map" ? arrayOf(made) : undefined;
      });
    case "filter":
    case "find":
    case "some":
    case "every":
      return method((callee, call) => searched(name, callee, items, call));
    case "sort":
      return method((callee, call) => sorted(self, items, callee, call));
    default:
      return UNKNOWN;
  }
}

function method(run: (callee: Value, call: CallScript) => Generator<Need, Value, Answer>): ScriptObject {
  return new ScriptObject({
    call: function* native([callee], _self, call) {
      return yield* run(callee, call);
    },
  });
}

function* searched(
  name: "filter" | "find" | "some" | "every",
  callee: Value,
  items: readonly Value[],
  call: CallScript,
): Generator<Need, Value, Answer> {
  const kept: Value[] = [];
  for (const [at, item] of items.entries()) {
    const holds = truth(yield* call(callee, [item, at], undefined));
    if (holds === UNKNOWN) return UNKNOWN;
    if (holds && name === "find") return item;
    if (holds && name === "some") return true;
    if (!holds && name === "every") return false;
    if (holds) kept.push(item);
  }
  return name === "filter" ? arrayOf(kept) : name === "find" ? undefined : name === "every";
}

/** By insertion: lists are short, and what compares may be unknown. */
function* sorted(self: ScriptObject, items: Value[], callee: Value, call: CallScript): Generator<Need, Value, Answer> {
  if (items.length < 2) return self;
  const made: Value[] = [];
  for (const item of items) {
    let at = made.length;
    for (; at > 0; at -= 1) {
      const before = made[at - 1];
      const order: Value =
        callee !== undefined
          ? yield* call(callee, [before, item], undefined)
          : typeof before === "string" && typeof item === "string"
            ? Number(before > item)
            : UNKNOWN;
      if (typeof order !== "number") {
        self.isOpen = true;
        return UNKNOWN;
      }
      if (order <= 0) break;
    }
    made.splice(at, 0, item);
  }
  items.splice(0, items.length, ...made);
  return self;
}
