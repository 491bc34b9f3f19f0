/**
 * `npm run bench:scale [-- --only TEXT --folder FOLDER]`: memory and processor time of Decant alone, against size. docs/benchmarks.md has the
 * figures. GNU time measures the largest process, so no sample misses a peak.
 * Contexts and the store are below FOLDER, by default in the temporary folder, and removed in the end. A million files need 9 GB there.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SCALE_ROWS, type ScaleRow } from "./scale-rows.ts";

const DECANT = join(import.meta.dirname, "../bin/decant");

/** What one command took. */
interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

const { values } = parseArgs({ options: { only: { type: "string" }, folder: { type: "string" } } });
mkdirSync(values.folder ?? tmpdir(), { recursive: true });
const folder = mkdtempSync(join(values.folder ?? tmpdir(), "decant-scale-"));
try {
  console.log("| work | seconds | CPU seconds | peak MB |\n|---|---:|---:|---:|");
  for (const row of SCALE_ROWS) if (values.only === undefined || row.name.includes(values.only)) runRow(row);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runRow(row: ScaleRow): void {
  const context = join(folder, "context");
  mkdirSync(context);
  row.prepare(context);
  try {
    for (const run of row.unchanged === true ? ["", ", nothing changed"] : [""]) {
      const { seconds, cpuSeconds, peakMegabytes } = cost(row, context);
      console.log(`| ${row.name}${run} | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${peakMegabytes} |`);
    }
  } finally {
    for (const name of ["context", "store"]) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function cost(row: ScaleRow, context: string): Cost {
  const figures = join(folder, "time");
  const words = ["build", "--progress=none", ...(row.options?.(folder) ?? []), context];
  const done = spawnSync("/usr/bin/time", ["-f", "%e %U %S %M", "-o", figures, DECANT, ...words], {
    env: { ...process.env, DECANT_ROOT: join(folder, "store") },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(`${row.name}: exit ${done.status}\n${done.stderr.slice(-2000)}`);
  const [seconds = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(figures, "utf8").trim().split(" ").map(Number);
  return { seconds, cpuSeconds: user + system, peakMegabytes: Math.round((kilobytes * 1024) / 1e6) };
}
