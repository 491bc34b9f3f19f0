/**
 * What a shell may put in the place of the last word of a command line, by the tables that parse command lines. The scripts in completions/ ask
 * `decant completion --answer`, so they hold nothing that a new option would change.
 */
import type { Command, CommandSpec, CommandTables, OptionSpec } from "../command.ts";
import { argumentSource, type NameKind, sourceOf, type WordSource } from "./value-kinds.ts";

/** One word, and what help says about it. */
interface Candidate {
  readonly word: string;
  readonly help?: string;
}

/** What completes a word. */
interface Completion {
  readonly candidates: readonly Candidate[];
  /** Paths of the host fit, too: of files, or of folders only. */
  readonly paths: "files" | "folders" | "none";
}

/** Looks names up; gives none where it cannot. `root` is the store that the command line names. */
export type NameLookup = (kind: NameKind, root: string | undefined) => Promise<readonly string[]>;

/** A command line up to the word that is completed. */
interface Typed {
  readonly words: number;
  /** Options that have been given. */
  readonly given: ReadonlySet<string>;
  readonly root: string | undefined;
  /** The option whose value comes next. */
  readonly open: string | undefined;
  readonly isPastOptions: boolean;
}

/** `line`: the words behind "decant"; the last one is completed, and may be empty. Never throws for what is typed. */
export async function complete(line: readonly string[], tables: CommandTables, lookUp: NameLookup): Promise<Completion> {
  const done = line.slice(0, -1);
  const last = line.at(-1) ?? "";
  const [first, second] = done;
  if (first === undefined) return ofWords(firstWords(tables), last);
  if (isHelp(first))
    return ofWords(done.length === 1 ? firstWords(tables) : done.length === 2 ? secondWords(tables, second ?? "") : [], last);
  if (done.length === 1 && Object.hasOwn(tables.groups, first)) return ofWords(secondWords(tables, first), last);
  const pair = await commandOf(tables, `${first} ${second ?? ""}`);
  const command = pair ?? (await commandOf(tables, first));
  if (command === undefined) return NOTHING;
  const { spec } = command;
  const typed = readTyped(spec, done.slice(pair === undefined ? 1 : 2));
  const resolve = (source: WordSource, word: string, prefix = ""): Promise<Completion> => ofSource(source, word, prefix, typed, lookUp);
  if (typed.open !== undefined) return await resolve(optionSource(spec.options[typed.open]), last);
  if (!typed.isPastOptions && last.startsWith("-")) {
    const [, prefix = "", name = "", value = ""] = /^(--([^=]+)=)(.*)$/s.exec(last) ?? [];
    if (prefix === "") return ofWords(optionWords(spec, typed.given, last), last);
    return await resolve(optionSource(Object.hasOwn(spec.options, name) ? spec.options[name] : undefined), value, prefix);
  }
  // Behind the image of "decant run" comes a command of the container: nothing of ours.
  const source = spec.optionsFirst === true && typed.words > 0 ? undefined : argumentSource(spec.usage, typed.words);
  const found = source === undefined ? NOTHING : await resolve(source, last);
  // "history" is a command, and "history ls" another.
  const pairs = done.length === 1 ? ofWords(secondWords(tables, first), last).candidates : [];
  return { ...found, candidates: [...pairs, ...found.candidates] };
}

const NOTHING: Completion = { candidates: [], paths: "none" };

function isHelp(word: string): boolean {
  return word === "help" || word === "--help" || word === "-h";
}

async function commandOf({ commands, aliases }: CommandTables, name: string): Promise<Command | undefined> {
  const full = Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
  return Object.hasOwn(commands, full) ? (await commands[full]?.load())?.command : undefined;
}

function firstWords({ commands, groups, aliases }: CommandTables): Candidate[] {
  const single = Object.entries(commands).flatMap(([name, { summary }]) => (name.includes(" ") ? [] : [{ word: name, help: summary }]));
  const first = Object.entries(groups).map(([word, help]) => ({ word, help }));
  const other = Object.entries(aliases).flatMap(([word, name]) => (word.includes(" ") ? [] : [{ word, help: `The same as ${name}` }]));
  return [...single, ...first, ...other, { word: "help", help: "Show how a command is used" }];
}

function secondWords({ commands, aliases }: CommandTables, first: string): Candidate[] {
  const named = Object.entries(commands).map(([name, { summary }]) => ({ name, help: summary }));
  const other = Object.entries(aliases).map(([name, of]) => ({ name, help: `The same as ${of}` }));
  return [...named, ...other].flatMap(({ name, help }) =>
    name.startsWith(`${first} `) ? [{ word: name.slice(first.length + 1), help }] : [],
  );
}

/** Reads what is typed as the parser does, but takes what is wrong as it comes. */
function readTyped(spec: CommandSpec, words: readonly string[]): Typed {
  const given = new Set<string>();
  let count = 0;
  let root: string | undefined;
  let open: string | undefined;
  let isPastOptions = false;
  for (const word of words) {
    if (open !== undefined) {
      if (open === "root") root = word;
      open = undefined;
    } else if (isPastOptions || !word.startsWith("-") || word === "-") {
      count += 1;
      if (spec.optionsFirst === true) isPastOptions = true;
    } else if (word === "--") isPastOptions = true;
    else {
      const { name, value } = readOption(spec, word);
      given.add(name);
      if (name === "root" && value !== undefined) root = value;
      if (value === undefined && takesNextWord(spec.options[name])) open = name;
    }
  }
  return { words: count, given, root, open, isPastOptions };
}

/** `--name`, `--name=value`, `-n`, `-nvalue`, and `-abn` where a and b are switches. */
function readOption(spec: CommandSpec, word: string): { readonly name: string; readonly value: string | undefined } {
  const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  if (long !== undefined) return { name: long, value };
  for (let at = 1; at < word.length; at += 1) {
    const [name = "", option] = Object.entries(spec.options).find(([, { short }]) => short === word[at]) ?? [];
    if (option?.type === "string" || at === word.length - 1) return { name, value: word.slice(at + 1) || undefined };
  }
  return { name: "", value: undefined };
}

function takesNextWord(option: OptionSpec | undefined): boolean {
  return option?.type === "string" && option.bare === undefined;
}

function optionSource(option: OptionSpec | undefined): WordSource {
  if (option === undefined) return {};
  if (option.type === "boolean") return { words: ["true", "false"] };
  return option.choices === undefined ? sourceOf(option.value ?? "") : { words: option.choices };
}

/** A single dash shows the short names, too. */
function optionWords({ options }: CommandSpec, given: ReadonlySet<string>, typed: string): Candidate[] {
  const open = Object.entries(options).filter(([name, { multiple }]) => multiple === true || !given.has(name));
  const long = open.map(([name, { help }]) => ({ word: `--${name}`, help }));
  const short = open.flatMap(([, { short: letter, help }]) => (letter === undefined ? [] : [{ word: `-${letter}`, help }]));
  return [...long, { word: "--help", help: "Show this help" }, ...(typed === "-" ? short : [])];
}

async function ofSource(source: WordSource, word: string, prefix: string, typed: Typed, lookUp: NameLookup): Promise<Completion> {
  const names: string[] = [];
  for (const kind of source.names ?? []) names.push(...(await lookUp(kind, typed.root)));
  const { candidates } = ofWords(
    [...(source.words ?? []), ...names].map((text) => ({ word: text })),
    word,
  );
  return { candidates: candidates.map((candidate) => ({ ...candidate, word: prefix + candidate.word })), paths: source.paths ?? "none" };
}

function ofWords(candidates: readonly Candidate[], typed: string): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(typed)), paths: "none" };
}
