/** Every step with its reason, its failure and its output. */
import type { ReportBuild, ReportPlace, ReportStep } from "../data.ts";
import { choice, facts, h, placeText, section } from "./dom.ts";
import { logView } from "./log-view.ts";
import { shortName, stateBadge, waitMs, workMs } from "./states.ts";
import { count, duration, size } from "./text.ts";

type Filter = "all" | "ran" | "hit" | "failed" | "output";

/** The section; undefined where there are no steps. */
export function stepsSection(build: ReportBuild): HTMLElement | undefined {
  const { steps } = build;
  if (steps.length === 0) return undefined;
  const items = steps.map((step, at) => ({ step, element: stepItem(step, at, build) }));
  const status = h("p", { class: "muted small", role: "status" }, count(steps.length, "step"));
  const list = h("div", { class: "steps" }, ...items.map(({ element }) => element));
  const show = (filter: Filter): void => {
    let shown = 0;
    for (const { step, element } of items) {
      element.hidden = !fits(step, filter);
      if (!element.hidden) shown += 1;
    }
    status.textContent = shown === steps.length ? count(shown, "step") : `${shown} of ${count(steps.length, "step")}`;
  };
  const filters: (readonly [Filter, string])[] = [
    ["all", "All"],
    ["ran", "Ran"],
    ["hit", "Cached"],
    ["failed", "Failed"],
    ["output", "With output"],
  ];
  return section(
    "steps",
    "Steps and logs",
    h(
      "div",
      { class: "bar" },
      choice(
        "Show",
        filters.filter(([filter]) => filter === "all" || steps.some((step) => fits(step, filter))),
        "all",
        show,
      ),
      status,
    ),
    list,
  );
}

function fits(step: ReportStep, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "output" ? step.log !== undefined : step.state === filter;
}

function stepItem(step: ReportStep, at: number, build: ReportBuild): HTMLElement {
  const work = workMs(step);
  const body = h("div", { class: "body" });
  let isFilled = false;
  const item = h(
    "details",
    {
      id: `step-${at + 1}`,
      class: `step s-${step.state}`,
      ontoggle: () => {
        if (isFilled || !item.open) return;
        isFilled = true;
        body.append(...stepBody(step, build));
      },
    },
    h(
      "summary",
      {},
      stateBadge(step.state),
      h("span", { class: "mono name", title: step.name }, shortName(step)),
      h("span", { class: "time" }, work === undefined ? "" : duration(work)),
    ),
    body,
  );
  if (step.state === "failed") item.open = true;
  return item;
}

function stepBody(step: ReportStep, build: ReportBuild): Node[] {
  const wait = waitMs(step, build.steps);
  const moved = step.transfers.filter(({ bytes }) => bytes > 0);
  return [
    ...(step.failure === undefined ? [] : [failureBox(step.failure)]),
    facts([
      ["Why", whyOf(step)],
      ["Stage", step.stage],
      ["Written in", placeText(step.place)],
      ["Worked", workMs(step) === undefined ? "" : duration(workMs(step) ?? 0)],
      ["Waited to start", wait === undefined || wait < 1 ? "" : duration(wait)],
      ["Needs", waitedFor(step, build.steps)],
    ]),
    ...(moved.length === 0
      ? []
      : [
          h(
            "ul",
            { class: "plain small" },
            ...moved.map(({ action, id, bytes }) => h("li", {}, `${action} ${size(bytes)} `, h("span", { class: "muted break" }, id))),
          ),
        ]),
    ...(step.log === undefined ? [h("p", { class: "muted small" }, "It wrote nothing.")] : [logView(step.log, step.name)]),
  ];
}

/** Always there, so that a reader knows where to look. Sources have no reason to run. */
function whyOf({ state, why, place }: ReportStep): string {
  if (why !== undefined) return why;
  if (place === undefined) return "";
  return state === "hit" ? "a result of an earlier build" : state === "planned" ? "" : "not recorded";
}

function waitedFor({ inputs }: ReportStep, steps: readonly ReportStep[]): Node | undefined {
  if (inputs.length === 0) return undefined;
  return h(
    "span",
    {},
    ...inputs.flatMap((input, at) => [
      at > 0 && ", ",
      h("a", { href: `#step-${input + 1}` }, steps[input] === undefined ? "" : shortName(steps[input])),
    ]),
  );
}

function failureBox({ code, message, hint, places }: NonNullable<ReportStep["failure"]>): HTMLElement {
  return h(
    "div",
    { class: "callout bad" },
    h("p", {}, h("code", {}, code), " ", h("span", { class: "muted" }, places.map((place: ReportPlace) => placeText(place)).join(", "))),
    h("p", { class: "pre" }, message),
    hint !== undefined && h("p", {}, hint),
  );
}
