/** A report in one of the formats of the command line. */
import { type AuditReport, auditSarif } from "../../index.ts";
import { type AuditTextOptions, auditText } from "./audit-text.ts";

/** The values of `--format`. */
export const REPORT_FORMATS = ["text", "json", "sarif"] as const;
/** How a report is written. */
type ReportFormat = (typeof REPORT_FORMATS)[number];

/** The report as a text that ends in a line break. */
export function formatReport(report: AuditReport, format: ReportFormat, options: AuditTextOptions): string {
  switch (format) {
    case "text":
      return `${auditText(report, options).join("\n")}\n`;
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(auditSarif([report]), null, 2)}\n`;
    default:
      return format satisfies never;
  }
}
