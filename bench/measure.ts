/** Times a command as a whole process tree, or samples its memory: never both in one run, because sampling takes time on two cores. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** One run. */
export interface Measurement {
  readonly seconds: number;
  /** Peak of the sum over the command and all its descendants, sampled every 25 ms; 0 when memory was not asked for. */
  readonly peakBytes: number;
  /** The end of what it printed. */
  readonly output: string;
}

/** A command to time. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const SAMPLE_MS = 25;
const PAGE_BYTES = 4096;

/** Runs it to its end. Throws with what it printed when it fails. */
export async function measure({ argv, env = {} }: Command, options: { readonly memory?: boolean } = {}): Promise<Measurement> {
  const [program = "", ...args] = argv;
  const started = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  let peakBytes = 0;
  const sampler =
    options.memory === true ? setInterval(() => (peakBytes = Math.max(peakBytes, treeBytes(child.pid ?? 0))), SAMPLE_MS) : undefined;
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(sampler);
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}\n${output}`);
  return { seconds: (performance.now() - started) / 1000, peakBytes, output };
}

/** Resident bytes of a process and all its descendants. */
export function treeBytes(root: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(field(`/proc/${pid}/stat`, (text) => text.slice(text.lastIndexOf(")") + 2).split(" ")[1]));
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  let sum = 0;
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    sum += Number(field(`/proc/${pid}/statm`, (text) => text.split(" ")[1])) * PAGE_BYTES;
    queue.push(...(children.get(pid) ?? []));
  }
  return sum;
}

function field(path: string, pick: (text: string) => string | undefined): string {
  try {
    return pick(readFileSync(path, "utf8")) ?? "0";
  } catch {
    // The process ended meanwhile.
    return "0";
  }
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return sorted.length % 2 === 1 ? middle : (middle + (sorted[sorted.length / 2 - 1] ?? 0)) / 2;
}
