/** What starting a program comes to: the file that a name leads to, and for a script its interpreter, as the runtime and Linux do it. */
import { type ElfMachine, isForMachine, machineName } from "../../elf/index.ts";
import {
  entryAt,
  envCommand,
  HEAD_BYTES,
  isProgram,
  lastPart,
  parseScriptLine,
  type ProcessPlace,
  programPaths,
} from "../../facts/index.ts";
import { given } from "../../given.ts";
import { toText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { elfFiles } from "./elf-files.ts";
import { similarPath } from "./similar-path.ts";
import type { ClosureRoot } from "./close.ts";

/** Where processes start in. */
export interface ExecPlace extends ProcessPlace {
  readonly files: AuditFiles;
  readonly machine: ElfMachine;
}

/** A file on the way from the name to the program that runs. */
interface ExecStep {
  /** Absolute, as it is opened. */
  readonly path: string;
  readonly entry: Entry;
}

/** Why nothing runs. */
export interface ExecProblem {
  readonly kind:
    | "missing"
    | "not-executable"
    | "format"
    | "architecture"
    | "damaged"
    | "script-interpreter"
    | "script-carriage-return"
    | "script-line";
  /** What could not be started: as written, or absolute where it was found. */
  readonly name: string;
  /** For messages: "it is a directory". */
  readonly why: string;
  /** Another path of the image that may have been meant. */
  readonly similar?: string;
}

/** What comes of it. `steps`: the script, its interpreter, and so on. `program`: the ELF file that runs at the end. */
export interface ExecResult {
  readonly steps: readonly ExecStep[];
  readonly program?: ClosureRoot;
  /** The arguments of the program at the end, without its name. */
  readonly args: readonly string[];
  readonly problem?: ExecProblem;
}

/** How deep Linux follows interpreters that are scripts. */
const MAX_DEPTH = 5;
const FORMATS: readonly (readonly [magic: string, name: string])[] = [
  ["MZ", "it is a program for Windows"],
  ["\xcf\xfa\xed\xfe", "it is a program for macOS"],
  ["\xca\xfe\xba\xbe", "it is a Java class or a program for macOS"],
  ["PK\x03\x04", "it is a zip or jar archive"],
  ["\x1f\x8b", "it is compressed with gzip"],
];

/** Starts `argv` on paper. Names and arguments in the form of paths. */
export async function exec(place: ExecPlace, argv: readonly string[]): Promise<ExecResult> {
  const steps: ExecStep[] = [];
  let current = argv;
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    const [name = "", ...args] = current;
    const found = locate(place, name);
    if ("problem" in found) return { steps, args, problem: depth === 0 ? found.problem : asInterpreter(steps, found.problem) };
    steps.push(found);
    const next = await look(place, found, args);
    if (next.kind === "done") return { steps, args, ...next.result };
    current = next.argv;
  }
  const first = steps[0]?.path ?? "";
  return {
    steps,
    args: [],
    problem: { kind: "script-line", name: first, why: `its interpreters are scripts themselves, more than ${MAX_DEPTH} deep` },
  };
}

type Look =
  | { readonly kind: "done"; readonly result: Pick<ExecResult, "program" | "problem"> }
  | { readonly kind: "next"; readonly argv: readonly string[] };

async function look({ files, machine }: ExecPlace, { path, entry }: ExecStep, args: readonly string[]): Promise<Look> {
  const done = (kind: ExecProblem["kind"], why: string): Look => ({ kind: "done", result: { problem: { kind, name: path, why } } });
  const head = await elfFiles(files).head(entry);
  if (head.kind === "damaged") return done("damaged", head.problem);
  if (head.kind === "elf") {
    const { elf } = head;
    if (!isForMachine(elf, machine)) return done("architecture", `it is for ${machineName(elf)}`);
    if (elf.type !== "executable" && elf.type !== "shared") return done("format", "it is an object file that was not linked");
    return { kind: "done", result: { program: { path, entry, elf } } };
  }
  const bytes = await files.bytes(entry, HEAD_BYTES);
  const line = parseScriptLine(bytes);
  if (line.kind === "unusable") return done("script-line", line.why);
  if (line.kind === "none") {
    const text = Buffer.from(bytes).toString("latin1");
    const format = FORMATS.find(([magic]) => text.startsWith(magic))?.[1];
    return done("format", entry.size === 0 ? "it is empty" : (format ?? 'it is neither an ELF file nor a script that starts with "#!"'));
  }
  if (line.interpreter.endsWith("\r") || line.argument?.endsWith("\r") === true) {
    return done("script-carriage-return", "its first line ends with a carriage return, which becomes part of the name of its interpreter");
  }
  const given = line.argument === undefined ? [] : [line.argument];
  if (lastPart(line.interpreter) !== "env") return { kind: "next", argv: [line.interpreter, ...given, path, ...args] };
  const command = envCommand(line.argument);
  // `env` itself must be there too; what it starts is what counts.
  if (entryAt(files, line.interpreter) === undefined || command.length === 0)
    return { kind: "next", argv: [line.interpreter, ...given, path, ...args] };
  return { kind: "next", argv: [...command, path, ...args] };
}

function asInterpreter(steps: readonly ExecStep[], problem: ExecProblem): ExecProblem {
  if (problem.kind !== "missing" && problem.kind !== "not-executable") return problem;
  const script = steps.at(-1)?.path ?? "";
  const spaces = problem.name.includes(" ") ? "; only env -S splits words" : "";
  return {
    ...problem,
    kind: "script-interpreter",
    name: script,
    why: `its interpreter "${toText(problem.name)}" ${problem.kind === "missing" ? "is not in the image" : problem.why}${spaces}`,
  };
}

/** Finds the file of a name: by path, or in PATH, where files that may not be executed are passed over. */
function locate(place: ExecPlace, name: string): ExecStep | { readonly problem: ExecProblem } {
  const { files, searchPath } = place;
  const paths = programPaths(name, place);
  let refused: ExecProblem | undefined;
  for (const path of paths) {
    const entry = entryAt(files, path);
    if (entry === undefined) continue;
    if (isProgram(entry)) return { path, entry };
    const why =
      entry.kind === "dir" ? "it is a directory" : entry.kind === "file" ? "its mode has no execute bit" : `it is a ${entry.kind}`;
    refused ??= { kind: "not-executable", name: path, why };
  }
  // A directory of PATH may well have a folder of that name.
  if (refused !== undefined && (name.includes("/") || entryAt(files, refused.name)?.kind === "file")) return { problem: refused };
  const similar = similarPath(files, paths);
  const why = name.includes("/")
    ? "it is not in the image"
    : `it is in none of the directories of PATH (${searchPath.map(toText).join(":")})`;
  return { problem: { kind: "missing", name, why, ...given({ similar }) } };
}
