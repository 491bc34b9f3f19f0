import { given } from "../../given.ts";
/** The command line of Java (java(1)) and the manifest of a jar (JAR file specification). */

/** What `java ARGS` runs. */
export interface JavaCommand {
  /** The files of -javaagent and -agentpath, where there are any. */
  readonly agents?: readonly string[];
  readonly jar?: string;
  readonly mainClass?: string;
  /** As written; undefined: CLASSPATH or the working directory. */
  readonly classPath?: string;
}

const WITH_VALUE: ReadonlySet<string> = new Set(
  "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-reads --add-exports --add-opens --limit-modules --patch-module -m --module --enable-native-access -d --describe-module".split(
    " ",
  ),
);
const CLASS_PATH: ReadonlySet<string> = new Set(["-cp", "-classpath", "--class-path"]);

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
      isProgram ||= before === "-jar" || word === "--disable-@files" || (!word.startsWith("-") && !WITH_VALUE.has(before));
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

/** Reads the arguments behind `java`; undefined when they run no jar and no class. */
export function parseJavaCommand(args: readonly string[]): JavaCommand | undefined {
  let classPath: string | undefined;
  const jars: string[] = [];
  const agents = (): Pick<JavaCommand, "agents"> => (jars.length === 0 ? {} : { agents: jars });
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word.startsWith("@")) return undefined;
    if (word === "-jar") return args[at + 1] === undefined ? undefined : { jar: args[at + 1] ?? "", ...agents() };
    if (!word.startsWith("-")) {
      // A module or a source file, which have no class file of that name.
      return /\.java$|\//.test(word) ? undefined : { mainClass: word, ...agents(), ...given({ classPath }) };
    }
    jars.push(...agentsOf([word]));
    const [name = "", joined] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
    if (name === "-m" || name === "--module" || /^(?:-version|--version|-showversion|-help|-h|-\?|--help|--list-modules)$/.test(name))
      return undefined;
    const value = joined ?? (WITH_VALUE.has(name) ? args[(at += 1)] : undefined);
    if (CLASS_PATH.has(name)) classPath = value;
  }
  return undefined;
}

/** The files that options of -javaagent and -agentpath name, also those of JAVA_TOOL_OPTIONS and _JAVA_OPTIONS. */
export function agentsOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => /^-(?:javaagent|agentpath):([^=]+)/.exec(word)?.[1] ?? []);
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
