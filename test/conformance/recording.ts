/**
 * What BuildKit made of each case, in expected/<topic>.json: sorted by the cases' order, one line a fact, so that a change can be read.
 * expected/<version>/<topic>.json has what a newer BuildKit made of the cases where it differs.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Outcome } from "./lab.ts";

const FOLDER = join(import.meta.dirname, "expected");

/** The outcomes of a topic by case name. */
export type Recording = Readonly<Record<string, Outcome>>;

/** A BuildKit that was recorded: the one in dockerd 28.5 for every case, buildkitd 0.32 (0.32.2-57-g73ed6825c) where it differs. */
export type Recorded = "28.5" | "0.32";

/** Which BuildKit `text` names. */
export function parseRecorded(text: string): Recorded {
  if (text === "28.5" || text === "0.32") return text;
  throw new Error(`Cannot compare with BuildKit "${text}": wanted 28.5 or 0.32`);
}

/** Reads what is recorded of a topic with this BuildKit, by default the first; nothing was recorded of a new topic. */
export function readRecording(topic: string, by: Recorded = "28.5"): Recording {
  const path = pathOf(topic, by);
  if (!existsSync(path)) return {};
  // Written by `writeRecording` below, and reviewed.
  return JSON.parse(readFileSync(path, "utf8")) as Recording;
}

/** What this BuildKit does with the cases of a topic: of its own recording, else of the first one. */
export function wholeRecording(topic: string, by: Recorded): Recording {
  return { ...readRecording(topic), ...readRecording(topic, by) };
}

/** Writes a topic, cases in this order; others are dropped. */
export function writeRecording(topic: string, names: readonly string[], outcomes: Recording, by: Recorded = "28.5"): void {
  const sorted = Object.fromEntries(
    names.flatMap((name) => {
      const outcome = outcomes[name];
      return outcome === undefined ? [] : [[name, outcome] as const];
    }),
  );
  const path = pathOf(topic, by);
  if (Object.keys(sorted).length === 0 && !existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${compact(sorted, "")}\n`);
}

function pathOf(topic: string, by: Recorded): string {
  return join(FOLDER, by === "28.5" ? "" : by, `${topic}.json`);
}

/** JSON with short values on one line. */
function compact(value: unknown, indent: string): string {
  const whole = JSON.stringify(value);
  if (typeof value !== "object" || value === null || whole.length < 100) return whole;
  const deeper = `${indent} `;
  const parts = Array.isArray(value)
    ? value.map((item: unknown) => compact(item, deeper))
    : Object.entries(value).map(([key, item]: [string, unknown]) => `${JSON.stringify(key)}: ${compact(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}
