/** The command line of Python (python(1)), and of servers that load an application. */
import { toText } from "../../paths.ts";

/** What `python ARGS` runs, and the options that change where it looks for modules. */
export type PythonCommand = PythonOptions &
  (
    | { readonly kind: "file"; readonly path: string; readonly args: readonly string[] }
    | { readonly kind: "module"; readonly name: string; readonly args: readonly string[] }
    | { readonly kind: "code"; readonly source: string }
    /** A prompt, standard input. */
    | { readonly kind: "other" }
  );

/** What -I, -E, -P and -S say. */
interface PythonOptions {
  /** -E: variables PYTHON… count for nothing. */
  readonly ignoresEnvironment: boolean;
  /** -P: the directory of the main file is not searched. */
  readonly isSafePath: boolean;
  /** -S */
  readonly withoutSite: boolean;
}

/** Reads the arguments behind `python`. */
export function parsePythonCommand(args: readonly string[]): PythonCommand {
  let letters = "";
  const options = (): PythonOptions => ({
    ignoresEnvironment: /[EI]/.test(letters),
    isSafePath: /[PI]/.test(letters),
    withoutSite: letters.includes("S"),
  });
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "-" || word === "--version" || word === "--help") return { kind: "other", ...options() };
    if (!word.startsWith("-")) return { kind: "file", path: word, args: args.slice(at + 1), ...options() };
    if (word.startsWith("--")) {
      if (word === "--check-hash-based-pycs") at += 1;
      continue;
    }
    // Letters may be joined: -um app, -Wignore.
    const letter = word.search(/[cmWX]/);
    letters += letter < 0 ? word : word.slice(0, letter);
    if (/[hV?]/.test(letters)) return { kind: "other", ...options() };
    if (letter < 0) continue;
    const rest = word.slice(letter + 1);
    const value = rest === "" ? args[(at += 1)] : rest;
    if (value === undefined) return { kind: "other", ...options() };
    if (word[letter] === "c") return { kind: "code", source: toText(value), ...options() };
    if (word[letter] === "m") return { kind: "module", name: toText(value), args: args.slice(at + 1), ...options() };
  }
  return { kind: "other", ...options() };
}

/** Is this the name of Python? "python", "python3.13" */
export function isPythonName(name: string): boolean {
  return /^python(?:\d(?:\.\d+)?)?$/.test(name);
}

/** Servers that load an application by "module:object". */
const SERVERS: ReadonlySet<string> = new Set(["gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve"]);
/** Options that change where they look for it. */
const ELSEWHERE = /^(?:--chdir|--app-dir|--pythonpath|--paste|-c$|--config)/;

/** What a server loads: "main.web", "app" of `gunicorn -w 4 main.web:app`. */
interface PythonApplication {
  readonly module: string;
  /** The object in it. */
  readonly name: string;
  /** It is a function that the server calls. */
  readonly isFactory: boolean;
}

/** The application that a server loads; undefined when that cannot be told. */
export function servedApplication(server: string, args: readonly string[]): PythonApplication | undefined {
  if (!SERVERS.has(server.split(".")[0] ?? server) || args.some((word) => ELSEWHERE.test(word))) return undefined;
  const application = args.find((word) => /^[A-Za-z_][\w.]*:[A-Za-z_][\w.()]*$/.test(word));
  const [module, rest] = application?.split(":") ?? [];
  const name = /^\w+/.exec(rest ?? "")?.[0];
  if (module === undefined || name === undefined) return undefined;
  return { module, name, isFactory: rest === `${name}()` || (rest === name && args.includes("--factory")) };
}
