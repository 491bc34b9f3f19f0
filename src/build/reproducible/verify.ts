/** Builds a second time what was built, in other conditions, and says where the two differ. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BuildEvent, Emit } from "../../events.ts";
import { formatPlatform } from "../../oci/index.ts";
import { step } from "../../step.ts";
import { solveGraph, type SolvedBuild } from "../solve-graph.ts";
import { shownImage } from "../targets.ts";
import { firstDifference } from "./first-difference.ts";
import { notReproducible } from "./errors.ts";

/** Times of files count seconds: a second build in the same one would hide that they differ. */
const NEXT_SECOND_MS = 1100;
const HOSTNAME = "another-builder";

/**
 * Does all steps again: at another time, one after the other, on a host of another name. Steps see nothing of the folder, locale, umask and user of a
 * build, so these cannot make them differ. Throws `NOT_REPRODUCIBLE` for the first layer that is not the same, and what steps throw.
 */
export async function verifyReproducible(builds: readonly SolvedBuild[]): Promise<void> {
  const [first] = builds;
  if (first === undefined) return;
  const { opened, started } = first;
  const { signal, emit } = opened;
  await sleep(Math.max(0, started.startedAt + NEXT_SECOND_MS - Date.now()), undefined, { signal });
  const again = builds.map((build) => ({ ...build, opened: { ...build.opened, emit: emitAgain(emit) } }));
  const { builds: second } = await solveGraph(again, { id: `${started.id}-again`, startedAt: Date.now(), again: { hostname: HOSTNAME } });
  await step(emit, { vertex: "verify reproducible", name: "comparing two builds" }, signal, async () => {
    const platforms = new Set(builds.map(({ platform }) => formatPlatform(platform)));
    for (const [at, build] of builds.entries()) {
      const other = second[at];
      if (other === undefined) continue;
      const items = build.conversion.history.filter((item) => !item.emptyLayer);
      const found = await firstDifference(build.solution.layers, other.solution.layers, { ignoresTimes: setsTimes(build), signal });
      if (found !== undefined)
        throw notReproducible(found, {
          ...items[found.layer]?.origin,
          shown: shownImage(build.target, platforms.size > 1 ? formatPlatform(build.platform) : undefined),
        });
    }
  });
}

/** Do all outputs give one time to what the build made? */
function setsTimes({ epochSec, opened: { options } }: SolvedBuild): boolean {
  const { outputs = [] } = options;
  return (
    epochSec !== undefined &&
    outputs.length > 0 &&
    outputs.every((output) => "rewriteTimestamp" in output && output.rewriteTimestamp === true)
  );
}

/** The second time, steps have names and numbers of their own. */
function emitAgain(emit: Emit): Emit {
  return (event) => {
    if (!("vertex" in event)) return emit(event);
    const renamed = { ...event, vertex: `again ${event.vertex}` };
    emit((renamed.type === "vertex.planned" ? { ...renamed, name: `again: ${renamed.name}` } : renamed) as BuildEvent);
  };
}
