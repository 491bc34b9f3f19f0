/** Shell form and exec form (rules S10, S11): RUN, CMD, ENTRYPOINT, SHELL, and the command of HEALTHCHECK. */
import { syntaxError } from "../errors.ts";
import { readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import type { Slice } from "../slices.ts";
import type { CmdInstruction, CommandLine, EntrypointInstruction, ShellInstruction } from "../types.ts";
import { jsonWords } from "../split-line.ts";

/** Exec form where `slice` is a JSON array of strings, shell form for any other text. */
export function readCommandLine(statement: Statement, slice: Slice = statement.args): CommandLine {
  const { line } = statement;
  const range = line.range(slice.start, slice.end);
  const args = jsonWords(line, slice);
  return args === undefined ? { form: "shell", text: line.text.slice(slice.start, slice.end), range } : { form: "exec", args, range };
}

/** CMD. */
export function readCmd(statement: Statement): CmdInstruction {
  readFlags(statement, {});
  return { ...statement.base, kind: "cmd", command: readCommandLine(statement) };
}

/** ENTRYPOINT. */
export function readEntrypoint(statement: Statement): EntrypointInstruction {
  readFlags(statement, {});
  return { ...statement.base, kind: "entrypoint", command: readCommandLine(statement) };
}

/** SHELL, which has the JSON form only. */
export function readShell(statement: Statement): ShellInstruction {
  readFlags(statement, {});
  const command = readCommandLine(statement);
  const { range } = statement.base;
  const hint = 'Write for example SHELL ["/bin/bash", "-c"]';
  if (command.form === "exec" && command.args.length > 0) return { ...statement.base, kind: "shell", args: command.args };
  if (command.form === "exec" || command.text === "") {
    throw syntaxError("MissingArgument", "Cannot parse SHELL: SHELL requires at least one argument", { range, hint });
  }
  throw syntaxError("NotJson", "Cannot parse SHELL: SHELL requires the arguments to be in JSON form", { range: command.range, hint });
}
