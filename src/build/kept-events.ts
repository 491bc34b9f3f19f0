/** What a build told, kept with its line in the history: its steps, warnings and results. Logs of steps have files of their own. */
import type { BuildEvent, Emit } from "../events.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { BuildRecord, History } from "../store/index.ts";

/** Passes events on, and remembers what is kept. */
export interface EventKeeper {
  readonly emit: Emit;
  /** Secrets that no event may have, from now on. Output of steps has none already. */
  hide(guard: SecretGuard | undefined): void;
  /** Writes what was told so far. Throws `STORE_FULL`. */
  keep(history: History, buildId: string): void;
}

/** Makes a keeper before `emit`. Of a transfer only the end is kept. */
export function keepEvents(emit: Emit): EventKeeper {
  const events: BuildEvent[] = [];
  let guard: SecretGuard | undefined;
  return {
    hide(known) {
      guard = known;
    },
    emit(event) {
      const told: BuildEvent = { at: Date.now(), ...event };
      // What a secret looks like in JSON is one of the forms that are masked.
      const timed = guard === undefined || event.type === "log" ? told : (JSON.parse(guard.masked(JSON.stringify(told))) as BuildEvent);
      if (event.type !== "log" && (event.type !== "transfer" || event.done)) events.push(timed);
      emit(timed);
    },
    keep: (history, buildId) => history.keep(buildId, events.map((event) => `${JSON.stringify(event)}\n`).join("")),
  };
}

/** The events of a build as they were kept, in their order; none where nothing was. */
export function keptEvents(history: History, buildId: string): BuildEvent[] {
  const text = history.kept(buildId) ?? "";
  // Written by `keep`, where only the store's owner can write; a line that a crash cut short is left out.
  return text.split("\n").flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as BuildEvent] : []));
}

/** All that was kept of a build, as a report wants it. */
export function keptBuild(
  history: History,
  record: BuildRecord,
): { readonly record: BuildRecord; readonly events: BuildEvent[]; readonly logOf: (vertex: string) => string | undefined } {
  return { record, events: keptEvents(history, record.id), logOf: (vertex) => history.log(record.id, vertex)?.toString("utf8") };
}
