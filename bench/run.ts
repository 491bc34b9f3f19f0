/**
 * `npm run bench [-- --only TEXT] [--decant-only]`: the table of docs/promises.md on this machine, every builder in the same run. `bench/peers`
 * installs and starts the others; those that do not start are left out.
 * Everything lives on a journalled ext4 image of its own, so that no builder pays for the host's file system.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allOf } from "../src/async.ts";
import { buildah, type Builder, type BuilderName, type BuildSpec, decant, docker } from "./builders.ts";
import { measure, type Measurement, median } from "./measure.ts";
import { type Row, ROWS } from "./rows.ts";

const START_PEERS = "bench/peers";
const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers");
const FOLDER = join(PEERS, "bench");
const PORT = process.env["PEERS_PORT"] ?? "5000";
const IMAGE_SIZE = "24G";
/** Rows that take longer are not run once more for their memory. */
const MEMORY_RUN_LIMIT_S = 60;

interface RowResult {
  readonly row: Row;
  readonly figures: ReadonlyMap<BuilderName, { readonly seconds: number; readonly peakBytes: number } | string>;
}

const { values } = parseArgs({ options: { only: { type: "string" }, "decant-only": { type: "boolean" } } });

mountWorkspace();
const builders = [decant(FOLDER), ...(values["decant-only"] === true ? [] : peers())];
console.log(`builders: ${builders.map(({ name }) => name).join(", ")}`);
const results: RowResult[] = [];
await startUp();
for (const row of ROWS) {
  if (values.only !== undefined && !row.name.includes(values.only)) continue;
  const figures = new Map<BuilderName, { readonly seconds: number; readonly peakBytes: number } | string>();
  for (const builder of builders) figures.set(builder.name, await figuresOf(row, builder));
  results.push({ row, figures });
  console.log(lineOf({ row, figures }));
}
report();

function mountWorkspace(): void {
  mkdirSync(FOLDER, { recursive: true });
  if (spawnSync("mountpoint", ["-q", FOLDER]).status === 0) return;
  const image = join(PEERS, "bench.ext4");
  if (!existsSync(image)) {
    spawnSync("truncate", ["-s", IMAGE_SIZE, image]);
    spawnSync("mkfs.ext4", ["-q", image]);
  }
  if (spawnSync("mount", ["-o", "loop", image, FOLDER]).status !== 0)
    console.log("cannot mount a journalled ext4 image: figures are from the host's file system");
}

function peers(): Builder[] {
  if (spawnSync(START_PEERS, ["start", FOLDER], { stdio: ["ignore", "inherit", "inherit"] }).status !== 0)
    console.log("bench/peers failed: builders that do not run are left out");
  return [docker(FOLDER), buildah(FOLDER)].filter((builder) => builder !== undefined);
}

async function startUp(): Promise<void> {
  const node = "node_modules/.bin/node";
  const runs: Measurement[] = [];
  for (let run = 0; run < 12; run += 1) runs.push(await measure({ argv: ["bin/decant", "version"] }));
  const bare: Measurement[] = [];
  for (let run = 0; run < 12; run += 1) bare.push(await measure({ argv: [node, "-e", "0"] }));
  console.log(
    `decant version: ${Math.round(median(runs.map(({ seconds }) => seconds)) * 1000)} ms (bare node ${Math.round(median(bare.map(({ seconds }) => seconds)) * 1000)} ms)`,
  );
}

async function figuresOf(row: Row, builder: Builder): Promise<{ readonly seconds: number; readonly peakBytes: number } | string> {
  const reason = builder.name === "decant" ? undefined : row.without?.[builder.name];
  if (reason !== undefined) return reason;
  try {
    const spec = row.prepare(FOLDER, `127.0.0.1:${PORT}`);
    const one = async (each: BuildSpec, memory: boolean): Promise<Measurement> => {
      const parts: Measurement[] = [];
      for (const command of builder.build(each)) parts.push(await measure(command, { memory }));
      return {
        seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
        peakBytes: Math.max(...parts.map(({ peakBytes }) => peakBytes)),
      };
    };
    const once = async (memory = false): Promise<Measurement> => {
      const all = await allOf([spec, ...(spec.beside ?? [])].map((each) => one(each, memory)));
      return {
        seconds: Math.max(...all.map(({ seconds }) => seconds)),
        peakBytes: all.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
      };
    };
    builder.reset();
    if (row.mode !== "cold") await once();
    const runs: Measurement[] = [];
    for (let run = 0; run < row.runs; run += 1) {
      if (row.mode === "cold" && run > 0) builder.reset();
      row.change?.(FOLDER, run);
      spawnSync("sync");
      runs.push(await once());
    }
    const seconds = median(runs.map((run) => run.seconds));
    // Of docker and buildah only the client's memory would be seen, or a part of it.
    if (builder.name !== "decant" || seconds > MEMORY_RUN_LIMIT_S) return { seconds, peakBytes: 0 };
    if (row.mode === "cold") builder.reset();
    row.change?.(FOLDER, row.runs);
    return { seconds, peakBytes: (await once(true)).peakBytes };
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message.slice(-400) : String(error)}`;
  }
}

function lineOf({ row, figures }: RowResult): string {
  const cell = (name: BuilderName): string => {
    const figure = figures.get(name);
    return figure === undefined
      ? "–"
      : typeof figure === "string"
        ? (figure.split("\n")[0]?.slice(0, 60) ?? "failed")
        : figure.seconds.toFixed(figure.seconds < 1 ? 3 : 2);
  };
  const own = figures.get("decant");
  const others = [figures.get("docker"), figures.get("buildah")].flatMap((figure) =>
    figure === undefined || typeof figure === "string" ? [] : [figure.seconds],
  );
  const ratio =
    own === undefined || typeof own === "string" || others.length === 0 ? "–" : `${(own.seconds / Math.min(...others)).toFixed(2)} ×`;
  const memory = own === undefined || typeof own === "string" || own.peakBytes === 0 ? "–" : `${Math.round(own.peakBytes / 1e6)} MB`;
  return `| ${row.name} | ${cell("decant")} | ${cell("docker")} | ${cell("buildah")} | ${ratio} | ${row.promise === undefined ? "" : `≤ ${row.promise} ×`} | ${memory} |`;
}

function report(): void {
  const lines = [
    "| work | decant s | docker s | buildah s | ratio to the faster | wanted | decant peak RSS |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...results.map(lineOf),
  ];
  mkdirSync("bench/out", { recursive: true });
  writeFileSync("bench/out/table.md", `${lines.join("\n")}\n`);
  console.log(`\n${lines.join("\n")}`);
}
