/** Methods of promises that are settled already: what `then`, `catch` and `finally` run, as far as it is known. */
import { ProgramEnd } from "./natives.ts";
import { type CallScript, promiseOf, ScriptObject, ScriptThrow, type Settled, UNKNOWN, type Value } from "./values.ts";

/** `promise.name` */
export function promiseMethods(self: ScriptObject, settled: Settled, name: string): Value {
  const handler = name === "then" ? 1 : name === "catch" ? 0 : undefined;
  if (name !== "finally" && handler === undefined) return UNKNOWN;
  return new ScriptObject({
    call: function* call(args, _self, run) {
      if (!("error" in settled)) {
        const [first] = args;
        if (name !== "then" || !(first instanceof ScriptObject)) return name === "catch" ? self : UNKNOWN;
        return yield* promiseOf(run(first, [settled.value], undefined));
      }
      const callee = handler === undefined ? undefined : args[handler];
      if (callee === UNKNOWN || name === "finally") return name === "finally" ? self : UNKNOWN;
      return callee === undefined ? self : yield* promiseOf(handled(settled.error, callee, run));
    },
  });
}

/** What a handler of an error gives; what ends in it, ends because of the error. */
function* handled(error: ScriptThrow, callee: Value, run: CallScript): ReturnType<CallScript> {
  try {
    return yield* run(callee, [error.value], undefined);
  } catch (thrown) {
    throw becauseOf(error, thrown);
  }
}

/** What was thrown while an error was handled, with the cause of that error. */
export function becauseOf(error: ScriptThrow, thrown: unknown): unknown {
  if (thrown instanceof ProgramEnd) return new ProgramEnd(thrown.isFailure, thrown.cause ?? error.cause);
  if (!(thrown instanceof ScriptThrow)) return thrown;
  if (thrown.value === error.value && thrown.missed === undefined) return error;
  return thrown.cause === undefined ? new ScriptThrow(thrown.value, { cause: error.cause, from: thrown.from }) : thrown;
}
