/**
 * OCI runtimes: which are here, which works (tried once, remembered for this file and kernel), how they are called, and what their
 * logs say. Cgroups are left alone where nobody asks for them and the runtime can do without.
 */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { Digest } from "../../digest.ts";
import { given } from "../../given.ts";
import { findSystemTool } from "../../sys/index.ts";
import { cgroupManager, type SandboxCgroup } from "./cgroup.ts";
import { runtimeBroken, runtimeMissing } from "./errors.ts";
import type { RuntimeExit } from "./worker-client.ts";

/** A way to run a container. */
export interface Runtime {
  readonly name: "crun" | "runc";
  readonly path: string;
  /** It can show /sys/fs/cgroup to the step. */
  readonly cgroup: boolean;
  /** A cgroup keeps steps from the devices of this machine: the runtime's own, or that of our guard. */
  readonly guarded: boolean;
  /** The compiled seccomp filter in base64, for a runtime that takes it: compiling costs more than all the rest of a step. */
  readonly filter?: string;
}

/** What a trial says. */
export type Trial = { readonly works: true; readonly filter?: string } | { readonly works: false; readonly message: string };

const VERDICTS = "runtime.json";
const MAX_VERDICTS = 8;

/**
 * The runtimes that are here, in each way of running them, best first: any that guards devices comes before all that do not. `canGuard`
 * says of which it may be expected. Throws `RUNTIME_MISSING` when there is none.
 */
export function findRuntimes(
  wanted: "crun" | "runc" | "auto",
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly canGuard: (name: Runtime["name"]) => boolean },
): Runtime[] {
  // Only where version 2 is alone is it one mount; the many of version 1 would cost more than the step.
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const names = wanted === "auto" ? (["crun", "runc"] as const) : [wanted];
  const found = names.flatMap((name): Pick<Runtime, "name" | "path" | "cgroup">[] => {
    const tool = findSystemTool(name, options.env);
    if (tool === undefined) return [];
    return (unified ? [true, false] : [false]).map((cgroup) => ({ name, path: tool, cgroup }));
  });
  if (found.length === 0) throw runtimeMissing(wanted === "auto" ? "crun and no runc" : wanted);
  const guarded = found.filter(({ name }) => options.canGuard(name));
  return [...guarded.map((each) => ({ ...each, guarded: true })), ...found.map((each) => ({ ...each, guarded: false }))];
}

/**
 * The first of `runtimes` that works by `probe`. Remembers it in `stateDir` for this file, kernel and seccomp profile.
 * Throws `RUNTIME` when none works.
 */
export async function chooseRuntime(
  runtimes: readonly Runtime[],
  options: {
    readonly stateDir: string;
    /** Without the helper that an ordinary user needs. */
    readonly isDirect: boolean;
    /** Of the seccomp profile that goes with a runtime. */
    readonly profileOf: (runtime: Runtime) => Digest;
    readonly cgroup?: SandboxCgroup;
    readonly probe: (runtime: Runtime) => Promise<Trial>;
  },
): Promise<Runtime> {
  const known = readVerdicts(options.stateDir);
  const failures: { path: string; message: string }[] = [];
  for (const runtime of runtimes) {
    const key = verdictKey(runtime, options.profileOf(runtime), options);
    let trial = known.get(key);
    if (trial === undefined) {
      trial = await options.probe(runtime);
      // Failures are not remembered: the user may repair what they come from.
      if (trial.works) writeVerdicts(options.stateDir, known.set(key, trial));
    }
    if (trial.works) return { ...runtime, ...given({ filter: trial.filter }) };
    const failure = { path: runtime.path, message: trial.message };
    if (!failures.some(({ path, message }) => path === failure.path && message === failure.message)) failures.push(failure);
  }
  throw runtimeBroken(failures);
}

/** The command line that runs a bundle in the foreground. */
export function runtimeArgv(
  runtime: Runtime,
  options: {
    readonly stateDir: string;
    readonly bundle: string;
    readonly log: string;
    readonly id: string;
    readonly cgroup: SandboxCgroup | undefined;
  },
): string[] {
  const manager = cgroupManager(options.cgroup);
  const settings = runtime.name === "crun" ? [`--cgroup-manager=${manager}`] : manager === "systemd" ? ["--systemd-cgroup"] : [];
  return [
    runtime.path,
    "--root",
    options.stateDir,
    "--log",
    options.log,
    "--log-format",
    "json",
    ...settings,
    "run",
    // Containers may not make keyrings, by the seccomp profile of docker; a step may use none, by ours.
    "--no-new-keyring",
    "--bundle",
    options.bundle,
    options.id,
  ];
}

/** What the runtime says why no program ran, or undefined when one did. `errors`: the start of what came on stderr. */
export function runtimeFailure(runtime: Runtime, exit: RuntimeExit, errors: string): string | undefined {
  if (exit.signal !== undefined) return `it was ended by ${exit.signal}`;
  if (exit.exitCode === 0) return undefined;
  const logged = exit.log.split("\n").flatMap(errorOfLine);
  if (logged.length > 0) return logged.join("; ");
  return execFailure(runtime, errors);
}

/** The last step, execve, fails where there is only the stderr of what would have become the program, and an ordinary exit code. */
function execFailure(runtime: Runtime, errors: string): string | undefined {
  const line = /^([^\n]+)\n$/.exec(errors)?.[1] ?? "";
  const said = runtime.name === "crun" ? (errorOfLine(line)[0] ?? "") : line;
  const isExec = runtime.name === "crun" ? said.startsWith("exec container process ") : /^exec \S+: /.test(said);
  return isExec ? said : undefined;
}

function errorOfLine(line: string): string[] {
  if (line.trim() === "") return [];
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return [line];
  }
  if (typeof entry !== "object" || entry === null || !("level" in entry) || !("msg" in entry)) return [];
  const isError = entry.level === "error" || entry.level === "fatal" || entry.level === "panic";
  return isError && typeof entry.msg === "string" ? [entry.msg] : [];
}

function verdictKey(
  runtime: Runtime,
  profile: Digest,
  { cgroup, isDirect }: { readonly cgroup?: SandboxCgroup; readonly isDirect: boolean },
): string {
  const { size, mtimeMs } = statSync(runtime.path);
  const version = [runtime.path, size, mtimeMs, release(), profile];
  return JSON.stringify([
    ...version,
    runtime.cgroup,
    runtime.guarded,
    ...(cgroup === undefined ? [] : [cgroup]),
    ...(isDirect ? [] : ["helper"]),
  ]);
}

function readVerdicts(stateDir: string): Map<string, Trial> {
  const verdicts = new Map<string, Trial>();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(stateDir, VERDICTS), "utf8"));
  } catch {
    // Absent or damaged: it only saves a trial.
  }
  if (typeof value !== "object" || value === null) return verdicts;
  for (const [key, filter] of Object.entries(value)) {
    if (filter === null) verdicts.set(key, { works: true });
    if (typeof filter === "string") verdicts.set(key, { works: true, filter });
  }
  return verdicts;
}

function writeVerdicts(stateDir: string, verdicts: ReadonlyMap<string, Trial>): void {
  const recent = [...verdicts].slice(-MAX_VERDICTS);
  const value = Object.fromEntries(recent.map(([key, trial]) => [key, trial.works ? (trial.filter ?? null) : null]));
  const temporary = join(stateDir, `${VERDICTS}.${process.pid}.${performance.now()}`);
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
  renameSync(temporary, join(stateDir, VERDICTS));
}
