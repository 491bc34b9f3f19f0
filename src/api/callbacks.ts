/** Functions of the caller that fail while Decant calls them: told as errors like all others, with what they threw as the cause. */
import type { ByteStream } from "../bytes.ts";
import { DecantError, isDecantError } from "../errors.ts";

/** The error of work that a function of its caller has ended by throwing. Errors of Decant stay as they are. */
export function callbackFailed(name: string, cause: unknown): DecantError {
  if (isDecantError(cause)) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new DecantError("USAGE", `Cannot go on: the function ${name} of the caller failed: ${said}`, { cause });
}

/** The option `stdout` of builds. */
type Stdout = (chunk: Uint8Array) => Promise<void>;

/** `stdout` with failures that `callbackFailed` words. */
export function guardedStdout(stdout: Stdout | undefined): Stdout | undefined {
  if (stdout === undefined) return undefined;
  return async (chunk) => {
    try {
      await stdout(chunk);
    } catch (cause) {
      throw callbackFailed("stdout", cause);
    }
  };
}

/** `stdin` with failures that `callbackFailed` words. */
export function guardedStdin(stdin: ByteStream | undefined): ByteStream | undefined {
  if (stdin === undefined) return undefined;
  return (async function* () {
    try {
      yield* stdin;
    } catch (cause) {
      throw callbackFailed("stdin", cause);
    }
  })();
}
