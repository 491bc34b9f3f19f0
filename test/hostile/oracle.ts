/** Tries cases, and says what is wrong with one: an error that nobody expects, a broken promise, too much time. */
import { readFileSync } from "node:fs";
import { isDecantError } from "../../src/errors.ts";
import { createRandom, type Random } from "../fuzz/random.ts";
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

/** What is wrong with how a target takes a case; undefined when nothing is. */
export async function problemOf(target: Target, input: Buffer, lab: Omit<Lab, "random">, seed: number): Promise<string | undefined> {
  const random: Random = createRandom(seed ^ 0x5eed);
  const start = process.threadCpuUsage();
  try {
    await target.check(Buffer.from(input), { ...lab, random });
  } catch (error) {
    if (isDecantError(error)) {
      if (error.code === "INTERNAL" || !DOCUMENTED.has(error.code)) return `${error.code}: ${error.stack ?? error.message}`;
      if (error.message.length > 20_000) return `a message of ${error.message.length} characters: ${error.message.slice(0, 200)}`;
    } else if (target.expects?.(error) !== true) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const usedMs = process.threadCpuUsage(start).user / 1000;
  const mostMs = BASE_MS + (input.byteLength / 1024) * MS_FOR_EACH_KIB;
  return usedMs > mostMs
    ? `it took ${usedMs.toFixed(0)} ms of CPU time for ${input.byteLength} bytes; at most ${mostMs.toFixed(0)} ms are right`
    : undefined;
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
