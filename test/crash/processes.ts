/** Commands of the harness: started, and killed at an instant, or with a system call that fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { DECANT } from "../support/command.ts";
import type { Action } from "./actions.ts";

/** A system call that fails once or from a time on; strace(1) does it, for all threads and children. */
export interface Fault {
  readonly call: string;
  readonly error: "ENOSPC" | "EIO" | "EPERM" | "EOPNOTSUPP";
  /** The first call of a thread that fails, from 1. */
  readonly when: number;
  /** Also all later ones. */
  readonly isLasting: boolean;
}

/** How a command ended. */
export interface Outcome extends Action {
  readonly wasKilled: boolean;
  /** It had to be ended. */
  readonly hung: boolean;
  readonly code: number | null;
  readonly signal: string | null;
  readonly text: string;
  readonly ms: number;
}

/** Long enough for the slowest command on a busy machine. */
const HANGS_MS = 60_000;

/** Runs one. `killAfterMs`: then it gets SIGKILL, if it still runs. `under`: a command that starts it. */
export async function runAction(
  action: Action,
  env: Readonly<Record<string, string | undefined>>,
  how: {
    readonly killAfterMs?: number | undefined;
    readonly fault?: Fault | undefined;
    readonly under?: readonly string[] | undefined;
  } = {},
): Promise<Outcome> {
  const started = performance.now();
  const [program = DECANT, ...args] = [
    ...(how.under ?? []),
    ...(how.fault === undefined ? [] : straceArgs(how.fault)),
    DECANT,
    ...action.args,
  ];
  // With a group of its own: what strace(1) traces outlives it.
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  let wasKilled = false;
  const kill = (): void => {
    wasKilled = child.exitCode === null && child.kill("SIGKILL");
  };
  const timer = how.killAfterMs === undefined ? undefined : setTimeout(kill, how.killAfterMs);
  let hung = false;
  const guard = setTimeout(() => {
    hung = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, HANGS_MS);
  const [code, signal] = await ending(child);
  for (const each of [timer, guard]) clearTimeout(each);
  return { ...action, wasKilled: wasKilled && signal === "SIGKILL", hung, code, signal, text, ms: performance.now() - started };
}

/** The exit code or signal of a process, once its last words are read. What a killed one started may hold its pipes open: they are not waited for. */
export async function ending(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  const closed = once(child, "close");
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  if (code !== null) await closed;
  return [code, signal];
}

function straceArgs({ call, error, when, isLasting }: Fault): string[] {
  const inject = `inject=${call}:error=${error}:when=${when}${isLasting ? "+" : ""}`;
  return ["strace", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", inject];
}

/** What is wrong with how a command ended; undefined: nothing. `mayFail`: something was in its way. */
export function complaint({ kind, args, code, signal, wasKilled, hung, text }: Outcome, mayFail: boolean): string | undefined {
  const told = `decant ${args.join(" ")}\n${text.trim()}`;
  if (hung) return `it hangs (${kind}): ${told}`;
  if (/bug in Decant|^\s+at .*[.](?:ts|js):\d/m.test(text)) return `an internal error (${kind}): ${told}`;
  if (wasKilled || code === 0) return undefined;
  if (code === null) return `it ended by ${signal} (${kind}): ${told}`;
  if (!/ERROR: /.test(text)) return `it failed with ${code} and no message (${kind}): ${told}`;
  return mayFail ? undefined : `it failed with ${code} (${kind}): ${told}`;
}
