/** Figures as Markdown, for docs/benchmarks.md. */
import type { Column, Figures } from "./figures.ts";
import { median } from "./measure.ts";
import { ROWS } from "./rows.ts";

const COLUMNS = ["decant", "docker", "buildah", "skopeo"] as const;

/** The table of times, then that of the floors. Rows without any figure are left out. `machine`: a line on where they are of. */
export function tableOf(figures: Figures, machine: string): string {
  const rows = ROWS.filter(({ name }) => figures.all.some(({ row }) => row === name));
  const rounds = new Set(figures.all.map(({ round }) => round)).size;
  const day = figures.all.at(-1)?.at.slice(0, 10) ?? "";
  return [
    `Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}, in seconds, of ${day}. ${machine}`,
    "",
    "| work | floor | decant | docker | buildah | skopeo | × best peer | wanted × | spread of decant | decant, MB |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map((row) => lineOf(figures, row)),
    "",
    "What the floors are:",
    "",
    "| work | floor |",
    "|---|---|",
    ...rows.map(({ name, floor }) => `| ${name} | ${floor.words} |`),
    "",
  ].join("\n");
}

function lineOf(figures: Figures, row: (typeof ROWS)[number]): string {
  const own = secondsOf(figures, row.name, "decant");
  const peers = COLUMNS.slice(1).flatMap((column) => {
    const seconds = secondsOf(figures, row.name, column);
    return seconds.length === 0 ? [] : [median(seconds)];
  });
  const ratio = own.length === 0 || peers.length === 0 ? "–" : (median(own) / Math.min(...peers)).toFixed(2);
  const wanted = "wanted" in row && row.wanted !== undefined ? String(row.wanted) : "";
  const spread = own.length < 2 ? "–" : `${written(Math.min(...own))} to ${written(Math.max(...own))}`;
  const cells = (["floor", ...COLUMNS] as const).map((column) => cell(figures, row, column));
  return `| ${[row.name, ...cells, ratio, wanted, spread, megabytesOf(figures, row.name)].join(" | ")} |`;
}

function cell(figures: Figures, row: (typeof ROWS)[number], column: Column): string {
  const seconds = secondsOf(figures, row.name, column);
  if (seconds.length > 0) return written(median(seconds));
  return figures.all.some((figure) => figure.row === row.name && figure.column === column && figure.failed !== undefined) ? "failed" : "–";
}

function secondsOf({ all }: Figures, name: string, wanted: Column): number[] {
  return all.flatMap(({ row, column, seconds }) => (row === name && column === wanted ? seconds : []));
}

function megabytesOf({ all }: Figures, name: string): string {
  const peaks = all.flatMap(({ row, column, peakBytes = 0 }) => (row === name && column === "decant" && peakBytes > 0 ? [peakBytes] : []));
  return peaks.length === 0 ? "–" : String(Math.round(median(peaks) / 1e6));
}

/** Three figures, as in "0.123", "1.23" and "12.3". */
export function written(seconds: number): string {
  return seconds.toFixed(seconds < 1 ? 3 : seconds < 10 ? 2 : 1);
}
