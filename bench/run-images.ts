/** Measures the rows of image-rows.ts: each tool with an image that is there, and a registry that is emptied before each run. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ImageRow, ToolName, Tools } from "./image-rows.ts";
import { type Command, measure, median } from "./measure.ts";

const WAIT_MS = 100;
const ATTEMPTS = 100;

/** The seconds of each tool, or why there are none. Throws when the image cannot be made. */
export async function figuresOfImages(
  row: ImageRow,
  tools: Tools,
  mebibytes: number,
): Promise<ReadonlyMap<ToolName, { readonly seconds: number; readonly peakBytes: number } | string>> {
  const { commands } = tools;
  const { decant } = commands;
  if (decant === undefined) throw new Error("there is no decant");
  const { context, words } = row.prepare(tools, mebibytes);
  await measure(decant("build", ...words, context));
  const figures = new Map<ToolName, { readonly seconds: number; readonly peakBytes: number } | string>();
  for (const name of ["decant", "docker", "buildah", "skopeo"] as const) {
    const [command, work] = [commands[name], row.work[name]];
    const reason = row.without?.[name];
    if (reason !== undefined) figures.set(name, reason);
    else if (command !== undefined && work !== undefined) figures.set(name, await secondsOf(work(tools), command, row.runs, tools));
  }
  return figures;
}

async function secondsOf(
  { before = [], measured }: ReturnType<NonNullable<ImageRow["work"]["decant"]>>,
  command: (...args: readonly string[]) => Command,
  runs: number,
  tools: Tools,
): Promise<{ readonly seconds: number; readonly peakBytes: number } | string> {
  try {
    const seconds: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      await using _registry = await emptyRegistry(tools);
      for (const args of before) await measure(command(...args)).catch(() => undefined);
      spawnSync("sync");
      let sum = 0;
      for (const args of measured) sum += (await measure(command(...args))).seconds;
      seconds.push(sum);
    }
    return { seconds: median(seconds), peakBytes: 0 };
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message.slice(-400) : String(error)}`;
  }
}

/** A docker-registry with nothing in it; it ends when disposed. */
async function emptyRegistry({ folder, emptyRegistry: host }: Tools): Promise<AsyncDisposable> {
  const place = join(folder, "empty-registry");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  const config = join(place, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${place}/data}}\nhttp: {addr: "${host}"}\n`,
  );
  const server = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.on("exit", () => resolve()));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if ((await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok === true) break;
    await setTimeout(WAIT_MS);
  }
  return {
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
    },
  };
}
