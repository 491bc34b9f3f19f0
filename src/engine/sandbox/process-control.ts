/**
 * Signals for the first process of a running step. It is the child of the runtime's process, which we know; /proc tells its pid in our
 * own namespace, so no runtime has to be asked.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { errnoOf } from "../../errors.ts";
import { signalNumber } from "../../signals.ts";

const POLL_MS = 10;

/** How a step is asked to end. */
export interface StopRequest {
  /** "SIGTERM", "TERM" or "15". */
  readonly signal: string;
  /** From the signal to SIGKILL. Infinity: never. */
  readonly graceMs: number;
}

/** A step that is being ended; disposing stops to do so. */
export interface Stopping extends Disposable {
  /** The number of the signal, where SIGKILL had to do what it does to any process that has no mind of it. */
  readonly standsFor: number | undefined;
}

/** Sends a signal ("SIGINT") to the first process of the step; false when there is none. */
export function signalStep(runtimePid: number, signal: string): boolean {
  const number = signalNumber(signal);
  const pid = firstProcess(runtimePid);
  return number !== undefined && pid !== undefined && send(pid, number);
}

/**
 * Ends the step: by the signal where its first process has a mind of it, and after the grace by SIGKILL, which the kernel passes on to all of
 * its processes. The first process of a pid namespace does not die of a signal that it does not know, as any other would: it gets SIGKILL at
 * once. Keeps on until disposed, because a runtime may be about to start its process.
 */
export function stopStep(runtimePid: number, { signal, graceMs }: StopRequest): Stopping {
  const deadline = performance.now() + graceMs;
  const number = signalNumber(signal) ?? constants.signals.SIGTERM;
  let asked = false;
  let standsFor: number | undefined;
  const attempt = (): void => {
    const pid = firstProcess(runtimePid);
    const isLate = performance.now() >= deadline;
    if (pid === undefined) {
      // A runtime that hangs before its process exists.
      if (isLate) send(runtimePid, constants.signals.SIGKILL);
      return;
    }
    if (isLate) {
      send(pid, constants.signals.SIGKILL);
    } else if (isStillRuntime(pid, runtimePid)) {
      // It would swallow the signal, and then become a program that never hears of it.
      return;
    } else if (!asked && !minds(pid, number)) {
      standsFor = number;
      send(pid, constants.signals.SIGKILL);
    } else {
      if (!asked) send(pid, number);
      asked = true;
    }
  };
  attempt();
  const timer = setInterval(attempt, POLL_MS);
  return {
    get standsFor() {
      return standsFor;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** "SIGKILL" for 137: how shells and runtimes tell of signals. */
export function signalNameOf(exitCode: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
}

/** Children belong to the thread that started them; a runtime has one only. */
function firstProcess(runtimePid: number): number | undefined {
  const tasks = `/proc/${runtimePid}/task`;
  const children = namesIn(tasks).flatMap((thread) => readIfThere(`${tasks}/${thread}/children`).split(" "));
  const [first] = children.filter((pid) => pid !== "");
  return first === undefined ? undefined : Number(first);
}

/** Not yet the program: crun by its file, runc by the name that it gives itself there, as its file is a copy in memory. */
function isStillRuntime(pid: number, runtimePid: number): boolean {
  if (readIfThere(`/proc/${pid}/comm`).startsWith("runc:[")) return true;
  const [own, runtime] = [pid, runtimePid].map((each) => unlessGone(() => statSync(`/proc/${each}/exe`)));
  return own !== undefined && own.ino === runtime?.ino && own.dev === runtime.dev;
}

/** Has the process a handler for a signal, or waits it for one, or ignores it on purpose? The first of a pid namespace gets no other. */
function minds(pid: number, number: number): boolean {
  return Array.from(readIfThere(`/proc/${pid}/status`).matchAll(/^Sig(?:Cgt|Blk|Ign):\s*([0-9a-f]+)$/gm)).some(
    ([, mask = "0"]) => ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n,
  );
}

function send(pid: number, number: number): boolean {
  try {
    return process.kill(pid, number);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

function readIfThere(path: string): string {
  return unlessGone(() => readFileSync(path, "latin1").trim()) ?? "";
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? [];
}

/** Undefined when the process ended meanwhile. */
function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ESRCH") return undefined;
    throw error;
  }
}
