/** A report from its subjects to the text of its file. */
import { given } from "../given.ts";
import { VERSION } from "../version.ts";
import { type ReportFileChange, type ReportSubject, REPORT_FORMAT } from "./data.ts";
import { reportDocument } from "./document.ts";
import { pageCode } from "./page-code.ts";

/** What a report is of: one subject, or two that are compared, the older one first. */
export interface ReportContent {
  readonly subjects: readonly ReportSubject[];
  readonly fileChanges?: readonly ReportFileChange[] | undefined;
  /** Goes over every text. Default: as it is. */
  readonly mask?: ((text: string) => string) | undefined;
}

/** The HTML. */
export async function makeReport({ subjects, fileChanges, mask }: ReportContent): Promise<string> {
  const data = { format: REPORT_FORMAT, version: VERSION, subjects, ...given({ fileChanges }) };
  return reportDocument(data, await pageCode(), mask);
}
