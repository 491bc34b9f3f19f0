/** `--audit` of a build: shows the report when the build has ended, and writes it to `--audit-report`. */
import { join, parse, resolve } from "node:path";
import { usageError } from "../../errors.ts";
import { checkOutputFile, writeOutputFile } from "../../image/index.ts";
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

/**
 * Runs `work` with the options of an audit, and shows what it found, also when the work failed. Throws `USAGE` for a file without an audit,
 * and `EXPORT` for one that cannot be written.
 */
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
  const path = file === undefined ? undefined : resolve(context.cwd, file);
  if (path !== undefined) await checkOutputFile(path, context.signal);
  const reports: ToldReport[] = [];
  try {
    return await work({ audit: mode, onAudit: (report, { target }) => void reports.push({ report, target }) });
  } finally {
    for (const told of reports) {
      const { report } = told;
      if (path !== undefined) await writeReport(pathFor(path, told, reports), report);
      if (!isQuiet) await context.stderr.write(`\n${formatReport(report, "text", textOptions(context))}\n`);
    }
  }
}

interface ToldReport {
  readonly report: AuditReport;
  readonly target: string | undefined;
}

/** "report.web.linux_arm64.json": of several targets and platforms each has a file of its own. */
function pathFor(path: string, { report, target }: ToldReport, all: readonly ToldReport[]): string {
  const hasPlatforms = new Set(all.map((one) => one.report.platform)).size > 1;
  const parts = [...(target === undefined ? [] : [target]), ...(hasPlatforms ? [report.platform.replaceAll("/", "_")] : [])];
  const { dir, name, ext } = parse(path);
  return join(dir, `${[name, ...parts].join(".")}${ext}`);
}

function textOptions({ stderr }: CliContext): Parameters<typeof formatReport>[2] {
  return { style: createStyle(stderr.color), ...(stderr.isTerminal ? { columns: stderr.size().columns } : {}) };
}

/** Also when the build was cancelled after its audit. */
async function writeReport(path: string, report: AuditReport): Promise<void> {
  const format = path.endsWith(".sarif") ? "sarif" : path.endsWith(".json") ? "json" : "text";
  await writeOutputFile(path, formatReport(report, format, { style: createStyle(false) }), new AbortController().signal);
}
