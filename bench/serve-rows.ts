/** The rows of rows.ts by docker's client on `decant serve`, beside `decant build`: both with stores of their own, in turns. */
import { spawnSync } from "node:child_process";
import { allOf } from "../src/async.ts";
import { type BuildSpec, buildxWords, decant } from "./builders.ts";
import { type Command, measure, median } from "./measure.ts";
import { type Row, ROWS } from "./rows.ts";

/** Rows that need the network of others, or a docker, say nothing of the server. */
const ELSEWHERE = /^seed app|--load/;

/** Where the rows are built. */
export interface ServeRows {
  readonly folder: string;
  readonly registry: string;
  /** docker's client, and the variables with which it finds the server. */
  readonly client: string;
  readonly env: Readonly<Record<string, string>>;
  /** At most so many runs of a row. */
  readonly runs: number;
  /** Only rows whose name has it. */
  readonly only: string | undefined;
  /** Rows that have not begun at this time are named as left out: performance.now(). */
  readonly untilMs: number;
}

interface Way {
  readonly build: (spec: BuildSpec) => readonly Command[];
  readonly reset: () => void;
  readonly times: number[];
}

/** Prints a line for each row. */
export async function printServeRows({ folder, registry, client, env, runs, only, untilMs }: ServeRows): Promise<void> {
  const own = decant(folder);
  console.log("| work | decant build s | through decant serve s | ratio (wanted ≤ 1.2) |\n|---|---:|---:|---:|");
  for (const row of ROWS) {
    if (ELSEWHERE.test(row.name) || (only !== undefined && !row.name.includes(only))) continue;
    if (performance.now() > untilMs) {
      console.log(`| ${row.name} | left out: no time is left (--minutes) | | |`);
      continue;
    }
    const ways: readonly Way[] = [
      { build: (spec) => own.build(spec), reset: () => own.reset(), times: [] },
      {
        build: (spec) => [{ argv: [client, ...buildxWords(spec)], env }],
        reset: () => void spawnSync(client, ["buildx", "prune", "--all", "--force"], { env: { ...process.env, ...env } }),
        times: [],
      },
    ];
    try {
      await timeRow(row, ways, { folder, registry, runs });
      const [build = 0, serve = 0] = ways.map(({ times }) => median(times));
      console.log(`| ${row.name} | ${build.toFixed(3)} | ${serve.toFixed(3)} | ${(serve / build).toFixed(2)} × |`);
    } catch (error) {
      console.log(`| ${row.name} | failed: …${String(error).replaceAll(/[\n|]/g, " ").slice(-400)} | | |`);
    }
  }
}

async function timeRow(row: Row, ways: readonly Way[], { folder, registry, runs }: Pick<ServeRows, "folder" | "registry" | "runs">) {
  const spec = row.prepare(folder, registry);
  const once = async ({ build }: Way): Promise<number> => {
    const all = await allOf(
      [spec, ...(spec.beside ?? [])].map(async (one) => {
        let seconds = 0;
        for (const command of build(one)) seconds += (await measure(command)).seconds;
        return seconds;
      }),
    );
    return Math.max(...all);
  };
  for (const way of ways) {
    way.reset();
    if (row.mode !== "cold") await once(way);
  }
  for (let run = 0; run < Math.min(row.runs, runs); run += 1) {
    for (const way of ways) {
      if (row.mode === "cold" && run > 0) way.reset();
      row.change?.(folder, run);
      spawnSync("sync");
      way.times.push(await once(way));
    }
  }
}
