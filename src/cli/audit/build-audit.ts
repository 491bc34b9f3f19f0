/** `--audit` of a build: shows the report when the build has ended, and writes it to `--audit-report`. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DecantError, usageError } from "../../errors.ts";
import type { AuditReport, BuildOptions } from "../../index.ts";
import type { CliContext } from "../context.ts";
import { createStyle } from "../style.ts";
import { formatReport } from "./format-report.ts";

/** What the options say. */
interface BuildAuditOptions {
  readonly mode: BuildOptions["audit"];
  readonly file: string | undefined;
  readonly isQuiet: boolean;
}

/** Runs `work` with the options of an audit, and shows what it found, also when the work failed. Throws `USAGE` for a file without an audit. */
export async function withAudit<Result>(
  { mode, file, isQuiet }: BuildAuditOptions,
  context: CliContext,
  work: (options: Pick<BuildOptions, "audit" | "onAudit">) => Promise<Result>,
): Promise<Result> {
  if (mode === undefined) {
    if (file !== undefined)
      throw usageError("Cannot write the report of an audit: the build has no audit", "Add --audit, or leave --audit-report out");
    return await work({});
  }
  const reports: AuditReport[] = [];
  try {
    return await work({ audit: mode, onAudit: (report) => void reports.push(report) });
  } finally {
    for (const report of reports) {
      if (file !== undefined) await writeReport(resolve(context.cwd, file), report);
      if (!isQuiet) await context.stderr.write(`\n${formatReport(report, "text", textOptions(context))}\n`);
    }
  }
}

function textOptions({ stderr }: CliContext): Parameters<typeof formatReport>[2] {
  return { style: createStyle(stderr.color), ...(stderr.isTerminal ? { columns: stderr.size().columns } : {}) };
}

async function writeReport(path: string, report: AuditReport): Promise<void> {
  const format = path.endsWith(".sarif") ? "sarif" : path.endsWith(".json") ? "json" : "text";
  try {
    await writeFile(path, formatReport(report, format, { style: createStyle(false) }));
  } catch (cause) {
    throw new DecantError("EXPORT", `Cannot write "${path}"`, { cause });
  }
}
