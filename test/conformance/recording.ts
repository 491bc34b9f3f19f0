/** What BuildKit made of each case, in expected/<topic>.json: sorted by the cases' order, one line a fact, so that a change can be read. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./lab.ts";

const FOLDER = join(import.meta.dirname, "expected");

/** The outcomes of a topic by case name. */
export type Recording = Readonly<Record<string, Outcome>>;

/** Reads a topic; nothing was recorded of a new one. */
export function readRecording(topic: string): Recording {
  const path = join(FOLDER, `${topic}.json`);
  if (!existsSync(path)) return {};
  // Written by `writeRecording` below, and reviewed.
  return JSON.parse(readFileSync(path, "utf8")) as Recording;
}

/** Writes a topic, cases in this order; others are dropped. */
export function writeRecording(topic: string, names: readonly string[], outcomes: Recording): void {
  const sorted = Object.fromEntries(
    names.flatMap((name) => {
      const outcome = outcomes[name];
      return outcome === undefined ? [] : [[name, outcome] as const];
    }),
  );
  writeFileSync(join(FOLDER, `${topic}.json`), `${compact(sorted, "")}\n`);
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
