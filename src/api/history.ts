/** Past builds of the local store: what they were, what they told, and the whole logs of their steps. */
import { keptEvents } from "../build/index.ts";
import { openSession } from "../context/index.ts";
import { DecantError } from "../errors.ts";
import type { BuildEvent } from "../events.ts";
import type { BuildRecord, History } from "../store/index.ts";
import { LIST_BUILDS, REMOVE_BUILDS, SHOW_BUILD } from "./options/history.ts";
import { checkOptions } from "./options/shape.ts";
import type { ListBuildsOptions, PastBuild, RemoveBuildsOptions, ShowBuildOptions } from "./types.ts";

/** More builds than the history keeps. */
export const ALL_BUILDS = 1000;

/** Past builds and those that run, the newest first. A build whose process died has failed. */
export async function listBuilds(options: ListBuildsOptions = {}): Promise<BuildRecord[]> {
  checkOptions(LIST_BUILDS, options);
  await using session = await openSession(options, "look");
  return session.store.history.list(options.limit);
}

/** One of them, with what it told. Throws `NOT_FOUND`. */
export async function showBuild(options: ShowBuildOptions): Promise<PastBuild> {
  checkOptions(SHOW_BUILD, options);
  await using session = await openSession(options, "look");
  const { history } = session.store;
  const record = foundBuild(history, options.build);
  const events = keptEvents(history, record.id);
  const logs = new Map<string, string>();
  for (const step of options.logs === true ? stepsOf(events) : []) {
    const log = history.log(record.id, step);
    if (log !== undefined) logs.set(step, log.toString("utf8"));
  }
  return { record, events, logs };
}

/** Forgets builds with their logs; gives their IDs. Images and cache stay. All are found before any goes. Throws `NOT_FOUND`. */
export async function removeBuilds(options: RemoveBuildsOptions): Promise<string[]> {
  checkOptions(REMOVE_BUILDS, options);
  await using session = await openSession(options);
  const { history } = session.store;
  const wanted = options.builds.map((build) => foundBuild(history, build).id);
  for (const id of wanted) history.remove(id);
  return wanted;
}

function stepsOf(events: readonly BuildEvent[]): Set<string> {
  return new Set(events.flatMap((event) => ("vertex" in event ? [event.vertex] : [])));
}

/** By the beginning of its ID; none: the newest. Throws `NOT_FOUND`. */
export function foundBuild(history: History, build: string | undefined): BuildRecord {
  const all = history.list(ALL_BUILDS);
  const fits = build === undefined ? all.slice(0, 1) : all.filter(({ id }) => build !== "" && id.startsWith(build));
  const [first, second] = fits;
  if (first !== undefined && second === undefined) return first;
  const name = build === undefined ? "Cannot find a build" : `Cannot find build "${build}"`;
  const state = first !== undefined ? "several IDs begin so" : build === undefined ? "the history is empty" : "the history has no such ID";
  throw new DecantError("NOT_FOUND", `${name}: ${state}`, { hint: "See: decant history ls" });
}
