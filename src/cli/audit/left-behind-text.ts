/** What the build stages held and the image does not, as text. Pure. */
import { formatSize } from "../../bytes.ts";
import type { LeftBehind, LeftStage } from "../../index.ts";
import { safeLine, type Style } from "../style.ts";
import { plural, wrap } from "./wrap-text.ts";

const MAX_NAMES = 6;

/** A paragraph a stage, and the sum. */
export function leftBehindLines({ stages, files, bytes }: LeftBehind, style: Style, width: number): string[] {
  return [
    `    ${formatSize(bytes)} in ${plural(files, "file")} of ${plural(stages.length, "stage")} are not in the image`,
    ...stages.flatMap((stage) => stageLines(stage, style, width)),
  ];
}

function stageLines(stage: LeftStage, style: Style, width: number): string[] {
  const { programs } = stage;
  const names = [...programs.compiler, ...programs["package-manager"], ...programs.shell].map((path) =>
    path.slice(path.lastIndexOf("/") + 1),
  );
  const directories = stage.directories.map(({ path, bytes }) => `${path} ${formatSize(bytes)}`);
  const lines = [`    ${style.bold(safeLine(stage.stage))}: ${formatSize(stage.bytes)} in ${plural(stage.files, "file")}`];
  if (directories.length > 0) lines.push(...wrap(safeLine(directories.join(", ")), width, "      ", "      "));
  if (stage.packageCount > 0)
    lines.push(...wrap(safeLine(`packages: ${list(stage.packages, stage.packageCount)}`), width, "      ", "        "));
  if (names.length > 0) lines.push(...wrap(safeLine(`programs: ${list(names, names.length)}`), width, "      ", "        "));
  if (stage.absentLayers > 0)
    lines.push(style.dim(`      not counted: ${plural(stage.absentLayers, "layer")} of its base, which this build did not need`));
  return lines;
}

function list(names: readonly string[], count: number): string {
  const shown = names.slice(0, MAX_NAMES);
  return `${shown.join(", ")}${count > shown.length ? ` and ${count - shown.length} more` : ""}`;
}
