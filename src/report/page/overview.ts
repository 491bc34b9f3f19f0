/** The head of a subject: what it is, how it went, and the few numbers that matter. */
import type { ReportSubject } from "../data.ts";
import { facts, h, placeText, section } from "./dom.ts";
import { logView } from "./log-view.ts";
import { shortName } from "./states.ts";
import { count, duration, moment, number, size } from "./text.ts";

const OUTCOMES = { done: "Build succeeded", failed: "Build failed", cancelled: "Build was stopped", running: "Build is running" } as const;

/** The section. */
export function overview(subject: ReportSubject): HTMLElement {
  const { build, image, notes } = subject;
  const failed =
    build?.steps.find(({ failure }) => failure !== undefined && failure.message === build.error) ??
    build?.steps.find(({ state }) => state === "failed");
  return section(
    "overview",
    "Overview",
    h(
      "ul",
      { class: "tiles" },
      ...numbersOf(subject).map(([label, value, more]) =>
        h("li", {}, h("span", { class: "label" }, label), h("strong", {}, value), more !== "" && h("span", { class: "muted small" }, more)),
      ),
    ),
    build?.error === undefined
      ? undefined
      : h(
          "div",
          { class: "callout bad" },
          h("h3", {}, OUTCOMES[build.state]),
          h("p", { class: "pre" }, build.error),
          failed?.failure?.hint !== undefined && h("p", {}, failed.failure.hint),
          failed?.log !== undefined && logView(lastLines(failed.log), `${failed.name}: its last lines`),
          failed === undefined
            ? undefined
            : h("p", {}, h("a", { href: `#step-${build.steps.indexOf(failed) + 1}` }, `See the step: ${shortName(failed)}`)),
        ),
    facts([
      ...(build === undefined
        ? []
        : ([
            ["Build", build.id],
            ["Started", moment(build.startedAt)],
            ["Platform", build.platforms.join(", ")],
          ] as const)),
      ...(image === undefined
        ? []
        : ([
            ["Image", image.name],
            ["Digest", image.digest],
            ...(build === undefined ? ([["Platform", image.platform]] as const) : []),
            ...image.facts,
          ] as const)),
    ]),
    build === undefined || build.results.length === 0
      ? undefined
      : h(
          "div",
          {},
          h("h3", {}, "Results"),
          h(
            "ul",
            { class: "plain" },
            ...build.results.map(({ kind, name, digest, bytes }) =>
              h(
                "li",
                {},
                `${kind} `,
                h("code", {}, name),
                digest !== undefined && h("span", { class: "muted break" }, ` ${digest}`),
                bytes !== undefined && ` ${size(bytes)}`,
              ),
            ),
          ),
        ),
    build === undefined || build.warnings.length === 0
      ? undefined
      : h(
          "div",
          {},
          h("h3", {}, "Warnings of the build"),
          h(
            "ul",
            { class: "plain" },
            ...build.warnings.map(({ code, message, place }) =>
              h("li", {}, h("code", {}, code), ` ${message} `, h("span", { class: "muted" }, placeText(place))),
            ),
          ),
        ),
    ...notes.map((note) => h("p", { class: "muted" }, note)),
  );
}

const LAST_LINES = 12;

function lastLines(log: string): string {
  return log.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
}

function numbersOf({ build, image }: ReportSubject): (readonly [label: string, value: string, more: string])[] {
  const numbers: (readonly [string, string, string])[] = [];
  if (build !== undefined) {
    const { state, startedAt, finishedAt, steps, stages } = build;
    const ran = steps.filter((step) => step.state === "ran").length;
    const hits = steps.filter((step) => step.state === "hit").length;
    const needed = stages.filter(({ isNeeded }) => isNeeded).length;
    numbers.push(
      [OUTCOMES[state], finishedAt === undefined ? "–" : duration(finishedAt - startedAt), "from start to end"],
      ["Steps", number(steps.length), `${number(ran)} ran, ${number(hits)} cached`],
    );
    if (stages.length > 0)
      numbers.push([
        "Stages",
        number(needed),
        needed === stages.length ? "all needed" : `of ${number(stages.length)}; the others were left out`,
      ]);
  }
  if (image !== undefined) {
    const { bytes, fileCount, layers, packages, findings } = image;
    const errors = findings.filter(({ severity }) => severity === "error").length;
    const warnings = findings.filter(({ severity }) => severity === "warning").length;
    numbers.push(
      ["Size of files", size(bytes), `${count(fileCount, "file")}${layers.length === 0 ? "" : `, ${count(layers.length, "layer")}`}`],
      ["Packages", number(packages.length), ""],
      ["Audit", errors > 0 ? "incomplete" : "complete", `${count(errors, "error")}, ${count(warnings, "warning")}`],
    );
    if (image.leftBehind !== undefined) numbers.push(["Left behind", size(image.leftBehind.bytes), "in build stages"]);
  }
  return numbers;
}
