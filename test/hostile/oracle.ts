/** Tries cases, and says what is wrong with one: an error that nobody expects, a broken promise, too much time. */
import { readFileSync } from "node:fs";
import { isDecantError } from "../../src/errors.ts";
import { createRandom } from "../fuzz/random.ts";
import { mutated } from "./mutate.ts";
import type { Lab, Target } from "./types.ts";

/** CPU time that any case may take, and more for each KiB; what is not linear needs more for the longest cases. */
const BASE_MS = 1500;
const MS_FOR_EACH_KIB = 20;
const MAX_SHRINK_MS = 3000;

const DOCUMENTED = new Set(
  readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")
    .match(/^#+ [A-Z_]+$/gm)
    ?.map((line) => line.replace(/^#+ /, "")),
);

/** The case of a number: the same bytes whenever it is asked for with the same corpus. */
export function caseOf(target: Target, corpus: readonly Uint8Array[], seed: number): Buffer {
  const random = createRandom(seed);
  const [first, ...others] = corpus;
  const given = first !== undefined && random.chance(0.2) ? random.pick([first, ...others]) : target.generate(random);
  return random.chance(0.5) ? mutated(given, corpus, random) : Buffer.from(given);
}

/** A busy processor, or code that V8 compiles, may make one try slow: what is not linear is slow each time. */
const TRIES = 3;

/** What is wrong with how a target takes a case; undefined when nothing is. */
export async function problemOf(target: Target, input: Buffer, lab: Omit<Lab, "random">, seed: number): Promise<string | undefined> {
  const mostMs = BASE_MS + (input.byteLength / 1024) * MS_FOR_EACH_KIB;
  let leastMs = Infinity;
  for (let tries = 0; tries < TRIES && leastMs > mostMs; tries += 1) {
    const start = process.threadCpuUsage();
    const wrong = await errorOf(target, input, { ...lab, random: createRandom(seed ^ 0x5eed) });
    if (wrong !== undefined) return wrong;
    leastMs = Math.min(leastMs, process.threadCpuUsage(start).user / 1000);
  }
  return leastMs > mostMs
    ? `it took ${leastMs.toFixed(0)} ms of CPU time for ${input.byteLength} bytes; at most ${mostMs.toFixed(0)} ms are right`
    : undefined;
}

/** An error that nobody expects, as text. */
async function errorOf(target: Target, input: Buffer, lab: Lab): Promise<string | undefined> {
  try {
    await target.check(Buffer.from(input), lab);
  } catch (error) {
    if (isDecantError(error)) {
      if (error.code === "INTERNAL" || !DOCUMENTED.has(error.code)) return `${error.code}: ${error.stack ?? error.message}`;
      if (error.message.length > 20_000) return `a message of ${error.message.length} characters: ${error.message.slice(0, 200)}`;
    } else if (target.expects?.(error) !== true) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return undefined;
}

/** Takes bytes away while the same problem stays. */
export async function shrunk(target: Target, input: Buffer, problem: string, lab: Omit<Lab, "random">, seed: number): Promise<Buffer> {
  let least = input;
  const endMs = performance.now() + MAX_SHRINK_MS;
  const mayGoOn = (): boolean => performance.now() < endMs;
  for (let size = Math.ceil(least.byteLength / 2); size > 0 && mayGoOn(); size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.byteLength && mayGoOn();) {
      const candidate = Buffer.concat([least.subarray(0, at), least.subarray(at + size)]);
      const still = await problemOf(target, candidate, lab, seed);
      if (still !== undefined && kindOf(still) === kindOf(problem)) least = candidate;
      else at += size;
    }
  }
  return least;
}

/** The same fault gives the same kind: where it was thrown, without the numbers of the case. */
export function kindOf(problem: string): string {
  const place = problem.split("\n").find((line) => line.includes("    at ") && line.includes("/src/"));
  return place?.trim() ?? problem.split("\n")[0]?.replaceAll(/\d+/g, "N") ?? "";
}
