/**
 * npm run test:fuzz [-- --seconds N --seed S --only NAME,… --count N]: hostile input for everything that reads what strangers wrote. Each target runs
 * in a process of its own, so that a crash, a hang and too much memory are found as well. See README.md.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { TARGETS } from "./targets/index.ts";
import type { WorkerInput, WorkerResult } from "./worker-types.ts";

/** Wall time; a case is measured by CPU time, too, and a busy machine must not fail the run. */
const HANG_MS = 30_000;
const HEAP_MB = 512;
const MAX_RESIDENT_KIB = 1536 * 1024;
const POLL_MS = 200;
const AT_ONCE = 2;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(randomInt(2 ** 30)) },
    only: { type: "string" },
    count: { type: "string", default: "Infinity" },
  },
});
const names = values.only?.split(",") ?? TARGETS;
const [seed, seconds, count] = [Number(values.seed), (Number(values.seconds) * AT_ONCE) / names.length, Number(values.count)];
if (![seed, seconds].every(Number.isFinite) || Number.isNaN(count)) throw new Error("--seconds, --seed and --count are numbers");
for (const name of names) if (!TARGETS.includes(name)) throw new Error(`there is no target "${name}"; there are ${TARGETS.join(", ")}`);

const root = mkdtempSync(join(tmpdir(), "decant-hostile-"));
console.log(`seed ${seed}, ${seconds.toFixed(1)} s for each of ${names.length} targets; faults are kept in ${root}`);
const waiting = [...names];
let total = 0;
let faults = 0;
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`${total} cases, ${faults} faults`);
if (faults === 0) rmSync(root, { recursive: true, force: true });
process.exit(faults === 0 ? 0 : 1);

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const result = await tried(name);
    total += result.cases;
    faults += result.faults.length;
    const rate = (seconds: number): number => Math.round(result.cases / Math.max(seconds, 0.001));
    const rates = `${rate(result.seconds)} a second, ${rate(result.cpuSeconds)} a second of the processor`;
    console.log(`${result.faults.length === 0 ? "✔" : "✖"} ${name}: ${result.cases} cases, ${rates}`);
    for (const fault of result.faults) console.log(`  seed ${fault.seed}, ${fault.file}\n  ${fault.problem.replaceAll("\n", "\n  ")}`);
  }
}

async function tried(name: string): Promise<WorkerResult> {
  const folder = join(root, name);
  mkdirSync(folder);
  const input: WorkerInput = { name, seed, seconds, count: Number.isFinite(count) ? count : Number.MAX_SAFE_INTEGER, folder };
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, join(import.meta.dirname, "work.ts"), JSON.stringify(input)], {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const ended = new Promise<string>((resolve) => child.on("close", (code, signal) => resolve(signal ?? String(code))));
  const watching = new AbortController();
  const stopped = watch(child.pid ?? 0, folder, watching.signal);
  const end = await ended;
  watching.abort();
  const why = await stopped;
  if (end === "0") return JSON.parse(readFileSync(join(folder, "result"), "utf8")) as WorkerResult;
  const at = caseAt(folder) ?? seed;
  return {
    cases: at - seed,
    seconds,
    cpuSeconds: seconds,
    faults: [{ seed: at, problem: why ?? `the process ended with ${end}\n${said}`, file: "(see the seed)" }],
  };
}

/** Ends the process when one case takes too long, or too much memory; says why. */
async function watch(pid: number, folder: string, signal: AbortSignal): Promise<string | undefined> {
  let last: number | undefined;
  let sinceMs = performance.now();
  while (!signal.aborted) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    const at = caseAt(folder);
    if (at !== last) [last, sinceMs] = [at, performance.now()];
    const resident = residentKib(pid);
    const why =
      performance.now() - sinceMs > HANG_MS
        ? `no end after ${HANG_MS / 1000} s`
        : resident > MAX_RESIDENT_KIB
          ? `${resident} KiB of memory`
          : undefined;
    if (why === undefined || signal.aborted) continue;
    process.kill(pid, "SIGKILL");
    return why;
  }
  return undefined;
}

function caseAt(folder: string): number | undefined {
  try {
    return readFileSync(join(folder, "progress")).readDoubleLE();
  } catch {
    return undefined;
  }
}

function residentKib(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
