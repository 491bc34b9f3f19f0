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
  if (name === "help" || name === "--help" || name === "-h") return showHelp(rest, context);
  // Names of two words, "base lock", come before those of one.
  const isPair = Object.hasOwn(COMMANDS, `${name} ${rest[0] ?? ""}`);
  const full = isPair ? `${name} ${rest[0] ?? ""}` : name;
  const entry = await findCommand(full, rest[0]);
  const { command } = await entry.load();
  try {
    return await command.run(isPair ? rest.slice(1) : rest, context);
  } catch (error) {
    const { HelpWanted } = await import("./args.ts");
    if (!(error instanceof HelpWanted)) throw error;
    return showHelp([full], context);
  }
}

async function findCommand(name: string, next: string | undefined): Promise<CommandEntry> {
  const entry = COMMANDS[ALIASES[name] ?? name];
  if (entry !== undefined && Object.hasOwn(COMMANDS, ALIASES[name] ?? name)) return entry;
  const { closest } = await import("./suggest.ts");
  const group = Object.keys(COMMANDS).filter((known) => known.startsWith(`${name} `));
  if (group.length > 0) {
    const meant = next === undefined ? undefined : closest(`${name} ${next}`, group);
    throw usageError(
      `Cannot run command "${next === undefined ? name : `${name} ${next}`}": wanted one of ${group.join(", ")}`,
      meant === undefined ? `See: decant help ${group[0] ?? ""}` : `Did you mean "decant ${meant}"?`,
    );
  }
  const guess = closest(name, Object.keys(COMMANDS));
  throw usageError(
    `Cannot run command "${name}": there is no such command`,
    guess === undefined ? "See: decant help" : `Did you mean "decant ${guess}"?`,
  );
}

async function showHelp([name, next]: readonly string[], context: CliContext): Promise<number> {
  const { commandHelp, mainHelp } = await import("./help.ts");
  if (name === undefined || name.startsWith("-")) {
    await context.stdout.write(mainHelp());
    return 0;
  }
  const pair = `${name} ${next ?? ""}`;
  const { command } = await (await findCommand(Object.hasOwn(COMMANDS, pair) ? pair : name, next)).load();
  await context.stdout.write(commandHelp(command.spec));
  return 0;
}
