/** The page: reads its data from the document and builds one section after the other. */
import type { ReportData, ReportSubject } from "../data.ts";
import { auditSection } from "./audit.ts";
import { bytesSection } from "./bytes.ts";
import { compareSection, titleOf } from "./compare.ts";
import { choice, h } from "./dom.ts";
import { overview } from "./overview.ts";
import { packagesSection } from "./packages.ts";
import { stagesSection } from "./stages.ts";
import { stepsSection } from "./steps.ts";
import { visible } from "./text.ts";
import { timelineSection } from "./timeline.ts";

const TITLES: Readonly<Record<string, string>> = {
  compare: "Comparison",
  overview: "Overview",
  stages: "Stages",
  timeline: "Timeline",
  steps: "Steps",
  bytes: "Bytes",
  audit: "Audit",
  packages: "Packages",
};

// Written by the report itself, in the form of these types.
const data = JSON.parse(document.getElementById("data")?.textContent ?? "null") as ReportData;
const [first, second] = data.subjects;
const compared = first === undefined || second === undefined ? undefined : compareSection(first, second, data.fileChanges);
const main = h("main", { id: "main", tabindex: -1 });
const links = h("ul", {});
const shown = new Map<ReportSubject, readonly HTMLElement[]>();

function show(subject: ReportSubject): void {
  const sections = shown.get(subject) ?? sectionsOf(subject);
  shown.set(subject, sections);
  const all = [compared, ...sections].filter((section) => section !== undefined);
  main.replaceChildren(...[compared, which, ...sections].filter((element) => element !== undefined));
  links.replaceChildren(...all.map(({ id }) => h("li", {}, h("a", { href: `#${id}` }, TITLES[id] ?? id))));
}

function sectionsOf(subject: ReportSubject): HTMLElement[] {
  const { build, image } = subject;
  return [
    overview(subject),
    ...(build === undefined ? [] : [stagesSection(build), timelineSection(build), stepsSection(build)]),
    ...(image === undefined ? [] : [bytesSection(image), auditSection(image), packagesSection(image)]),
  ].filter((section) => section !== undefined);
}

/** What can be shown below: one of two subjects, or the same build with one of its images. */
function parts(): (readonly [label: string, subject: ReportSubject])[] {
  if (first !== undefined && second !== undefined) {
    return [
      [`A: ${titleOf(first)}`, first],
      [`B: ${titleOf(second)}`, second],
    ];
  }
  const { image, otherImages = [] } = first ?? {};
  if (image === undefined || otherImages.length === 0) return [];
  return [image, ...otherImages].map((each) => [`${each.name} ${each.platform}`, { notes: [], title: "", ...first, image: each }]);
}

const shownParts = parts();
const initial = second === undefined ? 0 : 1;
const which =
  shownParts.length === 0
    ? undefined
    : choice(
        second === undefined ? "Image" : "Below",
        shownParts.map(([label], at) => [String(at), label] as const),
        String(initial),
        (at) => {
          const [, chosen] = shownParts[Number(at)] ?? [];
          if (chosen !== undefined) show(chosen);
        },
      );
which?.classList.add("which");

const title = data.subjects.map((subject) => subject.title).join(" → ");
document.title = `${visible(title)} · Decant report`;
document.body.append(
  h("a", { class: "skip", href: "#main" }, "Skip to the content"),
  h(
    "header",
    {},
    h(
      "div",
      {},
      h("p", { class: "muted small" }, second === undefined ? "Decant report" : "Decant report: comparison"),
      h("h1", {}, title),
    ),
  ),
  h("nav", { class: "sections", "aria-label": "Sections" }, links),
  main,
  h(
    "footer",
    {},
    h(
      "p",
      { class: "muted small" },
      `Made by Decant ${data.version}. This page holds all of its data, and asks for nothing from the network.`,
    ),
  ),
);
const subject = shownParts[initial]?.[1] ?? first;
if (subject === undefined) main.append(h("p", {}, "There is nothing to show."));
else show(subject);

/** A link to a step opens it. */
function openTarget(): void {
  if (!/^#step-\d+$/.test(location.hash)) return;
  const step = document.getElementById(location.hash.slice(1));
  if (!(step instanceof HTMLDetailsElement)) return;
  if (step.hidden) step.hidden = false;
  step.open = true;
  step.scrollIntoView({ block: "start" });
  step.querySelector("summary")?.focus({ preventScroll: true });
}

addEventListener("hashchange", openTarget);
document.addEventListener("click", (event) => {
  // A second click on the same link changes no address.
  const link = event.target instanceof Element ? event.target.closest('a[href^="#step-"]') : null;
  if (link !== null && link.getAttribute("href") === location.hash) openTarget();
});
openTarget();
