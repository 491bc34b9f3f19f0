/** One command line from words to exit code: finds the command, runs it, prints its error once. */
import { usageError } from "../errors.ts";
import { ALIASES, COMMANDS, type CommandEntry } from "./commands.ts";
import { Interrupted, type CliContext } from "./context.ts";

/** Runs a command line. Never rejects: 0 is success, 1 an error of any kind, 130 Ctrl-C; `run` gives the container's code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (context.signal.aborted && context.signal.reason instanceof Interrupted) {
      await context.stderr.write("Cancelled\n");
      return context.signal.reason.exitCode;
    }
    const { printError } = await import("./errors/print.ts");
    await printError(error, context.stderr);
    return 1;
  }
}

async function dispatch(args: readonly string[], context: CliContext): Promise<number> {
  const [name = "help", ...rest] = args;
  if (name === "--version" || name === "-v") return dispatch(["version", ...rest], context);
  if (name === "help" || name === "--help" || name === "-h") return showHelp(rest[0], context);
  const entry = await findCommand(name);
  const { command } = await entry.load();
  try {
    return await command.run(rest, context);
  } catch (error) {
    const { HelpWanted } = await import("./args.ts");
    if (!(error instanceof HelpWanted)) throw error;
    return showHelp(name, context);
  }
}

async function findCommand(name: string): Promise<CommandEntry> {
  const entry = COMMANDS[ALIASES[name] ?? name];
  if (entry !== undefined && Object.hasOwn(COMMANDS, ALIASES[name] ?? name)) return entry;
  const { closest } = await import("./suggest.ts");
  const guess = closest(name, Object.keys(COMMANDS));
  throw usageError(
    `Cannot run command "${name}": there is no such command`,
    guess === undefined ? "See: decant help" : `Did you mean "decant ${guess}"?`,
  );
}

async function showHelp(name: string | undefined, context: CliContext): Promise<number> {
  const { commandHelp, mainHelp } = await import("./help.ts");
  if (name === undefined || name.startsWith("-")) {
    await context.stdout.write(mainHelp());
    return 0;
  }
  const { command } = await (await findCommand(name)).load();
  await context.stdout.write(commandHelp(command.spec));
  return 0;
}
