/** The command line of Python (python(1)), and what a source file imports at its top level. */
import { toText } from "../../paths.ts";

/** What `python ARGS` runs. */
type PythonCommand =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "module"; readonly name: string }
  /** -c, a prompt, standard input. */
  | { readonly kind: "other" };

/** Reads the arguments behind `python`. */
export function parsePythonCommand(args: readonly string[]): PythonCommand {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "-" || word === "--version" || word === "--help") return { kind: "other" };
    if (!word.startsWith("-")) return { kind: "file", path: word };
    if (word.startsWith("--")) {
      if (word === "--check-hash-based-pycs") at += 1;
      continue;
    }
    // Letters may be joined: -um app, -Wignore.
    const letter = word.search(/[cmWX]/);
    if (letter < 0) continue;
    const rest = word.slice(letter + 1);
    const value = rest === "" ? args[(at += 1)] : rest;
    if (word[letter] === "c" || value === undefined) return { kind: "other" };
    if (word[letter] === "m") return { kind: "module", name: toText(value) };
  }
  return { kind: "other" };
}

/** Is this the name of Python? "python", "python3.13" */
export function isPythonName(name: string): boolean {
  return /^python(?:\d(?:\.\d+)?)?$/.test(name);
}

const IMPORT = /^import[ \t]+([^#;\\\n]+)/gm;
const FROM = /^from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b/gm;

/** Top-level names that a file imports where it always runs: at the start of a line, outside of "try", "if" and functions. */
export function pythonImports(source: string): readonly string[] {
  const code = source.replace(/("""|''')[\s\S]*?\1/g, '""');
  const names = new Set<string>();
  for (const [, list = ""] of code.matchAll(IMPORT)) {
    for (const one of list.split(",")) {
      const name = /^\s*([A-Za-z_]\w*)/.exec(one)?.[1];
      if (name !== undefined) names.add(name);
    }
  }
  for (const [, dotted = ""] of code.matchAll(FROM)) names.add(dotted.split(".")[0] ?? dotted);
  names.delete("__future__");
  return [...names];
}

/** Servers that load an application by "module:object". */
const SERVERS: ReadonlySet<string> = new Set(["gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve"]);
/** Options that change where they look for it. */
const ELSEWHERE = /^(?:--chdir|--app-dir|--pythonpath|--paste|-c$|--config)/;

/** The top-level module of the application that a server loads: "main" of `gunicorn -w 4 main.web:app`; undefined when that cannot be told. */
export function applicationModule(server: string, args: readonly string[]): string | undefined {
  if (!SERVERS.has(server) || args.some((word) => ELSEWHERE.test(word))) return undefined;
  const application = args.find((word) => /^[A-Za-z_][\w.]*:[A-Za-z_][\w.()]*$/.test(word));
  return application?.split(/[.:]/)[0];
}
