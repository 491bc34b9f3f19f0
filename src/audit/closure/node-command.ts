/** The command line of Node.js: its main module, what it loads before, and where it looks (node(1), "Options"). */
import { fromText, toText } from "../../paths.ts";

/** What `node ARGS` runs. */
interface NodeCommand {
  /** As written, in the form of paths; absent when nothing is run from a file (-e, --test, a prompt). */
  readonly main?: string;
  /** --require and --import, of NODE_OPTIONS too. */
  readonly preloads: readonly { readonly specifier: string; readonly kind: "import" | "require" }[];
  readonly conditions: readonly string[];
  /** Files of --env-file, which must be there. */
  readonly environmentFiles: readonly string[];
}

/** Options whose value is the next word when there is no "=". */
const WITH_VALUE: ReadonlySet<string> = new Set(
  (
    "-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists --input-type --title --icu-data-dir " +
    "--openssl-config --disable-warning --redirect-warnings --report-dir --report-directory --report-filename --diagnostic-dir --cpu-prof-dir " +
    "--cpu-prof-name --heap-prof-dir --heapsnapshot-signal --inspect-port --stack-trace-limit --max-http-header-size --unhandled-rejections " +
    "--dns-result-order --trace-event-categories --trace-event-file-pattern --tls-cipher-list --allow-fs-read --allow-fs-write --localstorage-file"
  ).split(" "),
);
/** With these, no file is the main module. */
const NO_MAIN =
  /^(?:-e|-p|-pe|-ep|-c|-i|-v|-h|--eval(?:=.*)?|--print(?:=.*)?|--check|--interactive|--version|--help|--test|--run(?:=.*)?|--build-sea(?:=.*)?)$/;

/** Reads the arguments behind `node`, and NODE_OPTIONS. */
export function parseNodeCommand(args: readonly string[], nodeOptions: string | undefined): NodeCommand {
  const preloads: { readonly specifier: string; readonly kind: "import" | "require" }[] = [];
  const conditions: string[] = [];
  const environmentFiles: string[] = [];
  const given = (nodeOptions ?? "").split(/\s+/).filter((word) => word !== "");
  const own = given.length;
  const words = [...given, ...args];
  let main: string | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (at >= own && NO_MAIN.test(word)) return { preloads, conditions, environmentFiles };
    if (word === "--" || (at >= own && !word.startsWith("-"))) {
      main = word === "--" ? words[at + 1] : word;
      break;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = equals >= 0 ? word.slice(equals + 1) : WITH_VALUE.has(name) ? words[(at += 1)] : undefined;
    if (value === undefined) continue;
    if (name === "-r" || name === "--require") preloads.push({ specifier: toText(value), kind: "require" });
    if (name === "--import") preloads.push({ specifier: toText(value), kind: "import" });
    if (name === "-C" || name === "--conditions") conditions.push(toText(value));
    if (name === "--env-file") environmentFiles.push(value);
  }
  return {
    ...(main === undefined || main === "inspect" || main === fromText("-") ? {} : { main }),
    preloads,
    conditions,
    environmentFiles,
  };
}

/** Is this the name of Node.js? "node", "nodejs", "node22" */
export function isNodeName(name: string): boolean {
  return /^node(?:js)?(?:-?\d+)?$/.test(name);
}

/** The script of package.json that `npm start` and its like run; undefined for another command. */
export function packageScript(argv: readonly string[]): string | undefined {
  const [program = "", ...rest] = argv;
  const manager = program.slice(program.lastIndexOf("/") + 1);
  if (!/^(?:npm|pnpm|yarn)$/.test(manager)) return undefined;
  const [command, name] = rest.filter((word) => !word.startsWith("-"));
  if (command === "run" || command === "run-script") return name;
  if (command === "start" || command === "test") return command;
  // yarn and pnpm take the name of a script for a command.
  return manager === "npm" ? undefined : command;
}
