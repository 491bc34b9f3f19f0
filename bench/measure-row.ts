/** Measures one row with one tool, or its floor: caches are emptied or warm as the row says, and only the tool's own commands are timed. */
import { spawnSync } from "node:child_process";
import { allOf } from "../src/async.ts";
import type { Builder, BuildSpec } from "./builders.ts";
import { openEmptyRegistry } from "./empty-registry.ts";
import { floorFolder } from "./floors.ts";
import type { ImageRow, ToolName } from "./image-rows.ts";
import { type Command, measure, type Measurement } from "./measure.ts";
import type { Place, Row } from "./rows.ts";

/** What a row and a tool gave. */
export interface Measured {
  readonly seconds: readonly number[];
  readonly peakBytes?: number;
}

/** Builders remember what their last row built, so that the next row need not build it again. */
export type Warmth = Map<ToolName, string>;

/** Rows that take longer are not run once more for their memory. */
const MEMORY_RUN_LIMIT_S = 60;

/** Runs the floor of a row. */
export async function measureFloor({ floor, runs }: Row | ImageRow, place: Place): Promise<Measured> {
  const seconds: number[] = [];
  const folder = floorFolder(place);
  for (let run = 0; run < runs; run += 1) {
    await using _registry = await openEmptyRegistry(place);
    // crun refuses cgroups of both versions at once, as in bench/peers.
    const alone = "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi";
    const script = `${alone}\nset -euo pipefail\ncd ${folder}\n${await floor.script(place)}`;
    spawnSync("sync", ["-f", place.folder]);
    seconds.push((await measure({ argv: ["unshare", "--mount", "--propagation", "private", "bash", "-c", script] })).seconds);
  }
  return { seconds };
}

/** Builds by one builder. `memory`: also its peak, in a run of its own. */
export async function measureBuilds(
  row: Row,
  builder: Builder,
  place: Place,
  { warmth, memory }: { readonly warmth: Warmth; readonly memory: boolean },
): Promise<Measured> {
  const spec = row.prepare(place);
  await using _registry = row.emptyRegistry === true ? await openEmptyRegistry(place) : undefined;
  const cold = row.mode === "cold";
  if (cold || warmth.get(builder.name) !== spec.dockerfile) builder.reset();
  // What fails leaves nothing that one could count on.
  warmth.delete(builder.name);
  if (!cold) await once(builder, spec, false);
  const seconds: number[] = [];
  for (let run = 0; run < row.runs; run += 1) {
    if (cold && run > 0) builder.reset();
    row.change?.(place, run);
    spawnSync("sync", ["-f", place.folder]);
    seconds.push((await once(builder, spec, false)).seconds);
  }
  warmth.set(builder.name, spec.dockerfile);
  // Of docker and buildah only the client's memory would be seen, or a part of it.
  if (!memory || builder.name !== "decant" || Math.max(...seconds) > MEMORY_RUN_LIMIT_S) return { seconds };
  if (cold) builder.reset();
  row.change?.(place, row.runs);
  return { seconds, peakBytes: (await once(builder, spec, true)).peakBytes };
}

async function once(builder: Builder, spec: BuildSpec, memory: boolean): Promise<Omit<Measurement, "output">> {
  const one = async (each: BuildSpec): Promise<Omit<Measurement, "output">> => {
    const parts: Measurement[] = [];
    for (const command of builder.build(each)) parts.push(await measure(command, { memory }));
    return {
      seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
      peakBytes: Math.max(...parts.map(({ peakBytes }) => peakBytes)),
    };
  };
  const all = await allOf([spec, ...(spec.beside ?? [])].map(one));
  return {
    seconds: Math.max(...all.map(({ seconds }) => seconds)),
    peakBytes: all.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
  };
}

/** Moves the image of a row by one tool, which must have it as a word of `work`. */
export async function measureMoves(
  row: ImageRow,
  tool: ToolName,
  command: (...args: readonly string[]) => Command,
  place: Place,
): Promise<Measured> {
  const { before = [], measured } = row.work[tool]?.(place) ?? { measured: [] };
  const seconds: number[] = [];
  for (let run = 0; run < row.runs; run += 1) {
    await using _registry = await openEmptyRegistry(place);
    for (const args of before) await measure(command(...args)).catch(() => undefined);
    spawnSync("sync", ["-f", place.folder]);
    let sum = 0;
    for (const args of measured) sum += (await measure(command(...args))).seconds;
    seconds.push(sum);
  }
  return { seconds };
}
