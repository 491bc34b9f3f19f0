/** Runs a Node.js program on paper, module by module as Node.js would, and says whether something that is missing ends it. */
import { posix } from "node:path";
import { createLoadFailures } from "./load-failures.ts";
import { Unsure } from "./machine.ts";
import { createModuleLoader } from "./module-loader.ts";
import { ProgramEnd, type ScriptProcess } from "./natives.ts";
import { type Answer, type Missed, type Need, ScriptThrow } from "./values.ts";

/** What came of it. */
export interface ProgramEndKnown {
  /** What could not be loaded, of which the program dies: the last one asked for last. Empty: it does not, as far as can be told. */
  readonly fatal: readonly Missed[];
  /** What could not be loaded, where the package asks a program over the network instead. */
  readonly doubtful: readonly Missed[];
  /** All that could not be loaded, whatever came of it. */
  readonly missed: readonly Missed[];
  /** Native add-ons that are loaded, by path. */
  readonly addons: readonly string[];
}

/** Answers what the program asks. */
export type AnswerNeed = (need: Need) => Promise<Answer>;

/** Runs the program that begins with `main`, an absolute path. Never throws for what the program holds. */
export async function runProgram(main: string, process: ScriptProcess, answer: AnswerNeed): Promise<ProgramEndKnown> {
  const addons: string[] = [];
  const failures = createLoadFailures({ main, arch: process.arch });
  const { doubtful, missed } = failures;
  const running = createModuleLoader(process, failures, addons, main)(main, "require", main);
  try {
    let step = running.next();
    while (step.done !== true) {
      const { value: need } = step;
      const answered = await answer(need);
      if (need.kind === "exists" && "value" in answered && answered.value === false) failures.absent(posix.normalize(need.path));
      step = running.next(answered);
    }
  } catch (error) {
    if (error instanceof ScriptThrow) return { fatal: failures.fatal(error), doubtful, missed, addons };
    if (error instanceof ProgramEnd && error.isFailure && error.cause !== undefined)
      return { fatal: [error.cause], doubtful, missed, addons };
    // Nested without end, or stopped: nothing is known.
    if (error instanceof Unsure || error instanceof ProgramEnd || error instanceof RangeError)
      return { fatal: [], doubtful, missed, addons };
    throw error;
  }
  const unhandled = failures.firstUnhandled();
  return { fatal: unhandled === undefined ? [] : failures.fatal(unhandled), doubtful, missed, addons };
}
