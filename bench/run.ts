/**
 * `npm run bench`: the table of docs/benchmarks.md on this machine, every builder in the same run. bench/README.md has the options.
 * `bench/peers` installs and starts the others; those that do not start are left out.
 * Everything lives on a journalled ext4 image of its own, so that no builder pays for the host's file system.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildah, type Builder, DECANT, decant, docker, installDecant, PEERS, skopeo } from "./builders.ts";
import { type Column, type Figures, openFigures } from "./figures.ts";
import type { ImageRow, ToolName } from "./image-rows.ts";
import { type Command, measure, median } from "./measure.ts";
import { measureBuilds, measureFloor, type Measured, measureMoves, type Warmth } from "./measure-row.ts";
import { FULL, type Place, type Row, ROWS, SMALL } from "./rows.ts";
import { tableOf, written } from "./table.ts";

type Commands = ReadonlyMap<ToolName, (...args: readonly string[]) => Command>;

const FOLDER = join(PEERS, "bench");
const PORT = process.env["PEERS_PORT"] ?? "5000";
const IMAGE_SIZE = "24G";
const MIN_FREE_BYTES = 6e9;
const COLUMNS: readonly Column[] = ["decant", "docker", "buildah", "skopeo", "floor"];

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    columns: { type: "string" },
    rounds: { type: "string", default: "1" },
    minutes: { type: "string" },
    fresh: { type: "boolean", default: false },
    network: { type: "boolean", default: false },
    prepare: { type: "boolean", default: false },
    print: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
});
const PLACE: Place = {
  sizes: values.small ? SMALL : FULL,
  folder: values.small ? join(FOLDER, "small") : FOLDER,
  dockerSocket: join(FOLDER, "docker.sock"),
  registry: `127.0.0.1:${PORT}`,
  emptyRegistry: `127.0.0.1:${Number(PORT) + 1}`,
};
/** Figures of small sizes say nothing, so they stay apart. */
const OUT = values.small ? "bench/out/small" : "bench/out";

const MACHINE = join(OUT, "machine.txt");
const until = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
const wantedColumns = COLUMNS.filter((column) => values.columns === undefined || values.columns.split(",").includes(column));
const figures = openFigures(join(OUT, "figures.jsonl"), values.fresh);
if (!values.print) await run();
const table = tableOf(figures, existsSync(MACHINE) ? readFileSync(MACHINE, "utf8") : "");
writeFileSync(join(OUT, "table.md"), table);
console.log(`\n${table}`);

async function run(): Promise<void> {
  installDecant();
  mountWorkspace();
  const builders = [decant(FOLDER), ...peers()];
  const commands = commandsOf(builders);
  console.error(`tools: ${[...commands.keys()].join(", ")}; ${cpus().length} processors`);
  const { only } = values;
  const rows = ROWS.filter(
    (row) => (only === undefined || only.some((text) => row.name.includes(text))) && (values.network || !("network" in row)),
  );
  writeFileSync(MACHINE, await machine(commands));
  await prepare(rows, commands);
  if (values.prepare) return;
  await startUp();
  const warmth: Warmth = new Map();
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const started = performance.now();
    for (const [at, row] of rows.entries()) {
      const next = rows[at + 1];
      const stays = next !== undefined && "mode" in next && next.mode !== "cold";
      for (const column of wantedColumns) {
        if (performance.now() > until) return console.error("out of time: start the same command again to go on");
        if (figures.has(round, row.name, column)) continue;
        await add(figures, round, row, column, { builders, commands, warmth });
        // The disk has no place for what three builders keep of the big rows.
        if (!stays)
          empty(
            builders.filter(({ name }) => name === column),
            warmth,
          );
      }
      if (!stays) spawnSync("fstrim", [FOLDER]);
    }
    console.error(`round ${round}: ${Math.round((performance.now() - started) / 1000)} s`);
  }
}

function empty(builders: readonly Builder[], warmth: Warmth): void {
  for (const builder of builders) builder.reset();
  for (const { name } of builders) warmth.delete(name);
}

async function add(
  to: Figures,
  round: number,
  row: Row | ImageRow,
  column: Column,
  tools: { readonly builders: readonly Builder[]; readonly commands: Commands; readonly warmth: Warmth },
): Promise<void> {
  const measured = await measuredBy(row, column, round, tools);
  if (measured === undefined) return;
  const figure = { round, row: row.name, column, at: new Date().toISOString(), ...measured };
  to.add(figure);
  const { failed, seconds } = figure;
  console.error(`${round}: ${row.name}: ${column}: ${failed ?? `${seconds.map(written).join(" ")} s`}`);
}

/** Undefined: the tool is not here, or cannot do this. */
async function measuredBy(
  row: Row | ImageRow,
  column: Column,
  round: number,
  { builders, commands, warmth }: { readonly builders: readonly Builder[]; readonly commands: Commands; readonly warmth: Warmth },
): Promise<(Measured & { readonly failed?: string }) | undefined> {
  try {
    if (column === "floor") return await measureFloor(row, PLACE);
    const [builder, command] = [builders.find(({ name }) => name === column), commands.get(column)];
    if ("work" in row) {
      if (command === undefined || row.work[column] === undefined) return undefined;
      builder?.reset();
      warmth.delete(column);
      return await measureMoves(row, column, command, PLACE);
    }
    if (builder === undefined || (column !== "decant" && column !== "skopeo" && row.without?.[column] !== undefined)) return undefined;
    return await measureBuilds(row, builder, PLACE, { warmth, memory: round === 1 });
  } catch (error) {
    return { seconds: [], failed: error instanceof Error ? error.message.slice(-600) : String(error) };
  }
}

/** Makes what rows build and move, before any time is taken. */
async function prepare(rows: readonly (Row | ImageRow)[], commands: Commands): Promise<void> {
  const { bsize, bavail } = statfsSync(PEERS);
  if (!values.small && bsize * bavail < MIN_FREE_BYTES) throw new Error(`There are less than ${MIN_FREE_BYTES / 1e9} GB free in ${PEERS}`);
  for (const row of rows) {
    if ("work" in row) {
      const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
      const url = `http://${PLACE.registry}/v2/bench/${row.image}/manifests/${PLACE.sizes.imageMebibytes}`;
      const words = (await fetch(url, { method: "HEAD", headers: { accept } })).ok ? undefined : row.makes(PLACE);
      const command = words === undefined ? undefined : commands.get("decant")?.(...words);
      if (command !== undefined) await measure(command);
    } else row.prepare(PLACE);
    await row.floor.script(PLACE);
  }
}

/** What the figures are of, in one line. */
async function machine(commands: Commands): Promise<string> {
  const words: Readonly<Record<ToolName, readonly string[]>> = {
    decant: ["version"],
    docker: ["version", "--format", "docker {{.Server.Version}}"],
    buildah: ["--version"],
    skopeo: ["--version"],
  };
  const tools: string[] = [];
  for (const [name, command] of commands) tools.push((await measure(command(...words[name]))).output.split("\n")[0] ?? name);
  const [cpu] = cpus();
  const hardware = `${cpus().length} cores (${cpu?.model ?? "unknown"}), ${Math.round(totalmem() / 1e9)} GB of memory, Linux ${release()}`;
  return `${hardware}. ${tools.join("; ")}; Node.js ${process.versions.node}.`;
}

function commandsOf(builders: readonly Builder[]): Commands {
  const commands = new Map<ToolName, (...args: readonly string[]) => Command>(builders.map(({ name, command }) => [name, command]));
  const copier = skopeo(FOLDER);
  if (copier !== undefined) commands.set("skopeo", copier);
  return commands;
}

function mountWorkspace(): void {
  mkdirSync(FOLDER, { recursive: true });
  if (spawnSync("mountpoint", ["-q", FOLDER]).status === 0) return;
  const image = join(PEERS, "bench.ext4");
  if (!existsSync(image)) {
    spawnSync("truncate", ["-s", IMAGE_SIZE, image]);
    spawnSync("mkfs.ext4", ["-q", image]);
  }
  if (spawnSync("mount", ["-o", "loop", image, FOLDER]).status !== 0)
    console.error("cannot mount a journalled ext4 image: figures are from the host's file system");
}

function peers(): Builder[] {
  if (spawnSync("bench/peers", ["start", FOLDER], { stdio: ["ignore", "inherit", "inherit"] }).status !== 0)
    console.error("bench/peers failed: builders that do not run are left out");
  return [docker(FOLDER), buildah(FOLDER)].filter((builder) => builder !== undefined);
}

async function startUp(): Promise<void> {
  const times = async (argv: readonly string[]): Promise<string> => {
    const seconds: number[] = [];
    for (let each = 0; each < 12; each += 1) seconds.push((await measure({ argv })).seconds);
    return `${Math.round(median(seconds) * 1000)} ms`;
  };
  console.error(`decant version: ${await times([DECANT, "version"])}; bare node: ${await times(["node_modules/.bin/node", "-e", "0"])}`);
}
