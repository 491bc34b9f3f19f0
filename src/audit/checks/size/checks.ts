/** What of the sizes is worth a finding. */
import { formatSize } from "../../../bytes.ts";
import type { SizeReport } from "../../sizes.ts";
import type { AuditPolicy, Finding } from "../../types.ts";
import { SIZE } from "./findings.ts";

/** Less is not worth a word. */
const MIN_SHADOWED_BYTES = 1024 * 1024;
const MIN_DUPLICATE_BYTES = 1024 * 1024;

/** Judges sums. */
export function sizeFindings(sizes: SizeReport, { maxSizeBytes }: AuditPolicy): readonly Finding[] {
  const findings: Finding[] = [];
  if (maxSizeBytes !== undefined && sizes.bytes > maxSizeBytes) {
    findings.push(
      SIZE.found("image-too-large", {
        message: `The files of the image have ${formatSize(sizes.bytes)}; the policy allows ${formatSize(maxSizeBytes)}`,
        remedy: "See the largest layers and packages in the report, and copy less into the last stage",
        details: { bytes: sizes.bytes, maxSizeBytes },
      }),
    );
  }
  for (const { path, layer, bytes } of sizes.shadowed) {
    if (bytes < MIN_SHADOWED_BYTES) continue;
    findings.push(
      SIZE.found("shadowed-bytes", {
        path,
        layer,
        message: `${formatSize(bytes)} of a lower layer are replaced or removed by a later one, and are still stored and sent`,
        remedy: "Change the files in a build stage and copy the result, so that only the last version becomes a layer",
        details: { bytes },
      }),
    );
  }
  for (const { bytes, wastedBytes, copies, paths } of sizes.duplicates.largest) {
    const [first = ""] = paths;
    if (wastedBytes < MIN_DUPLICATE_BYTES) continue;
    findings.push(
      SIZE.found("duplicate-files", {
        path: first,
        message: `${copies} files have the same ${formatSize(bytes)} of content`,
        remedy: "Keep one and link to it, or copy less",
        details: { wastedBytes, paths },
      }),
    );
  }
  return findings;
}
