/** The Java program that an image starts: its arguments, with those of the environment and of files, and the archives that it certainly opens. */
import type { ElfMachine } from "../../elf/index.ts";
import { absolutePath, entryAt, environmentPath, fileAt, lastPart } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { fromText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { execPlace, type StartedCommand, startedCommands } from "./commands.ts";
import type { ClosureRoot } from "./close.ts";
import { classPlaces, findClass } from "./java-classes.ts";
import {
  agentsOf,
  type JavaAgent,
  type JavaCommand,
  javaArguments,
  type JavaOption,
  javaOptions,
  parseJavaCommand,
  toolOptions,
} from "./java-command.ts";
import { javaRuntime } from "./java-runtime.ts";

/** What is known of it. Paths absolute. */
export interface JavaProgram {
  readonly command: StartedCommand;
  readonly program: ClosureRoot;
  readonly run: JavaCommand | undefined;
  /** Argument files that are not there. */
  readonly missingArguments: readonly string[];
  readonly argumentFiles: readonly Entry[];
  /** Those of options; files absolute. */
  readonly agents: readonly JavaAgent[];
  /** All options, in the order in which the last counts. */
  readonly options: readonly JavaOption[];
  /** Words of JAVA_TOOL_OPTIONS and _JAVA_OPTIONS. */
  readonly toolWords: readonly string[];
  readonly workingDirectory: string;
}

const MAX_ARGUMENTS = 1024 * 1024;

/** The program, or undefined when no command runs Java. */
export async function javaProgram(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Promise<JavaProgram | undefined> {
  const command = (await startedCommands(subject, files, machine)).findLast(({ result }) => result.program !== undefined);
  const program = command?.result.program;
  if (command === undefined || program === undefined) return undefined;
  if (![program.path, program.entry.path].some((path) => lastPart(path) === "java")) return undefined;
  const { workingDirectory } = execPlace(subject, files, machine);
  const { Env } = subject.config;
  const environment = environmentPath(Env, "JDK_JAVA_OPTIONS");
  const argumentFiles: Entry[] = [];
  const { args, missing } = await javaArguments(command.result.args, {
    ...given({ environment }),
    async readFile(name) {
      const entry = fileAt(files, absolutePath(name, workingDirectory));
      if (entry !== undefined) argumentFiles.push(entry);
      const bytes = entry === undefined ? undefined : await files.read(entry, MAX_ARGUMENTS);
      return bytes === undefined ? undefined : fromText(Buffer.from(bytes).toString("utf8"));
    },
  });
  const run = parseJavaCommand(args);
  const { options } = javaOptions(args);
  const words = (name: string): readonly string[] => toolOptions(environmentPath(Env, name));
  const [before, after] = [words("JAVA_TOOL_OPTIONS"), words("_JAVA_OPTIONS")];
  const named = (word: string): JavaOption => javaOptions([word]).options[0] ?? { name: word };
  const at = (name: string): string => absolutePath(name, workingDirectory);
  const agents = agentsOf([...before, ...options.map(({ name }) => name), ...after]);
  return {
    command,
    program,
    run,
    missingArguments: missing.map(at),
    argumentFiles,
    agents: agents.map(({ kind, name }) => ({ kind, name: kind === "library" ? name : at(name) })),
    options: [...before.map(named), ...options, ...after.map(named)],
    toolWords: [...before, ...after],
    workingDirectory,
  };
}

/** Files that are certainly opened: the jar or the main class, agents, and the libraries of the runtime that every program needs. */
export async function javaFiles(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Promise<readonly Entry[]> {
  const java = await javaProgram(subject, files, machine);
  if (java?.command.certain !== true) return [];
  const { run, program, agents, workingDirectory } = java;
  const runtime = await javaRuntime(files, program);
  const jar = run?.jar === undefined ? undefined : absolutePath(run.jar, workingDirectory);
  const classPath = run?.classPath ?? environmentPath(subject.config.Env, "CLASSPATH") ?? ".";
  const places = classPlaces({ files, tree: subject.tree, workingDirectory }, classPath);
  const main = run?.mainClass === undefined ? undefined : await findClass(files, `${run.mainClass.replaceAll(".", "/")}.class`, places);
  const libraries = run === undefined ? [] : (runtime?.programLibraries(jar !== undefined || main?.isInJar === true) ?? []);
  const agentFiles = agents.flatMap(({ kind, name }) => (kind === "library" ? [] : [name]));
  const named = [...agentFiles, ...libraries, ...(jar === undefined ? [] : [jar])].flatMap((path) => entryAt(files, path) ?? []);
  return [...java.argumentFiles, ...named, ...(main === undefined ? [] : [main.entry])];
}
