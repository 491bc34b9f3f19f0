/** `decant build --on-error shell`: a shell at this terminal when a step fails, while the progress of other steps waits. */
import { delay } from "../async.ts";
import { usageError } from "../errors.ts";
import type { FailedStep } from "../index.ts";
import type { CliContext } from "./context.ts";

/** What a build that may open a shell works with. */
interface ErrorShell {
  /** For the option `onStepFailed`. Only the first step that fails gets a shell; others wait for its end. */
  readonly open: (failed: FailedStep) => Promise<void>;
  /** Its progress waits while a shell is open. */
  readonly context: CliContext;
}

/** So that what the step has written is on the screen. */
const DRAIN_MS = 100;

/** Throws `USAGE` where there is no terminal. */
export function errorShell(context: CliContext): ErrorShell {
  const { rawTerminal, stdout, stderr } = context;
  if (rawTerminal === undefined || !stderr.isTerminal || !stdout.isTerminal)
    throw usageError("Cannot use --on-error shell: there is no terminal", "Leave it out in scripts and CI, or start Decant in a terminal");
  let opened: Promise<void> | undefined;
  const openOnce = async ({ error, shell }: FailedStep): Promise<void> => {
    await delay(DRAIN_MS);
    await stderr.write(`\n${error.message}\n\nA shell in the state before this step. "exit" ends the build.\n`);
    using _raw = rawTerminal();
    await shell();
  };
  return {
    open: (failed) => (opened ??= openOnce(failed)),
    context: {
      ...context,
      stderr: {
        ...stderr,
        size: () => stderr.size(),
        async write(data) {
          await opened?.catch(() => undefined);
          await stderr.write(data);
        },
      },
    },
  };
}
