/** An audit as text for a terminal of 80 to 120 columns. Pure. */
import type { AuditGroup, AuditReport, ReportedFinding, Severity } from "../../index.ts";
import { safeLine, type Paint, type Style } from "../style.ts";
import { leftBehindLines } from "./left-behind-text.ts";
import { sizeLines } from "./size-text.ts";
import { plural, wrap } from "./wrap-text.ts";

/** How it is shown. */
export interface AuditTextOptions {
  readonly style: Style;
  /** Default 100; at least 60 are used. */
  readonly columns?: number | undefined;
}

const GROUPS: readonly (readonly [AuditGroup, string])[] = [
  ["run", "It will run"],
  ["run-as", "It can run as configured"],
  ["distroless", "It is distroless"],
  ["size", "Where the bytes are"],
];
const MIN_COLUMNS = 60;
const DEFAULT_COLUMNS = 100;
const MAX_COLUMNS = 120;
/** So many findings of one kind are shown in full; of the others the paths. */
const SHOWN_IN_FULL = 3;
const PATHS_SHOWN = 8;
const MARK: Readonly<Record<Severity, string>> = { error: "✗", warning: "!", note: "·" };

/** The lines of a report. */
export function auditText(report: AuditReport, { style, columns = DEFAULT_COLUMNS }: AuditTextOptions): string[] {
  const width = Math.max(MIN_COLUMNS, Math.min(columns, MAX_COLUMNS));
  const lines = [`${style.bold(safeLine(report.name))} ${style.dim(report.platform)}`, verdictLine(report, style)];
  for (const [group, title] of GROUPS) {
    const findings = report.findings.filter((finding) => finding.group === group);
    lines.push("", headline(title, findings, style), ...byKind(findings).flatMap((same) => kindLines(same, report, style, width)));
    if (group === "size") lines.push(...sizeLines(report, style, width));
  }
  if (report.leftBehind !== undefined)
    lines.push("", style.bold("What was left behind"), ...leftBehindLines(report.leftBehind, style, width));
  if (report.allowed.length > 0) {
    lines.push("", style.bold("Allowed by the policy"));
    for (const { finding, reason } of report.allowed)
      lines.push(
        ...wrap(safeLine(`${finding.id}${finding.path === undefined ? "" : ` ${finding.path}`}: ${reason}`), width, "  · ", "    "),
      );
  }
  return lines;
}

/** "✗ incomplete: 2 errors, 1 warning, 0 notes" */
function verdictLine({ verdict, counts }: AuditReport, style: Style): string {
  const told = `${plural(counts.error, "error")}, ${plural(counts.warning, "warning")}, ${plural(counts.note, "note")}`;
  return verdict === "complete" ? `${style.green("✔ complete")}: ${told}` : `${style.red("✗ incomplete")}: ${told}`;
}

function headline(title: string, findings: readonly ReportedFinding[], style: Style): string {
  const worst = findings[0]?.severity;
  const mark = worst === undefined || worst === "note" ? style.green("✔") : colour(worst, style)(MARK[worst]);
  return `${mark} ${style.bold(title)}`;
}

function byKind(findings: readonly ReportedFinding[]): ReportedFinding[][] {
  const kinds = new Map<string, ReportedFinding[]>();
  for (const finding of findings) {
    const key = `${finding.severity} ${finding.id}`;
    const same = kinds.get(key);
    if (same === undefined) kinds.set(key, [finding]);
    else same.push(finding);
  }
  return [...kinds.values()];
}

function kindLines(findings: readonly ReportedFinding[], report: AuditReport, style: Style, width: number): string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const paint = colour(first.severity, style);
  const head = (rest: string): string => `  ${paint(`${MARK[first.severity]} ${first.severity}`)} ${style.bold(first.id)}${rest}`;
  const remedy = (text: string): string[] => wrap(safeLine(text), width, "      → ", "        ").map(style.cyan);
  if (findings.length <= SHOWN_IN_FULL) {
    return findings.flatMap((finding, index) => [
      head(finding.path === undefined ? "" : ` ${safeLine(finding.path)}`),
      ...wrap(safeLine(finding.message), width, "      ", "      "),
      ...origin(finding, report).flatMap((text) => wrap(text, width, "      ", "      ").map(style.dim)),
      // Neighbours often have the same advice.
      ...(findings[index + 1]?.remedy === finding.remedy ? [] : remedy(finding.remedy)),
    ]);
  }
  const paths = findings.flatMap(({ path }) => path ?? []);
  const more = findings.length - PATHS_SHOWN;
  const list = paths.length === 0 ? findings.map(({ message }) => message) : paths;
  return [
    head(` ${findings.length} times`),
    ...wrap(safeLine(`${first.message}`), width, "      ", "      "),
    ...list.slice(0, PATHS_SHOWN).flatMap((text) => wrap(safeLine(text), width, "      - ", "        ")),
    ...(more > 0 ? [style.dim(`      and ${more} more (--format json has all)`)] : []),
    ...remedy(first.remedy),
  ];
}

/** "Dockerfile:7:1 COPY --from=build /app /app", or what the history says. */
function origin({ layer, source }: ReportedFinding, report: AuditReport): string[] {
  const from = layer === undefined ? undefined : report.layers[layer];
  const instruction = from?.instruction ?? from?.createdBy ?? "";
  const place = source === undefined ? (layer === undefined ? "" : `layer ${layer + 1}`) : `${safeLine(source.file)}:${source.line}`;
  const text = [place, safeLine(instruction)].filter((part) => part !== "").join(" ");
  return text === "" ? [] : [text];
}

function colour(severity: Severity, style: Style): Paint {
  return severity === "error" ? style.red : severity === "warning" ? style.yellow : style.dim;
}
