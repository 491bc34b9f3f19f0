/**
 * Runs a module on paper: its syntax tree, over values of which many are unknown. It exists to see which file a loader of native add-ons chooses, and whether what
 * it throws reaches the end of the program. Nothing of the image runs in our process: no host function is reachable from a program, every step is counted, and
 * regular expressions are never tried.
 */
import { createCalls } from "./calls.ts";
import { createExpressions } from "./expressions.ts";
import { type Budget, createMemory, type Machine, type Running } from "./machine.ts";
import { list } from "./nodes.ts";
import { createPatterns } from "./patterns.ts";
import { createStatements } from "./statements.ts";
import type { ModuleState } from "./values.ts";

/** Runs modules; one for a program. */
interface Interpreter {
  /** Runs the body of a module whose imports are bound. Throws `ScriptThrow` and `Unsure`. */
  run(module: ModuleState): Running<void>;
}

/** Makes an interpreter on top of what its surroundings do. */
export function createInterpreter(budget: Budget, { importValue, unhandled }: Pick<Machine, "importValue" | "unhandled">): Interpreter {
  const memory = createMemory(budget);
  // Each part calls the others by the machine, which is whole before anything runs.
  const parts: Partial<Machine> = { ...memory, importValue, unhandled };
  const machine = parts as Machine;
  Object.assign(machine, createStatements(machine), createPatterns(machine), createExpressions(machine), createCalls(machine));
  return {
    *run(module) {
      yield* machine.block(list(module.root, "body"), module.scope, module);
    },
  };
}
