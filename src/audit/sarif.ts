/** Reports as SARIF 2.1.0 (OASIS), for GitHub code scanning and other viewers. */
import { isAbsolute } from "node:path";
import { framedDigest, hexOf } from "../digest.ts";
import { given } from "../given.ts";
import { VERSION } from "../version.ts";
import { FINDING_KINDS } from "./finding-table.ts";
import type { AuditReport, ReportedFinding } from "./report.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/** Paths inside the image are relative to this; paths of the Dockerfile to the project. */
const IMAGE_ROOT = "IMAGE";

const ruleIndexes = new Map(FINDING_KINDS.map(({ id }, index) => [id, index]));

/** One log with a run for each report. Exceptions of the policy are results with a suppression. */
export function auditSarif(reports: readonly AuditReport[]): unknown {
  return { $schema: SCHEMA, version: "2.1.0", runs: reports.map(runOf) };
}

function runOf(report: AuditReport): unknown {
  return {
    tool: {
      driver: {
        name: "decant",
        version: VERSION,
        rules: FINDING_KINDS.map(({ id, title, severity, group }) => ({
          id,
          shortDescription: { text: title },
          help: { text: `docs/audit.md#${id}` },
          defaultConfiguration: { level: severity },
          properties: { group },
        })),
      },
    },
    originalUriBaseIds: { [IMAGE_ROOT]: { description: { text: `The root of ${report.name} (${report.platform})` } } },
    columnKind: "utf16CodeUnits",
    results: [
      ...report.findings.map((finding) => resultOf(finding, report)),
      ...report.allowed.map(({ finding, reason }) => ({
        ...resultOf(finding, report),
        suppressions: [{ kind: "external", status: "accepted", justification: reason }],
      })),
    ],
    properties: { image: report.name, platform: report.platform, verdict: report.verdict },
  };
}

function resultOf(finding: ReportedFinding, report: AuditReport): Readonly<Record<string, unknown>> {
  const { id, severity, message, remedy, path, layer } = finding;
  const ruleIndex = ruleIndexes.get(id);
  const instruction = layer === undefined ? undefined : report.layers[layer]?.instruction;
  return {
    ruleId: id,
    ...given({ ruleIndex }),
    level: severity,
    message: { text: `${path === undefined ? "" : `${path}: `}${message}. ${remedy}.` },
    locations: [locationOf(finding, report)],
    partialFingerprints: { "decantAudit/v1": hexOf(framedDigest([id, path ?? "", message])) },
    properties: {
      ...given({ path, layer, instruction }),
      ...finding.details,
    },
  };
}

/** The line that brought it where it is known, else the path in the image. */
function locationOf({ source, path }: ReportedFinding, report: AuditReport): unknown {
  const logical = { logicalLocations: [{ fullyQualifiedName: `${report.name}!${path ?? "/"}`, kind: "resource" }] };
  if (source !== undefined) {
    const { file, line, column, endLine } = source;
    return {
      physicalLocation: {
        artifactLocation: { uri: isAbsolute(file) ? `file://${encodePath(file)}` : encodePath(file) },
        region: { startLine: line, startColumn: column, endLine },
      },
      ...logical,
    };
  }
  return {
    physicalLocation: { artifactLocation: { uri: encodePath((path ?? "/").replace(/^\//, "")) || ".", uriBaseId: IMAGE_ROOT } },
    ...logical,
  };
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
