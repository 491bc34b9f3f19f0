/**
 * The error of a RUN that failed: which step, how it ended, and why where the files of the step tell: shells say "not found" of a script
 * with the line ends of Windows, and of a program whose loader is missing. What a step wrote is looked at, never believed without a file.
 */
import { failingLines } from "../../failing-lines.ts";
import { DecantError, isDecantError } from "../../errors.ts";
import { entryAt, lastPart, processPlace, programPaths, pathFiles, type Starter, startProblem } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { type ExecOp, SCRIPT_FOLDER, type Vertex } from "../../graph/index.ts";
import { displayPath, fromText } from "../../paths.ts";
import { formatPosition } from "../../source.ts";
import { type Entry, hostTree, type Layer, type Tree } from "../../tree/index.ts";
import type { SandboxResult, SandboxStep } from "../sandbox/index.ts";
import { lostFile, startOf } from "./lost-file.ts";
import { loopbackHint } from "./step-network.ts";

/** A step, and the files that it saw when it ended. */
interface FailedStep {
  readonly vertex: Vertex;
  readonly op: ExecOp;
  /** What it started with. */
  readonly tree: Tree;
  readonly layers: readonly Layer[];
  /** The directory with what it changed, in overlayfs form. */
  readonly upper: string;
}

interface Explanation {
  readonly why: string;
  readonly hint: string;
  readonly missing?: string;
}

/** What is said of a program that is there and does not start, by shells, env and kernels. */
const NO_START =
  /not found|no such file|cannot execute|exec format error|bad interpreter|syntax error|illegal option|invalid option|permission denied/i;
/** What programs say of a file that is not where they look. */
const NO_FILE = /no such file|not found|does not exist|can(?:no|')t (?:open|find|access|stat|cd)|ENOENT|no makefile|no rule to make/i;
const MAX_WORDS = 200;
/** The exit code of shells for a program that is there and that the kernel refuses to start. */
const REFUSED = 126;
/** What mknod and debootstrap say. */
const DEVICE_REFUSED = /mknod\b.*Operation not permitted|mounted with noexec or nodev/;
const UNGUARDED_HINT =
  "Here no cgroup keeps steps from the devices of this machine, so they can make harmless ones only (null, zero, tty …): see docs/ci.md, Device files";

const NO_DEVICES_HINT = "Without root, Linux makes no device files: build as root, or leave the device to the container's runtime";
/** What chown, su and apt say where an id is not theirs to use. */
const ID_REFUSED = /(?:chown|chgrp|setgroups|set\w*[ug]id|initgroups)\b.*(?:Invalid argument|Operation not permitted)/i;
const SINGLE_ID_HINT = "The user who builds has one id only, and the step used others: decant doctor says how to get them";

/** The error of a process that ended with another code than 0. */
export async function runFailure(
  result: SandboxResult,
  step: FailedStep & {
    readonly network: Pick<SandboxStep, "network">;
    readonly logFile: string;
    readonly logTail: string;
    readonly log: string;
  },
): Promise<DecantError> {
  const { vertex, op, logFile, logTail, log } = step;
  const { exitCode, oomKilled, signalName } = result;
  const ending = oomKilled ? "it ran out of memory" : signalName === undefined ? `exit code ${exitCode}` : `killed by ${signalName}`;
  const found =
    (await blamedFile(step, [...wordsOf(op), ...wordsIn(logTail)], exitCode === REFUSED ? "refused shell" : "shell")) ??
    windowsHeredoc(vertex, op, logTail) ??
    lostDirectory(vertex, op, logTail);
  const { name, source } = vertex.meta;
  return new DecantError("RUN_FAILED", `${name} failed: ${ending}${found === undefined ? "" : `: ${found.why}`}`, {
    source: source && [source],
    hint: found?.hint ?? refusalHint(result, logTail) ?? loopbackHint(step.network, logTail),
    details: { step: name, exitCode, ...given({ signal: signalName }), logFile, logTail, failingLines: failingLines(log) },
  });
}

/** Why the kernel may have refused a step something that it does not refuse to all. */
function refusalHint({ guarded, ids }: SandboxResult, logTail: string): string | undefined {
  if (ids === "single" && ID_REFUSED.test(logTail)) return SINGLE_ID_HINT;
  if (guarded || !DEVICE_REFUSED.test(logTail)) return undefined;
  return ids === undefined ? UNGUARDED_HINT : NO_DEVICES_HINT;
}

/** The error of a process that could not be started, with the reason where its file tells. */
export async function startFailure(error: unknown, step: FailedStep): Promise<unknown> {
  const program = isDecantError(error, "RUNTIME") ? error.details["program"] : undefined;
  if (!isDecantError(error) || typeof program !== "string") return error;
  const found = await problemOf(step, program, "kernel");
  if (found !== undefined && found.missing === undefined) return startError(error, `it ${found.why}`, found.hint);
  const lost = lostFile(found?.missing ?? fromText(program), step);
  const of = found?.missing === undefined ? "" : `"${found.missing}", which it needs, is `;
  if (lost !== undefined) return startError(error, `${of}${lost.why}`, lost.hint);
  return found === undefined ? error : startError(error, `it ${found.why}`, found.hint);
}

function startError({ code, details }: DecantError, why: string, hint: string): DecantError {
  return new DecantError(code, `Cannot start "${String(details["program"])}": ${why}`, { hint, details });
}

/** A file that the step names, that its output names, too, and that cannot start. */
async function blamedFile(
  step: FailedStep & { readonly logTail: string },
  words: readonly string[],
  by: Starter,
): Promise<Explanation | undefined> {
  if (!NO_START.test(step.logTail)) return undefined;
  const named = new Set(step.logTail.split(/[\s:,;'"`]+/).map(lastPart));
  for (const word of new Set(words)) {
    if (!named.has(lastPart(word))) continue;
    const found = await problemOf(step, word, by);
    if (found !== undefined) return { ...found, why: `"${found.path}" ${found.why}` };
  }
  return undefined;
}

async function problemOf(
  { vertex, op, tree, upper }: FailedStep,
  program: string,
  by: Starter,
): Promise<(Explanation & { readonly path: string }) | undefined> {
  const seen = treeOver(upper, tree);
  const files = pathFiles(seen);
  const place = processPlace({ Env: op.meta.env, WorkingDir: op.meta.cwd });
  const inPath = programPaths(fromText(program), place);
  // A script that a shell is given is looked for in the working directory.
  for (const path of [...inPath, ...programPaths(`./${fromText(program)}`, place)]) {
    const entry = entryAt(files, path);
    if (entry?.kind !== "file") continue;
    try {
      const found = await startProblem(seen, entry, { platform: vertex.platform, by });
      return found === undefined ? undefined : { ...found, path: displayPath(entry.path) };
    } catch (error) {
      // What cannot be read explains nothing; that the step failed is what counts.
      if (!isDecantError(error) || isDecantError(error, "INTERNAL")) throw error;
    }
  }
  return undefined;
}

/** The words of the command: names of programs and scripts are among them. */
function wordsOf({ meta }: ExecOp): readonly string[] {
  return meta.args
    .flatMap((text) => text.split(/[\s;&|()<>"'`=]+/))
    .filter((word) => word !== "")
    .slice(0, MAX_WORDS);
}

/** The words before a colon: of whom a message is. */
function wordsIn(logTail: string): readonly string[] {
  return Array.from(logTail.matchAll(/([^\s:'"`]+)['"`]?:/g), ([, word = ""]) => word).slice(-MAX_WORDS);
}

/** A heredoc of a Dockerfile with the line ends of Windows: only the lines of instructions lose their CR. */
function windowsHeredoc(vertex: Vertex, { meta, mounts }: ExecOp, logTail: string): Explanation | undefined {
  if (!NO_START.test(logTail) && !NO_FILE.test(logTail)) return undefined;
  const pipes = mounts.find(({ dest, type }) => dest === SCRIPT_FOLDER && type === "bind");
  const source = pipes?.type === "bind" ? vertex.inputs[pipes.input]?.op : undefined;
  const scripts = source?.kind === "file" ? source.actions.map((action) => (action.kind === "mkfile" ? action.data : "")) : [];
  if (![...meta.args, ...scripts].some((text) => text.includes("\r\n"))) return undefined;
  return {
    why: "its heredoc has the line ends of Windows (CR LF), and each CR becomes part of a word or of the interpreter's name",
    hint: `Convert the Dockerfile, with sed -i 's/\\r$//', or for good with "Dockerfile text eol=lf" in .gitattributes`,
  };
}

/** An earlier `RUN cd DIRECTORY`, whose effect ended with it. */
function lostDirectory(vertex: Vertex, { meta }: ExecOp, logTail: string): Explanation | undefined {
  if (!NO_FILE.test(logTail)) return undefined;
  for (let below = startOf(vertex); below !== undefined; below = startOf(below)) {
    if (below.op.kind !== "exec") continue;
    if (below.op.meta.cwd !== meta.cwd) return undefined;
    const directory = /(?:^|&&|;)\s*cd\s+("[^"]+"|'[^']+'|[^\s;&|"']+)\s*;?\s*$/.exec(below.op.meta.args.at(-1) ?? "")?.[1];
    if (directory === undefined) continue;
    const place = below.meta.source === undefined ? "an earlier RUN" : `the RUN at ${formatPosition(below.meta.source)}`;
    return {
      why: `it ran in "${meta.cwd}", because the "cd ${directory}" of ${place} lasted for that step only`,
      hint: `Write WORKDIR ${directory} in its place`,
    };
  }
  return undefined;
}

/** The files of a step while it ran: what it changed lies over what it started with. */
function treeOver(upper: string, lower: Tree): Tree {
  const changes = hostTree(upper);
  const change = (entry: Entry): boolean => changes.lookup(entry.path)?.kind === entry.kind;
  return {
    lookup(path) {
      const entry = changes.lookup(path);
      if (entry === undefined) return lower.lookup(path);
      // How overlayfs marks what was removed.
      return entry.kind === "char" && entry.major === 0 && entry.minor === 0 ? undefined : entry;
    },
    readdir: (path) => lower.readdir(path),
    data: (entry) => (change(entry) ? changes : lower).data(entry),
    digest: (entry) => (change(entry) ? changes : lower).digest(entry),
    linkGroup: (entry) => (change(entry) ? changes : lower).linkGroup(entry),
  };
}
