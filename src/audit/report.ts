/** What an audit gives: plain data that is JSON as it is, described in docs/reference/audit-report.md. */
import type { EventSource } from "../events.ts";
import type { LeftBehind } from "./left-behind.ts";
import type { SizeReport } from "./sizes.ts";
import type { AuditGroup, Finding, Severity } from "./types.ts";

/** A finding as reported: with its group, its layer and the place that brought it where they are known. */
export interface ReportedFinding extends Omit<Finding, "source"> {
  readonly group: AuditGroup;
  readonly source?: EventSource;
}

/** A finding that the policy allows, and why. */
export interface AllowedFinding {
  readonly finding: ReportedFinding;
  readonly reason: string;
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

/** Another number when fields change their meaning. */
export const REPORT_FORMAT = "decant.audit/1" as const;

/** The whole answer. */
export interface AuditReport {
  readonly format: typeof REPORT_FORMAT;
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
