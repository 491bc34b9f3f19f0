/** Two builds or images beside each other: what is different, the largest first. */
import type { ReportData, ReportFileChange, ReportFinding, ReportPackage, ReportStep, ReportSubject } from "../data.ts";
import { h, section } from "./dom.ts";
import { STATES, workMs } from "./states.ts";
import { pathCell, table, twoLines } from "./table.ts";
import { change, count, duration, number, size } from "./text.ts";

/** The section. */
export function compareSection(before: ReportSubject, after: ReportSubject, changes: ReportData["fileChanges"]): HTMLElement {
  return section(
    "compare",
    "Comparison",
    numbers(before, after),
    before.build === undefined || after.build === undefined ? undefined : stepTable(before.build.steps, after.build.steps),
    before.image === undefined || after.image === undefined
      ? h("p", { class: "muted" }, "Files and packages are compared where both sides have an image.")
      : h(
          "div",
          {},
          packageTable(before.image.packages, after.image.packages),
          findingLists(before.image.findings, after.image.findings),
          changes === undefined ? undefined : h("div", {}, h("h3", {}, "Files"), fileTable(changes)),
        ),
  );
}

type Measure = readonly [label: string, of: (subject: ReportSubject) => number | undefined, format: (value: number) => string];

const MEASURES: readonly Measure[] = [
  ["Time", ({ build }) => (build?.finishedAt === undefined ? undefined : build.finishedAt - build.startedAt), duration],
  ["Steps that ran", ({ build }) => build?.steps.filter(({ state }) => state === "ran").length, number],
  ["Steps that were cached", ({ build }) => build?.steps.filter(({ state }) => state === "hit").length, number],
  ["Size of files", ({ image }) => image?.bytes, size],
  ["Files", ({ image }) => image?.fileCount, number],
  ["Layers", ({ image }) => image?.layers.length, number],
  ["Packages", ({ image }) => image?.packages.length, number],
  ["Findings", ({ image }) => image?.findings.length, number],
];

function numbers(before: ReportSubject, after: ReportSubject): HTMLElement {
  const rows = MEASURES.flatMap(([label, of, format]) => {
    const [a, b] = [of(before), of(after)];
    if (a === undefined && b === undefined) return [];
    const both = a !== undefined && b !== undefined;
    return [
      h(
        "tr",
        {},
        h("th", { scope: "row" }, label),
        h("td", { class: "number" }, a === undefined ? "–" : format(a)),
        h("td", { class: "number" }, b === undefined ? "–" : format(b)),
        h("td", { class: "number strong" }, both ? change(b - a, format) : ""),
      ),
    ];
  });
  return h(
    "table",
    { class: "plain sums" },
    h("caption", {}, `A: ${titleOf(before)}. B: ${titleOf(after)}.`),
    h(
      "thead",
      {},
      h("tr", {}, ...["", "A", "B", "Change"].map((title, at) => h("th", { scope: "col", class: at === 0 ? "" : "number" }, title))),
    ),
    h("tbody", {}, ...rows),
  );
}

/** Two builds of one project have the same title. */
export function titleOf({ title, build }: ReportSubject): string {
  return build === undefined ? title : `${title} (${build.id})`;
}

interface StepPair {
  readonly name: string;
  readonly before: ReportStep | undefined;
  readonly after: ReportStep | undefined;
}

function stepTable(before: readonly ReportStep[], after: readonly ReportStep[]): HTMLElement {
  const pairs = new Map<string, StepPair>();
  for (const step of before) pairs.set(step.name, { name: step.name, before: step, after: undefined });
  for (const step of after) pairs.set(step.name, { name: step.name, before: pairs.get(step.name)?.before, after: step });
  const told = (step: ReportStep | undefined): Node | string =>
    step === undefined
      ? "–"
      : h(
          "span",
          { class: "nowrap" },
          `${STATES[step.state].mark} ${workMs(step) === undefined ? STATES[step.state].word : duration(workMs(step) ?? 0)}`,
        );
  const time = (step: ReportStep | undefined): number => (step === undefined ? 0 : (workMs(step) ?? 0));
  return h(
    "div",
    {},
    h("h3", {}, "Steps"),
    table<StepPair>({
      caption: "Steps of both builds",
      noun: "step",
      rows: [...pairs.values()],
      sortBy: 3,
      searchText: ({ name }) => name,
      columns: [
        { title: "Step", cell: ({ name }) => h("span", { class: "mono fit", title: name }, name), key: ({ name }) => name },
        { title: "A", cell: ({ before: step }) => told(step), key: ({ before: step }) => time(step), isNumber: true, width: "6.5rem" },
        { title: "B", cell: ({ after: step }) => told(step), key: ({ after: step }) => time(step), isNumber: true, width: "6.5rem" },
        {
          title: "Change",
          cell: ({ before: a, after: b }) => change(time(b) - time(a), duration),
          key: ({ before: a, after: b }) => Math.abs(time(b) - time(a)),
          isNumber: true,
          width: "6rem",
        },
      ],
    }),
  );
}

interface PackagePair {
  readonly name: string;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
  readonly bytes: number;
}

function packageTable(before: readonly ReportPackage[], after: readonly ReportPackage[]): HTMLElement {
  const sides = [before, after].map((packages) => {
    const found = new Map<string, { readonly versions: Set<string>; bytes: number; readonly one: ReportPackage }>();
    for (const one of packages) {
      const key = `${one.kind} ${one.name}`;
      const known = found.get(key) ?? { versions: new Set<string>(), bytes: 0, one };
      known.versions.add(one.version);
      known.bytes += one.bytes;
      found.set(key, known);
    }
    return found;
  });
  const [olds, news] = [sides[0] ?? new Map(), sides[1] ?? new Map()] as const;
  const rows: PackagePair[] = [];
  for (const key of new Set([...olds.keys(), ...news.keys()])) {
    const [a, b] = [olds.get(key), news.get(key)];
    const one = b?.one ?? a?.one;
    const [old, now] = [[...(a?.versions ?? [])].join(", "), [...(b?.versions ?? [])].join(", ")];
    if (one === undefined || old === now) continue;
    rows.push({ name: one.name, kind: one.kind, before: old, after: now, bytes: (b?.bytes ?? 0) - (a?.bytes ?? 0) });
  }
  if (rows.length === 0) return h("div", {}, h("h3", {}, "Packages"), h("p", { class: "muted" }, "Both have the same packages."));
  return h(
    "div",
    {},
    h("h3", {}, "Packages"),
    table<PackagePair>({
      caption: "Packages that are new, gone or of another version",
      noun: "package",
      rows,
      sortBy: 1,
      rowHeight: 54,
      searchText: ({ name, kind }) => `${kind} ${name}`,
      columns: [
        { title: "Name", cell: ({ name, kind }) => twoLines(name, kind), key: ({ name }) => name },
        {
          title: "Version",
          cell: (row) =>
            twoLines(`A ${row.before === "" ? "– (new in B)" : row.before}`, `B ${row.after === "" ? "– (only in A)" : row.after}`),
          key: ({ before: old, after: now }) => (old === "" ? "2" : now === "" ? "3" : `1${now}`),
          width: "42%",
        },
        { title: "Size", cell: ({ bytes }) => change(bytes, size), key: ({ bytes }) => Math.abs(bytes), isNumber: true, width: "6rem" },
      ],
    }),
  );
}

function findingLists(before: readonly ReportFinding[], after: readonly ReportFinding[]): HTMLElement {
  const keyOf = ({ id, path, message }: ReportFinding): string => `${id} ${path ?? ""} ${message}`;
  const [olds, news] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  const added = after.filter((finding) => !olds.has(keyOf(finding)));
  const gone = before.filter((finding) => !news.has(keyOf(finding)));
  const list = (title: string, findings: readonly ReportFinding[]): HTMLElement =>
    h(
      "details",
      {},
      h("summary", {}, `${count(findings.length, "finding")} ${title}`),
      h(
        "ul",
        { class: "plain" },
        ...findings.map(({ severity, message, path }) => h("li", {}, `${severity}: ${message} `, h("code", {}, path ?? ""))),
      ),
    );
  return h("div", {}, h("h3", {}, "Audit"), list("that only B has", added), list("that only A has", gone));
}

function fileTable(changes: readonly ReportFileChange[]): HTMLElement {
  if (changes.length === 0) return h("p", { class: "muted" }, "Both have the same files.");
  const by = ({ before = 0, after = 0 }: ReportFileChange): number => after - before;
  return table<ReportFileChange>({
    caption: "Files that differ",
    noun: "file",
    rows: changes,
    sortBy: 2,
    searchText: ({ path, change: what }) => `${what} ${path}`,
    columns: [
      { title: "Path", cell: ({ path }) => pathCell(path), key: ({ path }) => path },
      { title: "What", cell: ({ change: what }) => what, key: ({ change: what }) => what, width: "6.5rem" },
      { title: "Change", cell: (row) => change(by(row), size), key: (row) => Math.abs(by(row)), isNumber: true, width: "6.5rem" },
    ],
  });
}
