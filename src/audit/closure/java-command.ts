import { given } from "../../given.ts";
/** The command line of Java (java(1)) and the manifest of a jar (JAR file specification). */

/** What `java ARGS` runs: a jar, a class, a module or a source file. */
export interface JavaCommand {
  readonly jar?: string;
  readonly mainClass?: string;
  /** As written; undefined: CLASSPATH or the working directory. */
  readonly classPath?: string;
  /** Of `-m`: without a class, the module names its own. */
  readonly module?: { readonly name: string; readonly mainClass?: string };
  /** A file of the source launcher. */
  readonly source?: string;
}

/** An option before what is run: "-cp", "--module-path", "-Xmx1g". */
export interface JavaOption {
  readonly name: string;
  /** Of options that have one as the next word or behind "=" ("--"). */
  readonly value?: string;
}

const WITH_VALUE: ReadonlySet<string> = new Set(
  "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-reads --add-exports --add-opens --limit-modules --patch-module --enable-native-access -d --describe-module --source".split(
    " ",
  ),
);
const CLASS_PATH: ReadonlySet<string> = new Set(["-cp", "-classpath", "--class-path"]);
const MODULE: ReadonlySet<string> = new Set(["-m", "--module"]);
const ONLY_TELLS =
  /^(?:-version|--version|-help|-h|-\?|--help|-X|--help-extra|--list-modules|-d|--describe-module|--dry-run|--validate-modules)$/;

/** Options of the environment and of files, put where the launcher puts them. */
interface JavaArguments {
  readonly args: readonly string[];
  /** Files of @FILE that are not there. */
  readonly missing: readonly string[];
}

const MAX_ARGUMENT_FILES = 20;

/**
 * The arguments of the launcher: those of JDK_JAVA_OPTIONS first, and what files of @FILE hold, up to the main class. `readFile` gives the text of a file,
 * undefined when there is none.
 */
export async function javaArguments(
  args: readonly string[],
  options: { readonly environment?: string; readonly readFile: (name: string) => Promise<string | undefined> },
): Promise<JavaArguments> {
  const found: string[] = [];
  const missing: string[] = [];
  let files = 0;
  let isProgram = false;
  for (const word of [...argumentWords(options.environment ?? ""), ...args]) {
    if (isProgram || !word.startsWith("@") || word.startsWith("@@")) {
      const before = found.at(-1) ?? "";
      // What follows is for the program; the name behind -jar is its last.
      isProgram ||=
        before === "-jar" || word === "--disable-@files" || MODULE.has(before) || (!word.startsWith("-") && !WITH_VALUE.has(before));
      found.push(word.startsWith("@@") ? word.slice(1) : word);
      continue;
    }
    files += 1;
    const text = files > MAX_ARGUMENT_FILES ? "" : await options.readFile(word.slice(1));
    if (text === undefined) missing.push(word.slice(1));
    else found.push(...argumentWords(text));
  }
  return { args: found, missing };
}

/** Words of an argument file: quotes, and "#" to the end of the line. */
function argumentWords(text: string): readonly string[] {
  const words = text.replace(/^[ \t]*#.*$/gm, "").match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+/g) ?? [];
  return words.map((word) => (/^["']/.test(word) ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word));
}

/** The options before what is run, and the words from there on. */
export function javaOptions(args: readonly string[]): { readonly options: readonly JavaOption[]; readonly rest: readonly string[] } {
  const options: JavaOption[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    const [name = "", joined] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
    if (!word.startsWith("-") || word === "-jar" || MODULE.has(name)) return { options, rest: args.slice(at) };
    const value = joined ?? (WITH_VALUE.has(name) ? args[(at += 1)] : undefined);
    options.push({ name, ...given({ value }) });
  }
  return { options, rest: [] };
}

/** Reads the arguments behind `java`; undefined when they run nothing. */
export function parseJavaCommand(args: readonly string[]): JavaCommand | undefined {
  const { options, rest } = javaOptions(args);
  const [word, next] = rest;
  if (word === undefined || word.startsWith("@") || options.some(({ name }) => ONLY_TELLS.test(name))) return undefined;
  if (word === "-jar") return next === undefined ? undefined : { jar: next };
  const classPath = options.findLast(({ name }) => CLASS_PATH.has(name))?.value;
  if (word.startsWith("-")) {
    const [name, mainClass] = (word.split(/=(.*)/s)[1] ?? next ?? "").split("/");
    return name === undefined || name === "" ? undefined : { module: { name, ...given({ mainClass }) }, ...given({ classPath }) };
  }
  // In source mode, any name.
  if (word.endsWith(".java") || options.some(({ name }) => name === "--source")) return { source: word };
  return word.includes("/") ? undefined : { mainClass: word, ...given({ classPath }) };
}

/** An agent: `java` ones are jars, `path` ones libraries by path, `library` ones by name. */
export interface JavaAgent {
  readonly kind: "java" | "path" | "library";
  readonly name: string;
}

const AGENTS: Readonly<Record<string, JavaAgent["kind"]>> = { javaagent: "java", agentpath: "path", agentlib: "library" };

/** The agents that options name, also those of JAVA_TOOL_OPTIONS and _JAVA_OPTIONS. */
export function agentsOf(words: readonly string[]): readonly JavaAgent[] {
  return words.flatMap((word) => {
    const [, option = "", name = ""] = /^-(javaagent|agentpath|agentlib):([^=]+)/.exec(word) ?? [];
    const kind = AGENTS[option];
    return kind === undefined ? [] : [{ kind, name }];
  });
}

/** Words of JAVA_TOOL_OPTIONS. */
export function toolOptions(text: string | undefined): readonly string[] {
  return argumentWords(text ?? "");
}

/** The main section of a manifest: names in lower case; lines that go on are joined. */
export function parseManifest(text: string): ReadonlyMap<string, string> {
  const main = text.replace(/\r\n?/g, "\n").replace(/\n /g, "").split(/\n\n/)[0] ?? "";
  return new Map(
    main.split("\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const];
    }),
  );
}
