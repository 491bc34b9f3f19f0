/** What an audit found, the worst first. */
import type { ReportFinding, ReportImage } from "../data.ts";
import { choice, h, placeText, section } from "./dom.ts";
import { layerLabel } from "./byte-tree.ts";
import { count } from "./text.ts";

const SEVERITIES = ["error", "warning", "note"] as const;
const MARKS = { error: "✕", warning: "▲", note: "i" } as const;
const GROUPS: Readonly<Record<string, string>> = {
  run: "Will it run",
  distroless: "Is it distroless",
  "run-as": "Who it runs as",
  size: "Size",
};

/** The section. */
export function auditSection(image: ReportImage): HTMLElement {
  const { findings, allowed } = image;
  if (findings.length === 0 && allowed.length === 0) return section("audit", "Audit", h("p", { class: "muted" }, "Nothing was found."));
  const items = findings.map((finding) => ({ finding, element: item(finding, image) }));
  const show = (which: "all" | ReportFinding["severity"]): void => {
    for (const { finding, element } of items) element.hidden = which !== "all" && finding.severity !== which;
  };
  const filters = SEVERITIES.flatMap((severity) => {
    const found = findings.filter((finding) => finding.severity === severity).length;
    return found === 0 ? [] : [[severity, count(found, severity)] as const];
  });
  return section(
    "audit",
    "Audit",
    choice<"all" | ReportFinding["severity"]>("Show", [["all", "All"], ...filters], "all", show),
    h("ul", { class: "findings" }, ...items.map(({ element }) => element)),
    allowed.length === 0
      ? undefined
      : h(
          "details",
          {},
          h("summary", {}, `${count(allowed.length, "finding")} that the policy allows`),
          h("ul", { class: "findings" }, ...allowed.map(({ finding, reason }) => item(finding, image, reason))),
        ),
  );
}

function item(
  { id, severity, group, message, remedy, path, layer, place }: ReportFinding,
  { layers }: ReportImage,
  reason?: string,
): HTMLElement {
  const brought = layers[layer ?? -1];
  return h(
    "li",
    { class: `finding f-${severity}` },
    h("span", { class: `badge f-${severity}` }, h("span", { "aria-hidden": "true" }, MARKS[severity]), ` ${severity}`),
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, message)),
      path !== undefined && h("p", { class: "mono small break" }, path),
      h("p", {}, remedy),
      reason !== undefined && h("p", {}, `Allowed: ${reason}`),
      h(
        "p",
        { class: "muted small break" },
        [id, GROUPS[group] ?? group, placeText(place), brought === undefined ? "" : layerLabel(brought, layer ?? 0)]
          .filter((text) => text !== "")
          .join(" · "),
      ),
    ),
  );
}
