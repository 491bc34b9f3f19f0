/** The sums of an audit as text. Pure. */
import { formatSize } from "../../bytes.ts";
import type { AuditReport, ReportedLayer } from "../../index.ts";
import { fit, safeLine, type Style } from "../style.ts";
import { plural } from "./wrap-text.ts";

const MAX_LAYERS = 15;
const MAX_PACKAGES = 8;
const SIZE_COLUMNS = 9;

/** Layers with what made them, sources, packages, copies and hidden bytes. */
export function sizeLines({ sizes, layers }: AuditReport, style: Style, width: number): string[] {
  const lines = [`    ${formatSize(sizes.bytes)} in ${plural(sizes.files, "file")}`];
  const largest = sizes.layers.toSorted((a, b) => b.bytes - a.bytes).slice(0, MAX_LAYERS);
  const shown = new Set(largest.map(({ layer }) => layer));
  for (const { layer, bytes, shadowedBytes } of sizes.layers) {
    if (!shown.has(layer)) continue;
    const hidden = shadowedBytes === 0 ? "" : ` (${formatSize(shadowedBytes)} hidden)`;
    lines.push(row(bytes, `layer ${layer + 1}${hidden} ${style.dim(fit(layerName(layers[layer]), width - 40))}`));
  }
  if (sizes.layers.length > MAX_LAYERS) lines.push(style.dim(`    and ${sizes.layers.length - MAX_LAYERS} smaller layers`));
  for (const { from, bytes } of sizes.sources.filter((source) => source.bytes > 0)) lines.push(row(bytes, `from ${safeLine(from)}`));
  const packages = sizes.packages.slice(0, MAX_PACKAGES);
  for (const { name, version, bytes } of packages) lines.push(row(bytes, `package ${safeLine(`${name} ${version}`)}`));
  if (packages.length > 0) {
    const rest = sizes.packages.slice(MAX_PACKAGES);
    if (rest.length > 0)
      lines.push(
        row(
          rest.reduce((sum, { bytes }) => sum + bytes, 0),
          plural(rest.length, "smaller package"),
        ),
      );
    lines.push(row(sizes.otherBytes, "of no package"));
  }
  if (sizes.duplicates.wastedBytes > 0)
    lines.push(`    copies of files that are there already: ${formatSize(sizes.duplicates.wastedBytes)}`);
  return lines;
}

function row(bytes: number, text: string): string {
  return `    ${formatSize(bytes).padStart(SIZE_COLUMNS)}  ${text}`;
}

function layerName(layer: ReportedLayer | undefined): string {
  return safeLine(layer?.instruction ?? layer?.createdBy ?? "").replace(/^\/bin\/sh -c #\(nop\) +/, "");
}
