/** The stages as a graph, with what each came to; those that the target does without are outlined, or listed where they are many. */
import { type Edge, Graph, layout } from "@dagrejs/dagre";
import { curveBasis, line } from "d3-shape";
import type { ReportBuild, ReportStage } from "../data.ts";
import { facts, h, placeText, s, section } from "./dom.ts";
import { roving } from "./roving.ts";
import { shortName, stateBadge, stepsOfStage, workMs } from "./states.ts";
import { count, duration } from "./text.ts";

/** How large nodes are, in pixels: with everything that is told of a stage, or of many stages the name and the outcome only. */
const FULL = { width: 196, height: 74, letters: 25, gap: 18 } as const;
const SMALL = { width: 172, height: 32, letters: 15, gap: 7 } as const;
const MAX_FULL = 18;
/** More stages that are not needed than these are in a list only. */
const MAX_PRUNED = 12;
/** A graph of more stages than these takes too long to lay out, and nobody can read it. */
const MAX_DRAWN = 150;

/** The section; undefined where the build did not come to a plan. */
export function stagesSection(build: ReportBuild): HTMLElement | undefined {
  const { stages } = build;
  if (stages.length === 0) return undefined;
  const pruned = stages.filter(({ isNeeded }) => !isNeeded);
  const drawn = stages.filter(({ isNeeded }) => isNeeded || pruned.length <= MAX_PRUNED);
  const detail = h("div", { class: "detail", "aria-live": "polite" });
  const choose = (stage: ReportStage): void => detail.replaceChildren(stageDetail(stage, build));
  const target = stages.find(({ isTarget }) => isTarget) ?? stages[0];
  if (target !== undefined) choose(target);
  return section(
    "stages",
    "Stages",
    h("p", { class: "muted" }, `${describe(build, pruned.length)} Choose a stage to see its steps.`),
    drawn.length > MAX_DRAWN ? stageList(drawn, choose) : graph(drawn, build, choose),
    detail,
    drawn.length <= MAX_DRAWN && drawn.length === stages.length
      ? undefined
      : h(
          "details",
          {},
          h("summary", {}, `${count(pruned.length, "stage")} that the target does without`),
          h(
            "ul",
            { class: "columns" },
            ...pruned.map(({ name, place }) =>
              h("li", {}, h("code", {}, name), " ", h("span", { class: "muted small" }, placeText(place))),
            ),
          ),
        ),
  );
}

function describe({ stages, platforms }: ReportBuild, pruned: number): string {
  const needed = stages.length - pruned;
  const targets = stages.filter(({ isTarget }) => isTarget).length;
  const where = platforms.length > 1 ? ` For ${platforms[0] ?? ""}, of ${count(platforms.length, "platform")}.` : "";
  return `${count(needed, "stage")} needed for ${targets === 1 ? "the target" : `the ${count(targets, "target")}`}${pruned === 0 ? "" : `; ${count(pruned, "other was", "others were")} neither read nor built`}.${where}`;
}

function outcome(stage: ReportStage, build: ReportBuild): { readonly text: string; readonly state: string; readonly ms: number } {
  if (!stage.isNeeded) return { text: "not needed", state: "pruned", ms: 0 };
  const steps = stepsOfStage(build.steps, stage.name, build.stages.length === 1).map(([step]) => step);
  const has = (state: string): number => steps.filter((step) => step.state === state).length;
  const ms = steps.reduce((sum, step) => sum + (workMs(step) ?? 0), 0);
  const [ran, hits] = [has("ran"), has("hit")];
  if (has("failed") > 0) return { text: "✕ failed", state: "failed", ms };
  if (ran === 0 && hits > 0) return { text: `○ ${hits} cached`, state: "hit", ms };
  if (ran === 0) return { text: "no steps of its own", state: "hit", ms };
  return { text: `● ${ran} ran${hits > 0 ? `, ○ ${hits} cached` : ""}`, state: "ran", ms };
}

type Look = typeof FULL | typeof SMALL;

function graph(drawn: readonly ReportStage[], build: ReportBuild, choose: (stage: ReportStage) => void): HTMLElement {
  const look = drawn.length > MAX_FULL ? SMALL : FULL;
  const plan = new Graph();
  const rankdir = innerWidth < 640 && look === FULL ? "TB" : "LR";
  plan.setGraph({ rankdir, nodesep: look.gap, ranksep: 44, marginx: 6, marginy: 6 });
  plan.setDefaultEdgeLabel(() => ({}));
  const position = new Map(build.stages.map((stage, at) => [stage, at]));
  for (const stage of drawn) plan.setNode(String(position.get(stage)), { width: look.width, height: look.height });
  for (const stage of drawn)
    for (const need of stage.needs) if (plan.hasNode(String(need))) plan.setEdge(String(need), String(position.get(stage)));
  layout(plan);
  const { width = look.width, height = look.height } = plan.graph();
  const curve = line<{ readonly x: number; readonly y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveBasis);
  const edges = plan
    .edges()
    .map((edge: Edge) => s("path", { class: "edge", d: curve(plan.edge(edge).points ?? []) ?? "", "marker-end": "url(#arrow)" }));
  const nodes = drawn.map((stage) => {
    const { x = 0, y = 0 } = plan.node(String(position.get(stage)));
    return node(stage, { x: x - look.width / 2, y: y - look.height / 2, look, ...outcome(stage, build) }, choose);
  });
  const drawing = s(
    "svg",
    {
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      role: "group",
      "aria-label": "Graph of stages",
    },
    s(
      "defs",
      {},
      s(
        "marker",
        { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
        s("path", { d: "M0 0 8 4 0 8z" }),
      ),
    ),
    ...edges,
    ...nodes,
  );
  roving(drawing, ".node", "plane");
  const box = h("div", { class: "graph" }, drawing);
  const target = plan.node(String(build.stages.findIndex(({ isTarget }) => isTarget)));
  // A large graph is scrolled to what was asked for.
  requestAnimationFrame(() => box.scrollTo((target?.x ?? 0) - box.clientWidth / 2, (target?.y ?? 0) - box.clientHeight / 2));
  return box;
}

interface NodeLook {
  readonly x: number;
  readonly y: number;
  readonly look: Look;
  readonly text: string;
  readonly state: string;
  readonly ms: number;
}

function node(stage: ReportStage, told: NodeLook, choose: (stage: ReportStage) => void): SVGElement {
  const { x, y, look, text, state } = told;
  const act = (event: Event): void => {
    if (event instanceof KeyboardEvent && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(stage);
    const all = event.currentTarget instanceof Element ? event.currentTarget.parentElement?.querySelectorAll(".node") : undefined;
    for (const one of all ?? []) one.setAttribute("aria-pressed", one === event.currentTarget ? "true" : "false");
  };
  return s(
    "g",
    {
      class: `node n-${state}`,
      transform: `translate(${x} ${y})`,
      role: "button",
      "aria-pressed": stage.isTarget ? "true" : "false",
      "aria-label": `${stage.name}${stage.isTarget ? ", the target" : ""}: ${text}`,
      onclick: act,
      onkeydown: act,
    },
    s("rect", { width: look.width, height: look.height, rx: 8 }),
    ...(look === FULL ? fullTexts(stage, told) : smallTexts(stage, told)),
  );
}

function fullTexts(stage: ReportStage, { look, text, ms }: NodeLook): Node[] {
  const end = { x: look.width - 12, "text-anchor": "end" };
  const base = stage.base === "" ? "" : `FROM ${stage.base}`;
  return [
    s("text", { x: 12, y: 23, class: "name" }, cut(stage.name, look.letters - (stage.isTarget ? 8 : 0))),
    ...(stage.isTarget ? [s("text", { ...end, y: 23, class: "tag" }, "target")] : []),
    s("text", { x: 12, y: 42, class: "base" }, cut(base, look.letters + 1)),
    s("text", { x: 12, y: 61, class: "outcome" }, text),
    ...(ms > 0 ? [s("text", { ...end, y: 61, class: "time" }, duration(ms))] : []),
  ];
}

/** The mark of the outcome, and the time. */
function smallTexts(stage: ReportStage, { look, text, state, ms }: NodeLook): Node[] {
  const mark = state === "pruned" ? "" : (/^\S(?= )/.exec(text)?.[0] ?? "");
  const more = ms > 0 ? `${mark} ${duration(ms)}` : mark;
  return [
    s("text", { x: 10, y: 21, class: "name" }, cut(stage.name, look.letters - (ms > 0 ? 3 : 0))),
    s("text", { x: look.width - 10, y: 21, class: "time", "text-anchor": "end" }, more),
  ];
}

function stageList(drawn: readonly ReportStage[], choose: (stage: ReportStage) => void): HTMLElement {
  const list = h(
    "ul",
    { class: "columns" },
    ...drawn.map((stage) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => choose(stage) }, stage.name))),
  );
  roving(list, "button", "list");
  return list;
}

function stageDetail(stage: ReportStage, build: ReportBuild): HTMLElement {
  const steps = stepsOfStage(build.steps, stage.name, build.stages.length === 1);
  const needs = stage.needs.map((need) => build.stages[need]?.name ?? "").join(", ");
  return h(
    "div",
    {},
    h("h3", {}, `Stage ${stage.name}`),
    facts([
      ["From", stage.base],
      ["Needs", needs],
      ["Written in", placeText(stage.place)],
      ["Result", outcome(stage, build).text],
    ]),
    steps.length === 0
      ? h(
          "p",
          { class: "muted" },
          stage.isNeeded ? "It has no steps of its own." : "The target does without it: none of its steps was looked at.",
        )
      : h(
          "ol",
          { class: "steplist" },
          ...steps.map(([step, at]) =>
            h(
              "li",
              {},
              stateBadge(step.state),
              h("a", { href: `#step-${at + 1}`, class: "mono" }, shortName(step)),
              h("span", { class: "muted small" }, workMs(step) === undefined ? "" : duration(workMs(step) ?? 0)),
              h("span", { class: "why small" }, step.why ?? ""),
            ),
          ),
        ),
  );
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
