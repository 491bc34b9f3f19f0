/** The rows of rows.ts by docker's client on `decant serve`, beside `decant build`: both with stores of their own. */
import { spawnSync } from "node:child_process";
import { type Builder, buildxWords, decant } from "./builders.ts";
import { median } from "./measure.ts";
import { measureBuilds } from "./measure-row.ts";
import { type Place, type Row, ROWS } from "./rows.ts";

/** Rows that need a docker say nothing of the server. */
const ELSEWHERE = /--load/;

/** Where the rows are built. */
export interface ServeRows {
  readonly place: Place;
  /** For the store of `decant build`. */
  readonly folder: string;
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

/** Prints a line for each row that builds. */
export async function printServeRows({ place, folder, client, env, runs, only, untilMs }: ServeRows): Promise<void> {
  const builders = [decant(folder), served(client, env)];
  const warmths = builders.map(() => new Map());
  console.log("| work | decant build s | through decant serve s | ratio (wanted ≤ 1.2) |\n|---|---:|---:|---:|");
  for (const row of ROWS) {
    if (!isRow(row) || row.network === true || ELSEWHERE.test(row.name) || (only !== undefined && !row.name.includes(only))) continue;
    if (performance.now() > untilMs) {
      console.log(`| ${row.name} | left out: no time is left (--minutes) | | |`);
      continue;
    }
    try {
      const bounded = { ...row, runs: Math.min(row.runs, runs) };
      const times: number[] = [];
      for (const [at, builder] of builders.entries())
        times.push(median((await measureBuilds(bounded, builder, place, { warmth: warmths[at] ?? new Map(), memory: false })).seconds));
      const [build = 0, serve = 0] = times;
      console.log(`| ${row.name} | ${build.toFixed(3)} | ${serve.toFixed(3)} | ${(serve / build).toFixed(2)} × |`);
    } catch (error) {
      console.log(`| ${row.name} | failed: …${String(error).replaceAll(/[\n|]/g, " ").slice(-400)} | | |`);
    }
  }
}

function isRow(row: (typeof ROWS)[number]): row is Row {
  return "mode" in row;
}

/** docker's client, whose builder is the server. */
function served(client: string, env: Readonly<Record<string, string>>): Builder {
  return {
    name: "docker",
    command: (...args) => ({ argv: [client, ...args], env }),
    build: (spec) => [{ argv: [client, ...buildxWords(spec)], env }],
    reset: () => void spawnSync(client, ["buildx", "prune", "--all", "--force"], { env: { ...process.env, ...env } }),
  };
}
