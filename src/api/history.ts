/** Past builds of the local store: what they were, what they told, and the whole logs of their steps. */
import { compareEvents, explainAgainst, explainSteps, keptEvents, pastSteps } from "../build/index.ts";
import { openSession } from "../context/index.ts";
import { DecantError } from "../errors.ts";
import type { BuildEvent } from "../events.ts";
import { failingLines, type LogLine } from "../failing-lines.ts";
import type { BuildRecord, History } from "../store/index.ts";
import { COMPARE_BUILDS, EXPLAIN_BUILD, LIST_BUILDS, REMOVE_BUILDS, SHOW_BUILD } from "./options/history.ts";
import { checkOptions } from "./options/shape.ts";
import type {
  BuildComparison,
  BuildExplanation,
  CompareBuildsOptions,
  ExplainBuildOptions,
  ListBuildsOptions,
  PastBuild,
  RemoveBuildsOptions,
  ShowBuildOptions,
} from "./types.ts";

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
  const failures = new Map<string, readonly LogLine[]>();
  for (const event of events)
    if (event.type === "vertex.failed")
      failures.set(event.vertex, failingLines(history.log(record.id, event.vertex)?.toString("utf8") ?? ""));
  return { record, events, logs, failures };
}

/** Two builds side by side: steps, times, cache, sizes, digests, versions. Throws `NOT_FOUND`. */
export async function compareBuilds(options: CompareBuildsOptions): Promise<BuildComparison> {
  checkOptions(COMPARE_BUILDS, options);
  await using session = await openSession(options, "look");
  const { history } = session.store;
  const [first, second] = [foundBuild(history, options.first), foundBuild(history, options.second)];
  return { first, second, ...compareEvents(keptEvents(history, first.id), keptEvents(history, second.id)) };
}

/** Why each step of a build was a hit, ran, or had to run again: which input changed, and how. Throws `NOT_FOUND`. */
export async function explainBuild(options: ExplainBuildOptions = {}): Promise<BuildExplanation> {
  checkOptions(EXPLAIN_BUILD, options);
  await using session = await openSession(options, "look");
  const { store } = session;
  const record = foundBuild(store.history, options.build);
  const steps = pastSteps(keptEvents(store.history, record.id));
  if (options.against === undefined) return { record, steps: await explainSteps(store, steps) };
  const against = foundBuild(store.history, options.against);
  return { record, against, steps: await explainAgainst(store, pastSteps(keptEvents(store.history, against.id)), steps) };
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
