/** One command line from words to exit code: finds the command, runs it, prints its error once. */
import { usageError } from "../errors.ts";
import type { CommandEntry } from "./command.ts";
import { ALIASES, commandNames, COMMANDS, GROUPS, TABLES } from "./commands.ts";
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
  if (isHelp(name)) return showHelp(rest, context);
  if (name === "docker-cli-plugin-metadata") return await showPluginMetadata(context);
  if (Object.hasOwn(GROUPS, name) && (rest[0] === undefined || isHelp(rest[0]))) return showHelp([name, ...rest.slice(1)], context);
  const { full, entry, isPair } = await findCommand(name, rest[0]);
  const { command } = await entry.load();
  try {
    return await command.run(isPair ? rest.slice(1) : rest, context, TABLES);
  } catch (error) {
    const { HelpWanted } = await import("./args.ts");
    if (!(error instanceof HelpWanted)) throw error;
    return showHelp([full], context);
  }
}

function isHelp(word: string): boolean {
  return word === "help" || word === "--help" || word === "-h";
}

interface FoundCommand {
  readonly full: string;
  readonly entry: CommandEntry;
  /** Its name is of two words, "base lock". */
  readonly isPair: boolean;
}

/** Names of two words, "base lock", come before those of one. */
async function findCommand(name: string, next: string | undefined): Promise<FoundCommand> {
  const pair = `${name} ${next ?? ""}`;
  for (const [full, isPair] of [
    [pair, true],
    [name, false],
  ] as const) {
    const known = Object.hasOwn(ALIASES, full) ? (ALIASES[full] ?? full) : full;
    const entry = Object.hasOwn(COMMANDS, known) ? COMMANDS[known] : undefined;
    if (entry !== undefined) return { full: known, entry, isPair };
  }
  const { FOREIGN_COMMANDS } = await import("./foreign-commands.ts");
  for (const typed of [pair, name])
    if (Object.hasOwn(FOREIGN_COMMANDS, typed))
      throw usageError(`Cannot run command "${typed}": Decant has no such command`, FOREIGN_COMMANDS[typed]);
  const { closest } = await import("./suggest.ts");
  const isGroup = Object.hasOwn(GROUPS, name);
  const names = commandNames().map(([known]) => known);
  const guess = isGroup
    ? closest(
        next ?? "",
        names.flatMap((known) => (known.startsWith(`${name} `) ? [known.slice(name.length + 1)] : [])),
      )
    : (closest(name, [...names, ...Object.keys(GROUPS)]) ?? (next === undefined ? undefined : closest(pair, names)));
  const prefix = isGroup ? `${name} ` : "";
  throw usageError(
    `Cannot run command "${isGroup ? pair : name}": there is no such command`,
    guess === undefined ? `See: decant ${isGroup ? `${name} --help` : "help"}` : `Did you mean "decant ${prefix}${guess}"?`,
  );
}

async function showHelp([name, next]: readonly string[], context: CliContext): Promise<number> {
  const { commandHelp, groupHelp, mainHelp } = await import("./help.ts");
  if (name === undefined || name.startsWith("-")) {
    await context.stdout.write(mainHelp());
    return 0;
  }
  if (next === undefined && Object.hasOwn(GROUPS, name)) {
    await context.stdout.write(groupHelp(name));
    return 0;
  }
  const { command } = await (await findCommand(name, next)).entry.load();
  await context.stdout.write(commandHelp(command.spec));
  return 0;
}

/** What docker asks the programs in its folder of plugins. */
async function showPluginMetadata({ stdout }: CliContext): Promise<number> {
  const { VERSION } = await import("../version.ts");
  const facts = {
    SchemaVersion: "0.1.0",
    Vendor: "Decant",
    Version: VERSION,
    ShortDescription: "Build, audit and run images without a daemon",
  };
  await stdout.write(`${JSON.stringify(facts)}\n`);
  return 0;
}
