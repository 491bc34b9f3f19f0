/** An image as the page shows it: its files, packages, layers and audit. */
import type { AuditReport, AuditSubject, ReportedFinding } from "../audit/index.ts";
import type { Digest } from "../digest.ts";
import { given } from "../given.ts";
import { instructionOf } from "../image/index.ts";
import { displayPath } from "../paths.ts";
import { type Inventory, readInventory } from "../sbom/index.ts";
import type { ReportFiles, ReportFinding, ReportImage, ReportLayer, ReportPackage } from "./data.ts";
import { fileColumns } from "./file-columns.ts";

/** What is known of an image besides its files. */
interface ImageFacts {
  readonly subject: AuditSubject;
  readonly audit: AuditReport;
  readonly digest?: Digest | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads what the page needs; programs and archives are read whole for their packages. */
export async function imageData({ subject, audit, digest, signal }: ImageFacts): Promise<ReportImage> {
  const inventory = await readInventory(subject.tree, { platform: subject.platform, signal });
  const files = fileColumns(subject.tree, subject.layers, inventory);
  const { sizes, findings, allowed, leftBehind } = audit;
  return {
    name: audit.name,
    ...given({ digest }),
    platform: audit.platform,
    facts: factsOf(subject, inventory),
    fileCount: sizes.files,
    bytes: sizes.bytes,
    layers: layersOf(audit),
    files,
    packages: packagesOf(inventory, files),
    unread: inventory.unread.map(({ path, why }) => ({ path: displayPath(path), why })),
    duplicates: {
      wastedBytes: sizes.duplicates.wastedBytes,
      largest: sizes.duplicates.largest.map(({ wastedBytes, copies, paths }) => ({ wastedBytes, copies, paths })),
    },
    findings: findings.map(findingOf),
    allowed: allowed.map(({ finding, reason }) => ({ finding: findingOf(finding), reason })),
    ...(leftBehind === undefined
      ? {}
      : {
          leftBehind: {
            files: leftBehind.files,
            bytes: leftBehind.bytes,
            stages: leftBehind.stages.map(({ stage, files: count, bytes, directories, packageCount, packages, absentLayers }) => ({
              stage,
              files: count,
              bytes,
              directories,
              packageCount,
              packages,
              absentLayers,
            })),
          },
        }),
  };
}

function factsOf({ config, isDirectory }: AuditSubject, { os }: Inventory): (readonly [string, string])[] {
  const facts: (readonly [string, string | undefined])[] = [["System", os?.prettyName ?? os?.id]];
  if (isDirectory !== true) {
    const { User, WorkingDir, Entrypoint, Cmd, ExposedPorts } = config;
    facts.push(
      ["Entrypoint", quoted(Entrypoint)],
      ["Command", quoted(Cmd)],
      ["User", User === undefined || User === "" ? "root" : User],
      ["Working directory", WorkingDir === "" ? undefined : WorkingDir],
      ["Ports", Object.keys(ExposedPorts ?? {}).join(", ")],
    );
  }
  return facts.flatMap(([label, value]) => (value === undefined || value === "" ? [] : [[label, value] as const]));
}

function quoted(words: readonly string[] | null | undefined): string {
  return (words ?? []).length === 0 ? "" : JSON.stringify(words);
}

function layersOf({ layers, sizes }: AuditReport): ReportLayer[] {
  return layers.map(({ createdBy, instruction, stage, copiedFrom, source }, position) => {
    const size = sizes.layers[position];
    return {
      instruction: instruction ?? instructionOf(createdBy),
      ...given({ stage, copiedFrom }),
      ...(source === undefined ? {} : { place: { file: source.file, line: source.line } }),
      files: size?.files ?? 0,
      bytes: size?.bytes ?? 0,
      hiddenBytes: size?.shadowedBytes ?? 0,
    };
  });
}

function packagesOf({ packages }: Inventory, files: ReportFiles): ReportPackage[] {
  const sums = packages.map(() => ({ files: 0, bytes: 0 }));
  const hidden = new Set(files.hidden);
  const counts = new Map(files.several);
  files.package.forEach((owner, position) => {
    const sum = sums[owner];
    if (sum === undefined || hidden.has(position)) return;
    sum.files += counts.get(position) ?? 1;
    sum.bytes += files.bytes[position] ?? 0;
  });
  return packages.map(({ kind, name, version, licences, purl, summary, location }, position) => ({
    kind,
    name,
    version,
    licences,
    purl,
    ...given({ summary }),
    location: displayPath(location),
    files: sums[position]?.files ?? 0,
    bytes: sums[position]?.bytes ?? 0,
  }));
}

function findingOf({ id, severity, group, message, remedy, path, layer, source }: ReportedFinding): ReportFinding {
  return {
    id,
    severity,
    group,
    message,
    remedy,
    ...given({ path, layer }),
    ...(source === undefined ? {} : { place: { file: source.file, line: source.line } }),
  };
}
