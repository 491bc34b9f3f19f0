/** What an image starts: ENTRYPOINT and CMD, through shells, init programs and entry scripts as far as that can be told without running them. */
import type { ElfMachine } from "../../elf/index.ts";
import { lastPart, processPlace } from "../../facts/index.ts";
import { fromBytes, fromText, toText } from "../../paths.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { exec, type ExecPlace, type ExecResult } from "./exec.ts";
import { packageScript } from "./node-command.ts";
import { plainWords, scriptEnd } from "./shell-script.ts";
import { nodePackages, type NodePackages } from "./node-packages.ts";

/** One command that runs, or would. */
export interface StartedCommand {
  /** As written, in the form of paths. */
  readonly argv: readonly string[];
  readonly result: ExecResult;
  /** False for what a script or shell may start or not. */
  readonly certain: boolean;
  /** The shell form of ENTRYPOINT or CMD. */
  readonly isShellForm: boolean;
}

/** Programs that start the program which follows their options. The number: how many words of their own come first (gosu's user). */
const WRAPPERS: ReadonlyMap<string, number> = new Map([
  ...["tini", "tini-static", "docker-init", "dumb-init", "catatonit", "env", "nice", "nohup", "exec"].map((name) => [name, 0] as const),
  ["gosu", 1],
  ["su-exec", 1],
  ["setpriv", 0],
]);
/** Options of those that take the next word. */
const WITH_VALUE: ReadonlySet<string> = new Set(["-p", "-e", "-n", "-u", "--rewrite", "-r"]);
const SHELL = /^(?:ba|da|a|k|z)?sh$/;
const MAX_SCRIPT = 256 * 1024;
const MAX_COMMANDS = 8;

const commandsOf = oncePerFiles<Promise<readonly StartedCommand[]>>();

/** The commands of a subject in the order in which they start each other. Worked out once for all checks. */
export function startedCommands(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Promise<readonly StartedCommand[]> {
  return commandsOf(files, () => follow(subject, execPlace(subject, files, machine)));
}

/** Where the processes of a subject start. */
export function execPlace({ config }: AuditSubject, files: AuditFiles, machine: ElfMachine): ExecPlace {
  return { files, machine, ...processPlace(config) };
}

/** ENTRYPOINT and CMD together, in the form of paths. */
export function startLine({ config }: AuditSubject): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].map(fromText);
}

interface NextCommand {
  readonly argv: readonly string[];
  readonly certain: boolean;
  /** An entry script may well take these words for something else than a program. */
  readonly isGuess?: boolean;
}

async function follow(subject: AuditSubject, start: ExecPlace): Promise<readonly StartedCommand[]> {
  const { config } = subject;
  const packages = nodePackages(start.files);
  let place = start;
  const shell = (config.Shell ?? ["/bin/sh", "-c"]).map(fromText);
  const commands: StartedCommand[] = [];
  let next: NextCommand | undefined = { argv: startLine(subject), certain: true };
  while (next !== undefined && next.argv.length > 0 && commands.length < MAX_COMMANDS) {
    const { argv, certain, isGuess }: NextCommand = next;
    const result = await exec(place, argv);
    if (isGuess === true && result.problem?.kind === "missing") break;
    const isShellForm = commands.length === 0 && shell.length < argv.length && shell.every((word, at) => argv[at] === word);
    commands.push({ argv, result, certain, isShellForm });
    if (result.problem !== undefined) break;
    const script: readonly string[] | undefined = await scriptWords(argv, packages, place.workingDirectory);
    // Scripts of a package find the programs of its dependencies first.
    if (script !== undefined) place = { ...place, searchPath: [`${place.workingDirectory}/node_modules/.bin`, ...place.searchPath] };
    const found: NextCommand | undefined =
      script === undefined ? await inside(place.files, argv, result, (config.Cmd ?? []).map(fromText)) : { argv: script, certain: true };
    next = found === undefined ? undefined : { ...found, certain: certain && found.certain };
  }
  return commands;
}

/** The command that a command starts in turn. */
async function inside(
  files: AuditFiles,
  argv: readonly string[],
  result: ExecResult,
  cmd: readonly string[],
): Promise<NextCommand | undefined> {
  const name = lastPart(argv[0] ?? "");
  const skipped = WRAPPERS.get(name);
  if (skipped !== undefined) return { argv: afterOptions(argv.slice(1)).slice(skipped), certain: true };
  if (SHELL.test(name) && argv[1] === "-c") {
    const words = plainWords(argv[2] ?? "");
    return words === undefined ? undefined : { argv: words, certain: true };
  }
  const [script, interpreter] = result.steps;
  if (script === undefined || interpreter === undefined) return undefined;
  const bytes = SHELL.test(lastPart(interpreter.path)) ? await files.read(script.entry, MAX_SCRIPT) : undefined;
  const end = bytes === undefined ? undefined : scriptEnd(fromBytes(bytes));
  if (end?.kind === "elsewhere") return undefined;
  if (end?.kind === "words") return { argv: end.words, certain: true };
  const startsCmd = cmd.length > 0 && argv.length > cmd.length && cmd.every((word, at) => argv[argv.length - cmd.length + at] === word);
  return startsCmd ? { argv: cmd, certain: end?.kind === "arguments", isGuess: true } : undefined;
}

/** What `npm start` and its like come to, where that is one command. */
async function scriptWords(argv: readonly string[], packages: NodePackages, folder: string): Promise<readonly string[] | undefined> {
  const name = packageScript(argv);
  const script = name === undefined ? undefined : (await packages.at(folder))?.scripts.get(toText(name));
  return script === undefined ? undefined : plainWords(fromText(script));
}

function afterOptions(words: readonly string[]): readonly string[] {
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") return words.slice(at + 1);
    if (!word.startsWith("-") && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) break;
    if (WITH_VALUE.has(word)) at += 1;
  }
  return words.slice(at);
}
