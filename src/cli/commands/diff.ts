/** `decant diff`: what differs between two images. */
import { formatSize } from "../../bytes.ts";
import { diffImages, type FileChange, type ImageDifference } from "../../index.ts";
import { defineCommand } from "../args.ts";
import { differenceText } from "../base/base-text.ts";
import type { Command } from "../command.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";
import { safeLine } from "../style.ts";

const MARKS = { added: "+", removed: "-", changed: "~", metadata: "m" } as const;
const SHOWN_FILES = 100;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "diff",
    usage: "BEFORE AFTER",
    summary: "Show what differs between two images: configuration, packages, files and sizes",
    notes: `${IMAGE_FORMS.replace("IMAGE is", "BEFORE and AFTER are each")}
Times of files do not count. The exit code is 1 when the two differ. To see what a layer changed: decant history IMAGE

Example: decant diff app:1 app:2`,
    options: {
      ...LOOK_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: `List all files; by default at most ${SHOWN_FILES}` },
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
    },
    words: { min: 2, max: 2 },
  },
  async (values, [before = "", after = ""], context) => {
    const difference = await showRun(diffImages({ ...lookOptions(values, context), before, after }), values.progress ?? "auto", context);
    const limit = values.all === true ? Infinity : SHOWN_FILES;
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(difference, undefined, 2)}\n` : textOf(difference, limit));
    return difference.packages.length + difference.config.length + difference.files.length > 0 ? 1 : 0;
  },
);

function textOf({ files, size, ...base }: ImageDifference, limit: number): string {
  const change = size.after - size.before;
  const sign = change < 0 ? "-" : "+";
  const lines = files.slice(0, limit).map((file) => `  ${MARKS[file.change]} ${safeLine(file.path)}${sizeChange(file)}\n`);
  const more = files.length > limit ? `  … and ${files.length - limit} more: --all shows them\n` : "";
  const head = `Size: ${formatSize(size.before)} -> ${formatSize(size.after)} (${sign}${formatSize(Math.abs(change))})\n`;
  const legend =
    files.length === 0 ? "Files: no difference\n" : `Files: ${files.length} differ (+ added, - removed, ~ changed, m only mode or owner)\n`;
  return `${head}${differenceText(base)}${legend}${lines.join("")}${more}`;
}

function sizeChange({ before, after }: FileChange): string {
  if (before === undefined || after === undefined) return `  ${formatSize(after ?? before ?? 0)}`;
  return before === after ? "" : `  ${formatSize(before)} -> ${formatSize(after)}`;
}
