/** Going on after a mistake of the file, so that all of them can be reported. */
import { type DecantError, isDecantError } from "../../errors.ts";

/** Does `work`; undefined when it meets a mistake, which is kept. Other errors are thrown. */
export type Attempt = <Value>(work: () => Value) => Value | undefined;

/** An `Attempt` that adds mistakes to `problems`. */
export function attemptInto(problems: DecantError[]): Attempt {
  return (work) => {
    try {
      return work();
    } catch (error) {
      if (!isProblem(error)) throw error;
      problems.push(error);
      return undefined;
    }
  };
}

/** What an author of a Dockerfile can mend. */
function isProblem(error: unknown): error is DecantError {
  return isDecantError(error, "DOCKERFILE_SEMANTIC") || isDecantError(error, "DOCKERFILE_SYNTAX") || isDecantError(error, "PLATFORM");
}
