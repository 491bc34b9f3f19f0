/** What was measured, one line of JSON for each row, tool and round: a run that breaks off goes on from there. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { ToolName } from "./image-rows.ts";

/** Who has a column. */
export type Column = ToolName | "floor";

/** One line. */
export interface Figure {
  readonly round: number;
  readonly row: string;
  readonly column: Column;
  /** Of each run; empty when it failed. */
  readonly seconds: readonly number[];
  /** Of all processes; of decant only, and not in each round. */
  readonly peakBytes?: number;
  readonly failed?: string;
  /** When it was measured. */
  readonly at: string;
}

/** The figures of one table. */
export interface Figures {
  readonly all: readonly Figure[];
  has(round: number, row: string, column: Column): boolean;
  add(figure: Figure): void;
}

/** Reads a file of figures. `fresh`: without those that it has. */
export function openFigures(path: string, fresh: boolean): Figures {
  if (fresh) rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  // Written by `add`; a line that broke off is not a figure.
  const all = lines.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Figure] : []));
  return {
    all,
    has: (round, row, column) =>
      all.some((figure) => figure.round === round && figure.row === row && figure.column === column && figure.failed === undefined),
    add(figure) {
      all.push(figure);
      appendFileSync(path, `${JSON.stringify(figure)}\n`);
    },
  };
}
