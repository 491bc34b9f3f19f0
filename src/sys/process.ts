/**
 * Child processes: the only place that starts one. Output comes as byte streams, an abort ends the process, and `exit` settles after
 * it is gone. Programs are started directly, never by a shell.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bytesOf, type ByteStream, collect } from "../bytes.ts";
import { DecantError, errnoOf, usageError } from "../errors.ts";

/** Where an output goes: to us as a stream (the default), nowhere, to our own output of the same kind, or to an open file descriptor. */
type OutputTarget = "pipe" | "ignore" | "inherit" | number;

/** What `startProcess` needs. */
export interface ProcessOptions {
  /** The program (searched for on PATH of `env` when it has no slash) and its arguments. */
  readonly argv: readonly string[];
  /** The whole environment of the child. Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** What it reads on its standard input. A child that does not read all of it is fine. */
  readonly input?: ByteStream | Uint8Array | string | undefined;
  readonly stdio?:
    | {
        /** Used when there is no `input`. Default "ignore": an empty input. */
        readonly stdin?: "ignore" | "inherit" | number;
        readonly stdout?: OutputTarget;
        readonly stderr?: OutputTarget;
        /** Open file descriptors that become 3, 4, … in the child. */
        readonly extra?: readonly number[];
      }
    | undefined;
  /** In a session and process group of its own: the terminal's Ctrl-C does not reach it, and `kill` reaches all of the group. */
  readonly ownGroup?: boolean | undefined;
  /** Ends the process: `killSignal`, then SIGKILL after `graceMs`. Once it is gone, `exit` and unread output reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default SIGTERM. */
  readonly killSignal?: NodeJS.Signals | undefined;
  /** Milliseconds from `killSignal` to SIGKILL. Default 5000. */
  readonly graceMs?: number | undefined;
}

/** How a process ended: by itself, or by a signal ("SIGKILL"). */
interface ProcessExit {
  readonly exitCode?: number;
  readonly signal?: NodeJS.Signals | undefined;
}

/** A child that runs. */
export interface RunningProcess {
  /** Absent when it could not be started; `exit` then rejects. */
  readonly pid: number | undefined;
  /** Empty unless its target is "pipe". A full pipe stops the child: read it, or ignore it by its target. */
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  /**
   * Settles when the process has ended; its output may still have bytes to read. Rejects with `NOT_FOUND` when there is no such
   * program, `SYSCALL` when it cannot be started, the error of `input`, or the reason of `signal`. Never an unhandled rejection.
   */
  readonly exit: Promise<ProcessExit>;
  /** Sends a signal; false when the process is gone. */
  kill(signal?: NodeJS.Signals): boolean;
}

const GRACE_MS = 5000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Starts a program. Failures to start come by `exit`. */
export function startProcess(options: ProcessOptions): RunningProcess {
  const [program, ...args] = options.argv;
  if (program === undefined || program === "") throw usageError("Cannot start a process: argv is empty; its first part is the program");
  options.signal?.throwIfAborted();
  const { stdio = {}, ownGroup = false } = options;
  const child = spawn(program, args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: [
      options.input === undefined ? (stdio.stdin ?? "ignore") : "pipe",
      stdio.stdout ?? "pipe",
      stdio.stderr ?? "pipe",
      ...(stdio.extra ?? []),
    ],
    detached: ownGroup,
  });
  const kill = (signal: NodeJS.Signals = "SIGTERM"): boolean => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    if (!ownGroup) return child.kill(signal);
    try {
      return process.kill(-child.pid, signal);
    } catch (error) {
      if (errnoOf(error) === "ESRCH") return false;
      throw error;
    }
  };
  // Node throws unread output away when the process ends, unless somebody listens for it.
  for (const output of [child.stdout, child.stderr]) output?.on("readable", () => {});
  const exit = ended(child, program, options, kill);
  // Whoever reads the output first and awaits `exit` later must not be killed by an unhandled rejection in between.
  exit.catch(() => {});
  return { pid: child.pid, stdout: child.stdout ?? bytesOf(""), stderr: child.stderr ?? bytesOf(""), exit, kill };
}

async function ended(
  child: ChildProcess,
  program: string,
  options: ProcessOptions,
  kill: (signal: NodeJS.Signals) => boolean,
): Promise<ProcessExit> {
  const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>();
  child.once("error", (cause) => reject(startError(program, options.cwd, cause)));
  child.once("exit", (code, signal) => resolve(signal === null ? { exitCode: code ?? 0 } : { signal }));
  let sigkill: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    if (kill(options.killSignal ?? "SIGTERM")) sigkill = setTimeout(() => kill("SIGKILL"), options.graceMs ?? GRACE_MS);
  };
  options.signal?.addEventListener("abort", onAbort, { once: true });
  let inputFailure: { readonly error: unknown } | undefined;
  if (options.input !== undefined) {
    void feed(child, options.input).catch((error: unknown) => {
      inputFailure = { error };
      kill("SIGKILL");
    });
  }
  try {
    const result = await promise;
    if (options.signal?.aborted === true) {
      // Grandchildren may hold the pipes open for ever.
      const reason: unknown = options.signal.reason;
      for (const output of [child.stdout, child.stderr]) {
        output?.on("error", () => {});
        output?.destroy(reason instanceof Error ? reason : new Error(String(reason)));
      }
      throw reason;
    }
    if (inputFailure !== undefined) throw inputFailure.error;
    return result;
  } finally {
    clearTimeout(sigkill);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** A child that closes its input early, or dies, is not an error of the input: its exit says what happened. */
async function feed(child: ChildProcess, input: ByteStream | Uint8Array | string): Promise<void> {
  if (child.stdin === null) return;
  const source = typeof input === "string" || input instanceof Uint8Array ? bytesOf(input) : input;
  try {
    await pipeline(Readable.from(source, { objectMode: false }), child.stdin);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE" && code !== "ECONNRESET") throw error;
  }
}

function startError(program: string, cwd: string | undefined, cause: Error): DecantError {
  const errno = errnoOf(cause) ?? "unknown";
  if (errno !== "ENOENT") {
    return new DecantError("SYSCALL", `Cannot start "${program}": ${errno}`, { cause, details: { errno, program } });
  }
  // The kernel says ENOENT for a missing working directory as well.
  const where = cwd === undefined ? "" : ` or no directory "${cwd}"`;
  return new DecantError("NOT_FOUND", `Cannot start "${program}": there is no such program${where}`, {
    cause,
    details: { errno, program },
  });
}

/** What `runProcess` gives. */
export interface ProcessResult {
  /** As a shell says it: 128 + the signal's number for a process that a signal ended. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Options of `runProcess`. */
interface RunProcessOptions extends Omit<ProcessOptions, "stdio"> {
  /** Bound for each of stdout and stderr. Default 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /** Open file descriptors that become 3, 4, … in the child. */
  readonly extra?: readonly number[] | undefined;
}

/**
 * Runs a program to its end and collects its output. A non-zero exit code is a result, not an error.
 * Throws what `RunningProcess.exit` says, and `BLOB_SIZE` for more output than `maxOutputBytes`.
 */
export async function runProcess(options: RunProcessOptions): Promise<ProcessResult> {
  const { maxOutputBytes = MAX_OUTPUT_BYTES, extra, ...rest } = options;
  const child = startProcess({ ...rest, ...(extra === undefined ? {} : { stdio: { extra } }) });
  const read = async (stream: ByteStream): Promise<Buffer> => {
    try {
      return await collect(stream, maxOutputBytes, `the output of "${rest.argv[0]}"`);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  };
  const [exit, stdout, stderr] = await Promise.allSettled([child.exit, read(child.stdout), read(child.stderr)]);
  // The reason of an abort comes before the cut pipes that it causes.
  if (exit.status === "rejected") throw exit.reason;
  if (stdout.status === "rejected") throw stdout.reason;
  if (stderr.status === "rejected") throw stderr.reason;
  const { exitCode, signal } = exit.value;
  return { exitCode: exitCode ?? 128 + signalNumber(signal), stdout: stdout.value, stderr: stderr.value };
}

function signalNumber(signal: NodeJS.Signals | undefined): number {
  return signal === undefined ? 0 : osConstants.signals[signal];
}

/** Where programs of a system are: for who has no PATH, as for shells, and for services whose PATH lacks some. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The path of a program by the PATH of `env` (default: ours), or undefined. A name with a slash is looked at as it is. */
export function findTool(name: string, env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  for (const folder of (env["PATH"] ?? USUAL_PATH).split(delimiter)) {
    // An empty part means the working directory, which may be the user's hostile context.
    if (folder === "") continue;
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

/** The same, and then in the folders of the system: for programs that are part of it. */
export function findSystemTool(name: string, env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  return findTool(name, { PATH: `${env["PATH"] ?? ""}:${USUAL_PATH}` });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
