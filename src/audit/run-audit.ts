/** An audit from subject to report: all checks over one walk, then the policy. */
import type { ContentsQuery } from "../debian/index.ts";
import { eventSource } from "../events.ts";
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { formatPlatform } from "../oci/index.ts";
import { displayPath, ROOT, treePath } from "../paths.ts";
import { type Inventory, readInventory } from "../sbom/index.ts";
import type { KnownSecret } from "../secrets/index.ts";
import { DISTROLESS_CHECKS } from "./checks/distroless/checks.ts";
import { RUN_AS_CHECKS } from "./checks/run-as/checks.ts";
import { RUN_CHECKS } from "./checks/run/checks.ts";
import { sizeFindings } from "./checks/size/checks.ts";
import { SIZE } from "./checks/size/findings.ts";
import { subjectFiles, type SubjectFiles } from "./files.ts";
import { FINDING_KINDS, findingKind } from "./finding-table.ts";
import { type BuildStage, leftBehind } from "./left-behind.ts";
import { judge } from "./policy.ts";
import { type AuditReport, REPORT_FORMAT, type ReportedFinding, type ReportedLayer } from "./report.ts";
import { sizesOf } from "./sizes.ts";
import { walkedTree } from "./walked-tree.ts";
import type { Allowance, AuditContext, AuditLayer, AuditPolicy, AuditSubject, Finding, Severity } from "./types.ts";

/** What a caller may give an audit besides its subject. */
export interface RunAuditOptions {
  readonly policy?: AuditPolicy | undefined;
  /** Values that must not be in the image: the secrets given to the build. */
  readonly secrets?: readonly KnownSecret[] | undefined;
  /** The other stages of the build; with them the report tells what was left behind. */
  readonly stages?: readonly BuildStage[] | undefined;
  /** Which Debian packages have a file, for remedies, in the release that the image is of; without it no package is suggested. */
  readonly whoHas?:
    | ((queries: readonly ContentsQuery[], os: OsRelease | undefined) => Promise<ReadonlyMap<ContentsQuery, readonly string[]>>)
    | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CHECKS = [...RUN_CHECKS, ...RUN_AS_CHECKS, ...DISTROLESS_CHECKS];
/** Of a root file system nobody says as whom, and where, it will be run. */
const DIRECTORY_CHECKS = [...RUN_CHECKS, ...DISTROLESS_CHECKS];
const MAX_OF_A_KIND = 1000;
const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** Audits. Rejects with the signal's reason, and with what reading the store or the directory throws; never for what the image holds. */
export async function runAudit(image: AuditSubject, options: RunAuditOptions = {}): Promise<AuditReport> {
  const { policy = {}, whoHas, signal } = options;
  const { tree, entries } = walkedTree(image.tree);
  const subject: AuditSubject = { ...image, tree };
  const files = subjectFiles(subject, entries);
  let inventory: Promise<Inventory> | undefined;
  const context: AuditContext = {
    files,
    inventory: () =>
      (inventory ??= readInventory(subject.tree, {
        platform: subject.platform,
        recordsOnly: true,
        signal,
      })),
    secrets: options.secrets ?? [],
    policy,
    ...(whoHas === undefined ? {} : { whoHas: async (queries) => await whoHas(queries, (await context.inventory()).os) }),
    signal,
  };
  const found: Finding[] = [];
  for (const check of subject.isDirectory === true ? DIRECTORY_CHECKS : CHECKS) {
    signal?.throwIfAborted();
    found.push(...(await check.run(subject, context)));
  }
  const sizes = await sizesOf(subject, files, await context.inventory());
  found.push(...sizeFindings(sizes, policy), ...unexamined(subject));
  const judged = judge(found, policy);
  const unused = judged.unused.map(unusedAllowance);
  const findings = limited([...judged.findings, ...unused])
    .map((finding) => located(finding, subject, files))
    .sort(compareFindings);
  const stages = options.stages ?? [];
  return {
    format: REPORT_FORMAT,
    name: subject.name,
    platform: formatPlatform(subject.platform),
    verdict: findings.some(({ severity }) => severity === "error") ? "incomplete" : "complete",
    counts: { error: count(findings, "error"), warning: count(findings, "warning"), note: count(findings, "note") },
    findings,
    allowed: judged.allowed.map(({ finding, reason }) => ({ finding: located(finding, subject, files), reason })),
    layers: subject.layers.map(reportedLayer),
    sizes,
    ...(stages.length === 0
      ? {}
      : {
          leftBehind: await leftBehind({
            stages,
            files,
            inventory: await context.inventory(),
            platform: subject.platform,
            signal,
          }),
        }),
  };
}

/** An image in which every file is wrong must not give a report of its size. */
function limited(findings: readonly Finding[]): Finding[] {
  const counts = new Map<string, { readonly last: Finding; count: number }>();
  const kept = findings.filter((finding) => {
    const known = counts.get(finding.id);
    if (known === undefined) counts.set(finding.id, { last: finding, count: 1 });
    else known.count += 1;
    return (known?.count ?? 1) <= MAX_OF_A_KIND;
  });
  for (const { last, count: all } of counts.values()) {
    if (all <= MAX_OF_A_KIND) continue;
    const { id, severity, remedy } = last;
    kept.push({
      id,
      severity,
      remedy,
      message: `${all - MAX_OF_A_KIND} more findings of this kind`,
      details: { more: all - MAX_OF_A_KIND },
    });
  }
  return kept;
}

function count(findings: readonly Pick<Finding, "severity">[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** Fills in which layer and which line brought it. */
function located({ source: told, ...finding }: Finding, { layers }: AuditSubject, files: SubjectFiles): ReportedFinding {
  const layer = finding.layer ?? (finding.path === undefined ? undefined : files.layerOf(treePath(finding.path)));
  const source = told ?? (layer === undefined ? undefined : layers[layer]?.source);
  return {
    ...finding,
    group: findingKind(finding.id)?.group ?? "run",
    ...given({ layer }),
    ...(source === undefined ? {} : { source: eventSource(source) }),
  };
}

function reportedLayer({ createdBy, instruction, stage, copiedFrom, source }: AuditLayer): ReportedLayer {
  return {
    createdBy,
    ...given({ instruction, stage, copiedFrom }),
    ...(source === undefined ? {} : { source: eventSource(source) }),
  };
}

function unexamined({ refused = new Set() }: AuditSubject): Finding[] {
  if (refused.size === 0) return [];
  const [first = ROOT] = refused;
  return [
    SIZE.found("not-examined", {
      path: displayPath(first),
      message: `${refused.size === 1 ? "1 file or directory was" : `${refused.size} files or directories were`} skipped: this user may not read them, they are on another file system, or they were removed meanwhile`,
      remedy: "Run the audit as a user who may read them, and audit what is mounted there separately",
      details: { paths: [...refused].slice(0, 100).map(displayPath) },
    }),
  ];
}

function unusedAllowance({ id, path, reason, source }: Allowance): Finding {
  return SIZE.found("allowance-unused", {
    message: `Nothing matches the exception for ${id ?? "any finding"}${path === undefined ? "" : ` at ${path}`} ("${reason}")`,
    remedy: "Remove it from the policy",
    ...given({ source }),
  });
}

const order = new Map(FINDING_KINDS.map(({ id }, index) => [id, index]));

function compareFindings(a: ReportedFinding, b: ReportedFinding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (order.get(a.id) ?? -1) - (order.get(b.id) ?? -1) ||
    compareText(a.path ?? "", b.path ?? "") ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
