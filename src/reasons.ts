/** Why a step had to run, in words: for progress, errors, the history and library users. Pure. */
import type { InputChange, MissReason, PathChange } from "./events.ts";

/** A list that is shown to people stops here; what more there is is counted. */
export const SHOWN_CHANGES = 20;

/** "src/b: content; ENV V: 1 → 2". In one line, whatever the values have in them. */
export function formatReason(reason: MissReason): string {
  return reasonLines(reason)
    .join("; ")
    .replaceAll(/\s*\n\s*/g, " ");
}

/** The same, one line for each change. Values may have line breaks. */
export function reasonLines({ kind, changes = [], prunedAt }: MissReason): string[] {
  switch (kind) {
    case "no-cache":
      return ["the cache is off for it (--no-cache, --no-cache-filter)"];
    case "first":
      return [prunedAt === undefined ? "never ran before" : `a prune removed all records of it at ${timeOf(prunedAt)}`];
    case "removed":
      return [prunedAt === undefined ? "its result is gone from the store" : `a prune removed its result at ${timeOf(prunedAt)}`];
    case "changed":
      return changes.length === 0 ? ["its record is another one"] : changes.flatMap(changeLines);
    default:
      return kind satisfies never;
  }
}

function changeLines(change: InputChange): string[] {
  const { input, name, state, from, to, isSecret } = change;
  if (input === "files" && change.paths !== undefined) {
    const more = change.morePaths ?? 0;
    return [...change.paths.map(pathLine), ...(more > 0 ? [`and ${more} more`] : [])];
  }
  const what = input === "files" ? `files of ${name}` : input === "setting" ? name : name === "" ? input : `${input} ${name}`;
  if (isSecret === true) return [`${what}: ${state} (its value is not shown)`];
  if (input === "parent step" && from === to) return [`parent step "${to ?? name}": its result changed`];
  if (state === "changed" && from !== undefined && to !== undefined) return [`${what}: ${orEmpty(from)} → ${orEmpty(to)}`];
  const value = state === "gone" ? from : to;
  return [value === undefined || value === "" ? `${what}: ${state}` : `${what}: ${state} (${value})`];
}

function pathLine({ path, change, from, to }: PathChange): string {
  if (from === undefined && to === undefined) return `${path}: ${change}`;
  const values = `${from ?? "none"} → ${to ?? "none"}`;
  return change === "hard links" ? `${path}: hard links (${values})` : `${path}: ${change} ${values}`;
}

function orEmpty(text: string): string {
  return text === "" ? "(empty)" : text;
}

/** "2026-11-30 11:02:33 UTC". */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
