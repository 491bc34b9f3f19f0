/**
 * npm run fuzz:parser -- [--seed N] [--count N]: throws hostile texts at everything that reads a Dockerfile or an ignore file. Nothing may throw
 * what is no mistake of the text, hang, or take more than linear time. A failure prints its seed; the case itself is shrunk by fast-check.
 */
import { randomInt } from "node:crypto";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { createIgnoreMatcher, outlineOf, parseDockerfile, parseIgnore, planDockerfile, runChecks } from "../src/dockerfile/index.ts";
import { isDecantError } from "../src/errors.ts";
import { treePath } from "../src/paths.ts";
import { DOCKERFILE_PIECES } from "../test/support/dockerfile-pieces.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;
/** A text of a few kilobytes takes milliseconds; a machine with other work on it must not fail the run. */
const HANG_MS = 30_000;
const REPEATS = 200;
const GROWTH = 16;
/** What is linear takes 16 times as long, what is quadratic 256 times; below so many milliseconds the clock says little. */
const MAX_RATIO = 64;
const MEASURABLE_MS = 300;

const text = fc.oneof(
  fc.array(fc.constantFrom(...DOCKERFILE_PIECES), { maxLength: 60 }).map((parts) => parts.join("")),
  fc
    .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...DOCKERFILE_PIECES) }, fc.string({ unit: "binary", maxLength: 12 })), {
      maxLength: 60,
    })
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 400 }),
);
const input = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 400 }),
  text.map((value) => Buffer.from(value).map((byte, at) => (at % 17 === 3 ? byte ^ 0x20 : byte))),
);

if (isMainThread) await main();
else work();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: "string", default: String(randomInt(1_000_000)) }, count: { type: "string", default: "2000" } },
  });
  const [seed, count] = [Number(values.seed), Number(values.count)];
  console.log(`seed ${seed}, ${count} texts, then ${DOCKERFILE_PIECES.length} fragments repeated`);
  const worker = new Worker(new URL(import.meta.url), { workerData: { seed, count } });
  let doing = "the first text";
  let timer = setTimeout(hung, HANG_MS);
  function hung(): void {
    console.error(`✖ seed ${seed}: no end after ${HANG_MS / 1000} s of ${doing}`);
    process.exit(1);
  }
  worker.on("message", (now: string) => {
    doing = now;
    clearTimeout(timer);
    timer = setTimeout(hung, HANG_MS);
  });
  await new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
  clearTimeout(timer);
  console.log("ok");
}

function work(): void {
  // Written by `main`.
  const { seed, count } = workerData as { readonly seed: number; readonly count: number };
  fc.assert(
    fc.property(input, (value) => {
      parentPort?.postMessage(JSON.stringify(typeof value === "string" ? value : Buffer.from(value).toString("latin1")));
      readAll(value);
    }),
    { seed, numRuns: count },
  );
  for (const fragment of DOCKERFILE_PIECES) {
    for (const [before, after] of [
      ["", ""],
      ["FROM a\nRUN ", ""],
      ["FROM a\nENV A=", ""],
      ["FROM a\nRUN echo ", "\nCMD x"],
    ] as const) {
      parentPort?.postMessage(`${JSON.stringify(fragment)} repeated`);
      checkGrowth(fragment, before, after);
    }
  }
}

/** Everything that reads texts; what they rightly refuse is fine. */
function readAll(value: string | Uint8Array): void {
  const parsed = parseDockerfile(value, { name: "Dockerfile" });
  const common = { platform: PLATFORM, buildPlatform: PLATFORM };
  runChecks(planDockerfile(parsed, { ...common, buildArgs: {}, everyStage: true }), { hasShell: () => false });
  const buildArgs = { X: "$Y", BUILDKIT_DOCKERFILE_CHECK: "experimental=all" };
  runChecks(planDockerfile(parsed, { ...common, buildArgs }), { purpose: "build" });
  tolerate(() => outlineOf(planDockerfile(parsed, { ...common, buildArgs: {} })));
  tolerate(() => createIgnoreMatcher(parseIgnore(parsed.file.text)).excludes(treePath("a/b/c")));
}

function tolerate(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isDecantError(error) || error.code === "INTERNAL") throw error;
  }
}

/** Measures a repeated fragment, and sixteen times as many: what looks suspicious is measured again before it is a failure. */
function checkGrowth(fragment: string, before: string, after: string): void {
  const measure = (repeats: number): number => {
    const long = before + fragment.repeat(repeats) + after;
    const start = process.threadCpuUsage();
    readAll(long);
    return process.threadCpuUsage(start).user / 1000;
  };
  const isSteep = (): boolean => {
    const long = measure(REPEATS * GROWTH);
    return long > MEASURABLE_MS && long > Math.max(1, measure(REPEATS)) * MAX_RATIO;
  };
  if (isSteep() && isSteep() && isSteep()) {
    const [short, long] = [measure(REPEATS), measure(REPEATS * GROWTH)].map((ms) => ms.toFixed(0));
    const what = `${JSON.stringify(before)} + ${JSON.stringify(fragment)} × ${REPEATS}`;
    throw new Error(`${what} takes ${short} ms, ${GROWTH} times as much ${long} ms`);
  }
}
