/** What an audit gives. Plain data; `reportJson` makes the documented JSON of it. */
import { type EventSource, eventSource } from "../events.ts";
import type { LeftBehind } from "./left-behind.ts";
import type { AllowedFinding } from "./policy.ts";
import type { SizeReport } from "./sizes.ts";
import type { AuditGroup, Finding, Severity } from "./types.ts";

/** A finding as reported: with its group, its layer and the place that brought it where they are known. */
export interface ReportedFinding extends Finding {
  readonly group: AuditGroup;
}

/** A layer as reports name it. */
export interface ReportedLayer {
  /** The line of the history. */
  readonly createdBy: string;
  /** Known of layers that this build made. */
  readonly instruction?: string;
  readonly stage?: string;
  readonly copiedFrom?: string;
  readonly source?: EventSource;
}

/** The whole answer. */
export interface AuditReport {
  /** The image or directory as the user named it. */
  readonly name: string;
  /** "linux/amd64" */
  readonly platform: string;
  /** "complete" when no finding is an error. */
  readonly verdict: "complete" | "incomplete";
  readonly counts: Readonly<Record<Severity, number>>;
  /** Worst first, then by group, kind and path. */
  readonly findings: readonly ReportedFinding[];
  /** What the policy allows. */
  readonly allowed: readonly AllowedFinding[];
  readonly layers: readonly ReportedLayer[];
  readonly sizes: SizeReport;
  /** Of an audit during a build: what the stages held and the image does not. */
  readonly leftBehind?: LeftBehind;
}

/** The report as JSON: docs/reference/audit-report.md. */
export function reportJson(report: AuditReport): unknown {
  return {
    format: "decant.audit/1",
    ...report,
    findings: report.findings.map(jsonFinding),
    allowed: report.allowed.map(({ finding, reason }) => ({ reason, finding: jsonFinding(finding) })),
  };
}

function jsonFinding(finding: Finding): unknown {
  return { ...finding, ...(finding.source === undefined ? {} : { source: eventSource(finding.source) }) };
}
