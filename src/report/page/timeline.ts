/** When each step worked and waited, and how many worked at the same time. */
import { area, curveStepAfter } from "d3-shape";
import type { ReportBuild, ReportStep } from "../data.ts";
import { choice, h, place, s, section } from "./dom.ts";
import { roving } from "./roving.ts";
import { readyAt, shortName, STATES, waitMs, workMs } from "./states.ts";
import { count, duration } from "./text.ts";

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The section; undefined where no step has a time. */
export function timelineSection(build: ReportBuild): HTMLElement | undefined {
  const { steps } = build;
  const ends = steps.flatMap(({ endedAt, startedAt }) => [endedAt ?? startedAt ?? 0]).filter((at) => at > 0);
  if (ends.length === 0) return undefined;
  const all: Span = { from: build.startedAt, to: Math.max(build.finishedAt ?? 0, ...ends, build.startedAt + 1) };
  const worked = steps.filter((step) => workMs(step) !== undefined).toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  const rows = h("ol", { class: "rows-of-time" });
  const settle = roving(rows, "a", "list");
  const show = (which: "worked" | "all"): void => {
    const chosen = which === "all" ? steps : worked;
    rows.replaceChildren(...chosen.map((step) => row(step, steps, all)));
    settle();
  };
  show(worked.length > 0 ? "worked" : "all");
  const busy = worked.reduce((sum, step) => sum + (workMs(step) ?? 0), 0);
  const took = all.to - all.from;
  return section(
    "timeline",
    "Timeline",
    h(
      "p",
      { class: "muted" },
      `${count(worked.length, "step")} worked for ${duration(busy)} in ${duration(took)}: on average ${(busy / took).toFixed(1)} at once${build.cores === undefined ? "" : `, on ${count(build.cores, "core")}`}.`,
    ),
    choice(
      "Show",
      [
        ["worked", "Steps that worked"],
        ["all", "All steps"],
      ],
      worked.length > 0 ? "worked" : "all",
      show,
    ),
    h("div", { class: "timeline" }, strip(worked, all, build.cores), axis(all), rows),
    h(
      "p",
      { class: "key muted small" },
      h("span", { class: "swatch work" }),
      " working ",
      h("span", { class: "swatch wait" }),
      " waiting, with all its inputs there ",
      h("span", { class: "swatch bad" }),
      " failed ",
      h("span", { class: "swatch hit" }),
      " cached",
    ),
  );
}

function percent(at: number, { from, to }: Span): string {
  return `${(((at - from) / (to - from)) * 100).toFixed(3)}%`;
}

function row(step: ReportStep, steps: readonly ReportStep[], all: Span): HTMLElement {
  const at = steps.indexOf(step);
  const track = h("span", { class: "track", "aria-hidden": "true" });
  const [wait, work] = [waitMs(step, steps), workMs(step)];
  const add = (name: string, from: number, to: number): void => {
    const bar = h("span", { class: `span ${name}` });
    place(bar, { left: percent(from, all), width: `max(2px, ${percent(all.from + Math.max(0, to - from), all)})` });
    track.append(bar);
  };
  if (wait !== undefined && wait > 1 && step.startedAt !== undefined) add("wait", readyAt(step, steps), step.startedAt);
  if (step.startedAt !== undefined && step.endedAt !== undefined && step.state !== "hit")
    add(step.state === "failed" ? "bad" : "work", step.startedAt, step.endedAt);
  if (step.state === "hit" && step.endedAt !== undefined) add("hit", step.endedAt, step.endedAt);
  const told = work === undefined ? STATES[step.state].word : duration(work);
  const waited = wait !== undefined && wait >= 10 ? `, waited ${duration(wait)}` : "";
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#step-${at + 1}`, title: `${step.name}: ${told}${waited}` },
      h("span", { class: "mono name" }, shortName(step)),
      h("span", { class: "hidden" }, `: ${STATES[step.state].word},`),
      h("span", { class: "time" }, told),
      h("span", { class: "hidden" }, waited),
    ),
    track,
  );
}

const STEPS = [1, 2, 5];

/** Round times, at most six. */
function ticks(length: number): number[] {
  let unit = 1;
  for (let at = 0; length / unit > 6; at += 1) unit = (STEPS[at % 3] ?? 1) * 10 ** Math.floor(at / 3);
  return Array.from({ length: Math.floor(length / unit) + 1 }, (_, at) => at * unit);
}

function axis(all: Span): HTMLElement {
  const length = all.to - all.from;
  // A label at the end would stick out.
  const shown = ticks(length).filter((ms) => ms <= length * 0.85);
  const marks = shown.map((ms) => {
    const mark = h("span", {}, ms === 0 ? "0" : duration(ms));
    place(mark, { left: percent(all.from + ms, all) });
    return mark;
  });
  return h("div", { class: "axis", "aria-hidden": "true" }, ...marks);
}

/** How many steps worked at each moment. */
function strip(worked: readonly ReportStep[], all: Span, cores: number | undefined): HTMLElement {
  const changes = worked
    .flatMap(({ startedAt = 0, endedAt = 0 }) => [[startedAt, 1] as const, [endedAt, -1] as const])
    .toSorted(([a, up], [b, other]) => a - b || up - other);
  let running = 0;
  const points: (readonly [at: number, running: number])[] = [[all.from, 0]];
  for (const [at, by] of changes) points.push([at, (running += by)]);
  points.push([all.to, 0]);
  const most = Math.max(1, cores ?? 0, ...points.map(([, value]) => value));
  const high = (value: number): number => 40 - (value / most) * 38;
  const shape = area<readonly [number, number]>()
    .x(([at]) => ((at - all.from) / (all.to - all.from)) * 1000)
    .y0(40)
    .y1(([, value]) => high(value))
    .curve(curveStepAfter);
  const peak = Math.max(0, ...points.map(([, value]) => value));
  return h(
    "div",
    { class: "strip" },
    h(
      "span",
      { class: "muted small" },
      `Steps at once: at most ${peak}`,
      cores === undefined ? "" : h("span", { class: "core-key" }, `${count(cores, "core")}`),
    ),
    s(
      "svg",
      { viewBox: "0 0 1000 42", preserveAspectRatio: "none", role: "img", "aria-label": `At most ${count(peak, "step")} at once` },
      s("path", { class: "area", d: shape(points) ?? "" }),
      cores !== undefined && s("line", { class: "cores", x1: 0, x2: 1000, y1: high(cores), y2: high(cores) }),
    ),
  );
}
