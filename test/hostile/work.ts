/** One target in a process of its own: cases until the time is over, one line of JSON at the end. `run.ts` starts it and watches it. */
import { openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { corpusOf } from "./corpus.ts";
import { openLab } from "./lab.ts";
import { caseOf, kindOf, problemOf, shrunk } from "./oracle.ts";
import { loadTarget } from "./targets/index.ts";
import type { WorkerInput, WorkerResult } from "./worker-types.ts";

const MAX_FAULTS = 8;

// Written by `run.ts`.
const { name, seed, seconds, count, folder } = JSON.parse(process.argv[2] ?? "") as WorkerInput;
const target = await loadTarget(name);
const corpus = [...corpusOf(name).values()];
const progress = openSync(join(folder, "progress"), "w");
const now = Buffer.alloc(8);
const faults = new Map<string, WorkerResult["faults"][number]>();
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const startMs = performance.now();
let cases = 0;
{
  await using lab = await openLab(join(folder, "lab"));
  for (let at = seed; cases < count && performance.now() - startMs < seconds * 1000; at += 1) {
    now.writeDoubleLE(at);
    writeSync(progress, now, 0, 8, 0);
    const input = caseOf(target, corpus, at);
    const problem = await problemOf(target, input, lab, at);
    cases += 1;
    // Timers and sockets want their turn.
    if (cases % 1000 === 0) await new Promise((resolve) => void setImmediate(resolve));
    if (problem === undefined || faults.has(kindOf(problem))) continue;
    const file = join(folder, `${name}-${at}`);
    writeFileSync(file, problem.startsWith("it took") ? input : await shrunk(target, input, problem, lab, at));
    faults.set(kindOf(problem), { seed: at, problem, file });
    if (faults.size === MAX_FAULTS) break;
  }
}
const result: WorkerResult = {
  cases,
  seconds: (performance.now() - startMs) / 1000,
  cpuSeconds: cpuMs() / 1000,
  faults: [...faults.values()],
};
writeFileSync(join(folder, "result"), JSON.stringify(result));
process.exit(0);
