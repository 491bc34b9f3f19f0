import { given } from "../../given.ts";
/** The command line of Java (java(1)) and the manifest of a jar (JAR file specification). */

/** What `java ARGS` runs. */
interface JavaCommand {
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

/** Reads the arguments behind `java`; undefined when they run no jar and no class, or are in a file (@FILE). */
export function parseJavaCommand(args: readonly string[]): JavaCommand | undefined {
  let classPath: string | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word.startsWith("@")) return undefined;
    if (word === "-jar") return args[at + 1] === undefined ? undefined : { jar: args[at + 1] ?? "" };
    if (!word.startsWith("-")) {
      // A module or a source file, which have no class file of that name.
      return /\.java$|\//.test(word) ? undefined : { mainClass: word, ...given({ classPath }) };
    }
    const [name = "", joined] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
    if (name === "-m" || name === "--module") return undefined;
    const value = joined ?? (WITH_VALUE.has(name) ? args[(at += 1)] : undefined);
    if (CLASS_PATH.has(name)) classPath = value;
  }
  return undefined;
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
