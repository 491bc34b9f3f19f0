/**
 * Command line → typed values, by a command's table. node:util parseArgs cuts the words; what pflag does besides
 * (`--flag=false`, `-t=name`, options that end at the first word) is done here, so that forms are those of docker.
 */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { unsupported, usageError, type DecantError } from "../errors.ts";
import { given } from "../given.ts";
import { publicUrl } from "../url-secrets.ts";
import type { Command, CommandSpec, CommandTables, OptionTable, OptionValues } from "./command.ts";
import type { CliContext } from "./context.ts";
import { closest } from "./suggest.ts";

/** Thrown by `parseCommandLine` for --help. */
export class HelpWanted extends Error {}

/** Makes a command: `run` gets the values that `spec.options` describes. */
export function defineCommand<const Table extends OptionTable>(
  spec: CommandSpec<Table>,
  run: (values: OptionValues<Table>, words: readonly string[], context: CliContext, tables: CommandTables) => Promise<number>,
): Command {
  return {
    spec,
    run: async (args, context, tables) => {
      const { values, words } = parseCommandLine(spec, args);
      return run(values, words, context, tables);
    },
  };
}

/** Parses the arguments of a command. Throws `USAGE`, `UNSUPPORTED`, and `HelpWanted` for --help. */
export function parseCommandLine<const Table extends OptionTable>(
  spec: CommandSpec<Table>,
  args: readonly string[],
): { values: OptionValues<Table>; words: readonly string[] } {
  const config = parseConfig(spec);
  let { tokens } = parseArgs({ args: withBareValues(spec, args), options: config, strict: false, allowPositionals: true, tokens: true });
  const words: string[] = [];
  if (spec.optionsFirst === true) {
    const first = tokens.find((token) => token.kind === "positional");
    if (first !== undefined) {
      // `--` before the image is eaten, after it it belongs to the command inside.
      words.push(...args.slice(first.index));
      tokens = tokens.filter((token) => token.index < first.index);
    }
  }
  const values = new Map<string, boolean | string | string[]>();
  for (const [name, option] of Object.entries(spec.options)) if (option.multiple === true) values.set(name, []);
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    if (token.name === "help" || token.name === "h") throw new HelpWanted();
    const option = spec.options[token.name];
    if (option === undefined) {
      throw notAnOption(spec, token.name, token.rawName);
    }
    let value: string | undefined = token.value;
    if (option.type === "boolean") {
      values.set(token.name, readBoolean(token.rawName, value));
      continue;
    }
    if (value === undefined) throw usageError(`Cannot use ${token.rawName}: it needs a value`, seeHelp(spec));
    if (!token.rawName.startsWith("--") && token.inlineValue === true && value.startsWith("=")) value = value.slice(1);
    if (option.choices !== undefined && !option.choices.includes(value))
      throw usageError(`Cannot use ${token.rawName} "${value}": wanted ${listOf(option.choices)}`);
    const list = values.get(token.name);
    if (Array.isArray(list)) list.push(value);
    else values.set(token.name, value);
  }
  checkWords(spec, words);
  // The loop above has put under each name of the table a value of the kind that the table says.
  return { values: Object.fromEntries(values) as OptionValues<Table>, words };
}

/** `--name` as `--name=VALUE` for options that may stand alone. */
function withBareValues(spec: CommandSpec, args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, index) => {
    const { bare, bareUnless } = (arg.startsWith("--") ? spec.options[arg.slice(2)] : undefined) ?? {};
    const next = args[index + 1] ?? "";
    const hasValue = !next.startsWith("-") && bareUnless?.test(next) === true;
    return bare === undefined || hasValue || (end >= 0 && index > end) ? arg : `${arg}=${bare}`;
  });
}

function parseConfig(spec: CommandSpec): ParseArgsOptionsConfig {
  const config: ParseArgsOptionsConfig = { help: { type: "boolean", short: "h" } };
  for (const [name, { type, short }] of Object.entries({ ...spec.foreign, ...spec.unsupported, ...spec.options }))
    config[name] = { type, ...given({ short }) };
  return config;
}

function notAnOption(spec: CommandSpec, name: string, rawName: string): DecantError {
  const refused = { ...spec.foreign, ...spec.unsupported };
  const known = Object.hasOwn(refused, name) ? refused[name] : undefined;
  if (known !== undefined) {
    const shown = rawName.startsWith("--") ? rawName : `--${name}`;
    return unsupported(`Option ${shown} of "decant ${spec.name}"`, {
      hint: known.hint,
      ...given({ row: known.row }),
    });
  }
  // Never a name that would be refused in its turn.
  const guess = closest(name, Object.keys({ ...spec.options, help: true }));
  return usageError(
    `Cannot use option ${rawName}: "decant ${spec.name}" has no such option`,
    guess === undefined || !rawName.startsWith("--") ? seeHelp(spec) : `Did you mean --${guess}?`,
  );
}

function readBoolean(rawName: string, value: string | undefined): boolean {
  if (value === undefined) return true;
  // The spellings of Go's strconv.ParseBool, which docker takes.
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw usageError(`Cannot use ${rawName}="${value}": wanted true or false`);
}

function checkWords(spec: CommandSpec, words: readonly string[]): void {
  const { min, max } = spec.words;
  if (words.length >= min && words.length <= max) return;
  const wanted = max === 0 ? "no argument" : min === max ? plural(min) : max === Infinity ? `${plural(min)} or more` : `${min} to ${max}`;
  const extra = words.length > max ? `: ${words.map((word) => `"${publicUrl(word)}"`).join(" ")}` : "";
  throw usageError(`Cannot run "decant ${spec.name}" with ${plural(words.length)}${extra}; wanted ${wanted}`, seeHelp(spec));
}

function plural(count: number): string {
  return count === 0 ? "no argument" : count === 1 ? "one argument" : `${count} arguments`;
}

function listOf(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`;
}

function seeHelp(spec: CommandSpec): string {
  return `See: decant ${spec.name} --help`;
}
