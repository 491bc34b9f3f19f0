/**
 * Progress for people: each finished step is one line, printed once; running steps, with the end of their logs and their transfers,
 * are redrawn at the bottom; the last line sums up.
 */
import { createStyle, displayWidth, fit, safeLine, type Style, wrap } from "../style.ts";
import { formatSize } from "../../bytes.ts";
import { createScreen } from "./screen.ts";
import { formatReason } from "../../reasons.ts";
import { isOver, type ProgressState, type StepState } from "../../progress.ts";
import type { Renderer } from "./types.ts";
import { createWarningList } from "./warning-list.ts";
import { formatDuration, formatResult, formatSizeEvent, formatTransfer, shortenDigests } from "./format-event.ts";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const SPIN_MS = 100;
const MAX_LOG_LINES = 6;
const MAX_TRANSFERS = 4;
/** Finished lines that can be drawn again: more than a terminal has rows. */
const MAX_PAST = 300;

/** Makes the renderer of `--progress=tty`. Everything is written by `frame` and `end`. `explain`: with a line that says why a step runs. */
export function createTerminalRenderer({ color, explain = false }: { readonly color: boolean; readonly explain?: boolean }): Renderer {
  const style = createStyle(color);
  const screen = createScreen();
  const warnings = createWarningList();
  /** Finished, and not drawn yet: widths are known only when a frame is drawn. */
  let finished: ((columns: number) => string)[] = [];
  /** The last of those that were drawn. */
  let past: ((columns: number) => string)[] = [];
  let columns = 80;
  let terminal = { columns: 80, rows: 24 };

  const flush = (live: readonly string[]): string => {
    const lines = finished.map((line) => line(columns));
    past = [...past, ...finished].slice(-MAX_PAST);
    finished = [];
    return screen.draw(lines, live, terminal, (count) => (count === 0 ? [] : past.slice(-count).map((line) => line(columns))));
  };

  return {
    event(event, { step }) {
      if (event.type === "warning") warnings.add(event);
      if (event.type === "result") finished.push((width) => `${style.cyan("➜")} ${fit(shortenDigests(formatResult(event)), width - 2)}`);
      if (event.type === "size") finished.push((width) => `${style.cyan("➜")} ${fit(formatSizeEvent(event), width - 2)}`);
      if (step !== undefined && isOver(step) && event.type.startsWith("vertex.")) {
        finished.push(finishedLine(step, style));
        for (const line of explain ? whyLines(step) : []) finished.push((width) => style.dim(fit(`  ${line}`, width)));
      }
      return "";
    },
    frame(state, nowMs, size) {
      terminal = size;
      columns = Math.max(10, size.columns - 1);
      return flush(liveLines(state, { style, nowMs, columns, rows: Math.max(1, size.rows - 1), explain }));
    },
    end(state, nowMs, { isError }) {
      // What was found must be readable to its end: it is wrapped, and only excerpts are cut.
      for (const line of warnings.lines())
        for (const part of /^(?: - | {3}\S)/.test(line) ? wrap(line, columns) : [fit(line, columns)])
          finished.push(() => (line.startsWith(" - ") ? style.yellow : style.dim)(part));
      if (state.steps.size > 0) finished.push((width) => style.dim(fit(summary(state, nowMs), width)));
      if (isError && finished.length > 0) finished.push(() => "");
      return flush([]);
    },
  };
}

const MARKS: Readonly<Record<StepState["state"], (style: Style) => string>> = {
  planned: () => " ",
  running: () => " ",
  done: (style) => style.green("✔"),
  cached: (style) => style.cyan("✔"),
  failed: (style) => style.red("✘"),
  cancelled: (style) => style.yellow("■"),
};

function finishedLine(step: StepState, style: Style): (columns: number) => string {
  const { state, name } = step;
  const took = step.startedAt === undefined || step.endedAt === undefined ? 0 : step.endedAt - step.startedAt;
  const bytes = [...step.transfers.values()].reduce((sum, transfer) => sum + (transfer.done ? transfer.currentBytes : 0), 0);
  const right =
    state === "cached"
      ? "CACHED"
      : state === "cancelled"
        ? "CANCELED"
        : `${bytes === 0 ? "" : `${formatSize(bytes)}  `}${formatDuration(took)}`;
  const mark = MARKS[state](style);
  const paint = state === "failed" ? style.red : state === "cached" || state === "cancelled" ? style.dim : (text: string): string => text;
  return (columns) => `${mark} ${row(shortenDigests(safeLine(name)), right, columns - 2, paint, style.dim)}`;
}

interface LiveOptions {
  readonly style: Style;
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly explain: boolean;
}

function liveLines(state: ProgressState, { style, nowMs, columns, rows, explain }: LiveOptions): string[] {
  const running = [...state.steps.values()].filter((step) => step.state === "running");
  const foot = style.dim(fit(summary(state, nowMs), columns));
  const shown = running.slice(0, Math.max(1, rows - 2));
  const hidden = running.length - shown.length;
  let spare = rows - 1 - shown.length - (hidden > 0 ? 1 : 0);
  const spinner = SPINNER[Math.floor(nowMs / SPIN_MS) % SPINNER.length] ?? "";
  const lines: string[] = [];
  for (const [at, step] of shown.entries()) {
    const right = formatDuration(nowMs - (step.startedAt ?? nowMs));
    lines.push(`${style.yellow(spinner)} ${row(shortenDigests(safeLine(step.name)), right, columns - 2, (text) => text, style.dim)}`);
    const share = Math.floor(spare / (shown.length - at));
    const why = explain ? whyLines(step).map((line) => fit(line, columns - 4)) : [];
    const details = [...why, ...detailLines(step, columns - 4)].slice(0, Math.max(0, share));
    spare -= details.length;
    for (const line of details) lines.push(style.dim(`  │ ${line}`));
  }
  if (hidden > 0) lines.push(style.dim(`  and ${hidden} more`));
  return [...lines, foot].slice(-rows);
}

function detailLines(step: StepState, columns: number): string[] {
  const active = [...step.transfers.values()].filter((transfer) => !transfer.done);
  const lines = active.slice(0, MAX_TRANSFERS).map((transfer) => fit(formatTransfer(transfer), columns));
  if (active.length > MAX_TRANSFERS) lines.push(`and ${active.length - MAX_TRANSFERS} more`);
  const log = step.partial === "" ? step.tail : [...step.tail, step.partial];
  return [...lines, ...log.slice(-MAX_LOG_LINES).map((line) => fit(safeLine(line), columns))];
}

/** In one line. */
function whyLines({ missed }: StepState): string[] {
  return missed === undefined ? [] : [`why: ${shortenDigests(safeLine(formatReason(missed)))}`];
}

function summary(state: ProgressState, nowMs: number): string {
  const counts = { planned: 0, running: 0, cached: 0, done: 0, failed: 0, cancelled: 0 };
  for (const step of state.steps.values()) counts[step.state] += 1;
  const parts = [
    ...(counts.running > 0 ? [`${counts.running} running`] : []),
    `${counts.done + counts.cached}/${state.steps.size} done`,
    ...(counts.cached > 0 ? [`${counts.cached} cached`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(counts.cancelled > 0 ? [`${counts.cancelled} cancelled`] : []),
    formatDuration(nowMs - (state.startedAt ?? nowMs)),
  ];
  return parts.join(" · ");
}

/** `left`, and `right` at the end of the line; of two that do not fit, `left` is cut. */
function row(
  left: string,
  right: string,
  columns: number,
  paintLeft: (text: string) => string,
  paintRight: (text: string) => string,
): string {
  const room = columns - right.length - 1;
  if (room < 8) return paintLeft(fit(left, columns));
  const shown = fit(left, room);
  return `${paintLeft(shown)}${" ".repeat(room - displayWidth(shown) + 1)}${paintRight(right)}`;
}
