/**
 * Progress as lines for logs and CI, in the form of buildx: `#5 [build 2/5] RUN npm ci`, `#5 0.412 text`, `#5 DONE 1.2s`, `#5 CACHED`.
 * One step at a time has the floor; lines of others wait until it ends, or has been silent for a while.
 */
import type { BuildEvent } from "../../events.ts";
import { safeLine } from "../style.ts";
import { formatReason } from "../../reasons.ts";
import { isOver, type StepState } from "../../progress.ts";
import type { Renderer } from "./types.ts";
import { createWarningList } from "./warning-list.ts";
import { formatDuration, formatResult, formatSizeEvent, formatTransfer } from "./format-event.ts";

const SILENCE_MS = 3000;
const TRANSFER_EVERY_MS = 5000;

interface Pending {
  readonly step: StepState;
  readonly lines: string[];
}

/** Makes the renderer of `--progress=plain`. `explain`: with a line that says why a step runs; default false. */
export function createPlainRenderer({ explain = false }: { readonly explain?: boolean } = {}): Renderer {
  const warnings = createWarningList();
  const waiting = new Map<StepState, Pending>();
  const introduced = new Set<StepState>();
  const transferSaidAt = new Map<string, number>();
  let floor: StepState | undefined;
  let saidAt = 0;
  let wroteAny = false;

  const take = (step: StepState): string => {
    let out = "";
    if (floor !== undefined && floor !== step && !isOver(floor)) out += `#${floor.number} ...\n`;
    if (floor !== step && wroteAny) out += "\n";
    if (floor !== step) out += `#${step.number} ${safeLine(step.name)}\n`;
    introduced.add(step);
    wroteAny = true;
    floor = step;
    const pending = waiting.get(step);
    waiting.delete(step);
    return out + (pending?.lines.map((line) => `${line}\n`).join("") ?? "");
  };

  const drain = (now: number): string => {
    let out = "";
    for (const { step } of waiting.values()) {
      if (floor !== undefined && !isOver(floor) && now - saidAt < SILENCE_MS) break;
      out += take(step);
      saidAt = now;
    }
    return out;
  };

  const say = (step: StepState, lines: readonly string[], now: number): string => {
    if (lines.length === 0 && introduced.has(step)) return drain(now);
    const pending = waiting.get(step) ?? { step, lines: [] };
    pending.lines.push(...lines);
    waiting.set(step, pending);
    if (floor !== step) return drain(now);
    saidAt = now;
    return take(step) + drain(now);
  };

  const linesOf = (event: BuildEvent, step: StepState, logged: readonly string[]): string[] => {
    const mark = `#${step.number}`;
    const lines = logged.map((line) =>
      `${mark} ${((event.at - (step.startedAt ?? event.at)) / 1000).toFixed(3)} ${safeLine(line)}`.trimEnd(),
    );
    if (event.type === "vertex.started" && explain && step.missed !== undefined)
      lines.push(`${mark} why: ${safeLine(formatReason(step.missed))}`);
    if (event.type === "vertex.cached") lines.push(`${mark} CACHED`);
    if (event.type === "vertex.done") lines.push(`${mark} DONE ${formatDuration(event.durationMs)}`);
    // The message itself is printed once, at the end, with its place and its hint.
    if (event.type === "vertex.failed") lines.push(`${mark} ERROR ${event.code}`);
    if (event.type === "vertex.cancelled") lines.push(`${mark} CANCELED`);
    if (event.type === "transfer") {
      const transfer = step.transfers.get(`${event.action} ${event.id}`);
      const key = `${event.vertex} ${event.action} ${event.id}`;
      const due = event.done || event.at - (transferSaidAt.get(key) ?? transfer?.startedAt ?? event.at) >= TRANSFER_EVERY_MS;
      if (transfer !== undefined && due) {
        transferSaidAt.set(key, event.at);
        lines.push(`${mark} ${formatTransfer(transfer)}${event.done ? " done" : ""}`);
      }
    }
    return lines;
  };

  return {
    event(event, { step, lines }) {
      if (event.type === "warning") {
        warnings.add(event);
        return "";
      }
      if (event.type === "result") return `${drain(Infinity)}=> ${formatResult(event)}\n`;
      if (event.type === "size") return `${drain(Infinity)}=> ${formatSizeEvent(event)}\n`;
      if (step === undefined || step.state === "planned") return "";
      return say(step, linesOf(event, step, lines), event.at);
    },
    end(_state, _nowMs, { isError }) {
      const rest = drain(Infinity);
      const listed = warnings.lines();
      const isSeparate = isError && (wroteAny || listed.length > 0);
      return rest + [...listed, ...(isSeparate ? [""] : [])].map((line) => `${line}\n`).join("");
    },
  };
}
