/** Asks at the terminal. Loaded by the one command that does. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { usageError } from "../errors.ts";

/**
 * The line that the user types after `question`, which goes to standard error. `secret`: the terminal shows nothing of it. Throws `USAGE` at the end
 * of the input, and the signal's reason.
 */
export async function ask(question: string, { secret }: { readonly secret: boolean }, signal: AbortSignal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // First of all the terminal stops showing what is typed: somebody may type before the question is there.
  const lines = createInterface({ input: process.stdin, output: secret ? silent : process.stderr, terminal: true });
  // The terminal is in raw mode: Ctrl-C is a character until we make it a signal again.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  if (secret) process.stderr.write(question);
  try {
    return await lines.question(secret ? "" : question, { signal: AbortSignal.any([signal, ended.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    if (ended.signal.aborted) throw usageError(`Cannot ask for "${question.replace(/:\s*$/, "")}": the input ended`);
    throw error;
  } finally {
    lines.close();
    if (secret) process.stderr.write("\n");
  }
}
