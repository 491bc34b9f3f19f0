/** What a command is: a const table of its options, from which parsing, types and help are made, and a function. */
import type { SupportId } from "../support-row.ts";
import type { CliContext } from "./context.ts";

/** One option. Names are the keys of the table, without dashes. */
export interface OptionSpec {
  readonly type: "boolean" | "string";
  /** May be given many times (string only): the value is a list. */
  readonly multiple?: true;
  readonly short?: string;
  /** What help shows for the value, e.g. "NAME". */
  readonly value?: string;
  readonly help: string;
  /** The values that are allowed. */
  readonly choices?: readonly string[];
  /** The value of `--name` without "=": then the next word is none of it (string only). */
  readonly bare?: string;
  /** With `bare`: the next word is the value after all when it looks like this, as in docker's `--sbom true`. */
  readonly bareUnless?: RegExp;
}

/** An option that has a value. */
export interface TextOption extends OptionSpec {
  readonly type: "string";
}

/** One that may be given many times. */
export interface RepeatedOption extends TextOption {
  readonly multiple: true;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** A flag of the field that Decant does not have: using it is an error that says so. */
export interface UnsupportedSpec {
  readonly type: "boolean" | "string";
  readonly short?: string;
  /** Its row in src/support.ts. */
  readonly row?: SupportId;
  /** What to do instead, where the row does not say it. */
  readonly hint?: string | undefined;
}

type ValueOf<Spec extends OptionSpec> = Spec extends { readonly type: "boolean" }
  ? boolean
  : Spec extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : string;

/** The values of a table: lists where `multiple`, else present only when given. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table as Table[Name] extends { readonly multiple: true } ? Name : never]: readonly string[];
} & { readonly [Name in keyof Table as Table[Name] extends { readonly multiple: true } ? never : Name]?: ValueOf<Table[Name]> };

/** The describing half of a command. */
export interface CommandSpec<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** After "decant NAME [OPTIONS] ": e.g. "CONTEXT". */
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs and examples after the options. */
  readonly notes?: string;
  readonly options: Table;
  /** Headings of the help, with the options under each; where there are none, all options are under one. Each option is under one heading. */
  readonly groups?: Readonly<Record<string, readonly (keyof Table & string)[]>>;
  readonly unsupported?: Readonly<Record<string, UnsupportedSpec>>;
  /** The same of other tools; the help does not list them. */
  readonly foreign?: Readonly<Record<string, UnsupportedSpec>>;
  /** How many words are wanted besides options. */
  readonly words: { readonly min: number; readonly max: number };
  /** Options end at the first word, as in `docker run IMAGE COMMAND…`. */
  readonly optionsFirst?: true;
}

/** A command without the types of its options. */
export interface Command {
  readonly spec: CommandSpec;
  /** Gives the exit code. */
  readonly run: (args: readonly string[], context: CliContext, tables: CommandTables) => Promise<number>;
}

/** A row of the table of commands. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command: for the one that completes command lines. */
export interface CommandTables {
  readonly commands: Readonly<Record<string, CommandEntry>>;
  /** First words of commands of two words, with what they are about. */
  readonly groups: Readonly<Record<string, string>>;
  /** Other names of commands. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** The options of a command by headings, in alphabetical order under each. `title` is empty where the command has no headings. */
export function optionGroups({
  options,
  groups,
}: CommandSpec): { readonly title: string; readonly rows: (readonly [string, OptionSpec])[] }[] {
  const rows = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (groups === undefined) return [{ title: "", rows }];
  return Object.entries(groups).map(([title, names]) => ({ title, rows: rows.filter(([name]) => names.includes(name)) }));
}
