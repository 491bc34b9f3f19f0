/**
 * Signals for the first process of a running step. It is the child of the runtime's process, which we know; /proc tells its pid in our
 * own namespace, so no runtime has to be asked.
 */
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { errnoOf } from "../../errors.ts";

const POLL_MS = 10;
const GRACE_MS = 3000;

/** Sends a signal ("SIGINT") to the first process of the step; false when there is none. */
export function signalStep(runtimePid: number, signal: string): boolean {
  const number = signalNumber(signal);
  const pid = firstProcess(runtimePid);
  return number !== undefined && pid !== undefined && send(pid, number);
}

/**
 * Ends the step: `stopSignal` where its first process listens to it, otherwise, and 3 s later, SIGKILL, which the kernel passes on to
 * all of its processes. Keeps on until disposed, because a runtime may be about to start its process.
 */
export function stopStep(runtimePid: number, stopSignal: string): Disposable {
  const deadline = Date.now() + GRACE_MS;
  let asked = false;
  const attempt = (): void => {
    const pid = firstProcess(runtimePid);
    if (pid === undefined) {
      // A runtime that hangs before its process exists.
      if (Date.now() >= deadline) send(runtimePid, constants.signals.SIGKILL);
      return;
    }
    const number = signalNumber(stopSignal) ?? constants.signals.SIGTERM;
    if (Date.now() < deadline && listensTo(pid, number)) {
      if (!asked) send(pid, number);
      asked = true;
    } else {
      send(pid, constants.signals.SIGKILL);
    }
  };
  attempt();
  const timer = setInterval(attempt, POLL_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** "SIGKILL" for 137: how shells and runtimes tell of signals. */
export function signalNameOf(exitCode: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
}

/** "SIGTERM", "TERM" or "15". */
function signalNumber(signal: string): number | undefined {
  if (/^\d+$/.test(signal)) return Number(signal);
  const name = signal.toUpperCase();
  return Object.entries(constants.signals).find(([known]) => known === name || known === `SIG${name}`)?.[1];
}

/** Children belong to the thread that started them; a runtime has one only. */
function firstProcess(runtimePid: number): number | undefined {
  const tasks = `/proc/${runtimePid}/task`;
  const children = namesIn(tasks).flatMap((thread) => readIfThere(`${tasks}/${thread}/children`).split(" "));
  const [first] = children.filter((pid) => pid !== "");
  return first === undefined ? undefined : Number(first);
}

/** The first process of a pid namespace gets only the signals that it has a handler for. */
function listensTo(pid: number, number: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? "0";
  return ((BigInt(`0x${caught}`) >> BigInt(number - 1)) & 1n) === 1n;
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
