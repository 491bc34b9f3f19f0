/**
 * SPDX 2.3 as JSON. `files` of packages are listed when their SHA-1 sums are given, which SPDX asks for (8.4); such packages count as analyzed and
 * have the verification code of 7.9. The same inventory and subject give the same bytes. Pure.
 */
import type { TreePath } from "../paths.ts";
import { VERSION } from "../version.ts";
import { dependenciesOf } from "./dependencies.ts";
import {
  analyzedFiles,
  fileElement,
  fileId,
  licenceElement,
  packageElement,
  packageId,
  ROOT,
  sourceElement,
  sourceId,
  subjectElement,
  SYSTEM,
  systemElement,
} from "./spdx-elements.ts";
import { createdOf, uuidOf } from "./subject.ts";
import type { DocumentOptions, FileSums, Inventory, InventoryPackage } from "./types.ts";

const DOCUMENT = "SPDXRef-DOCUMENT";
/** The list that licences are named by. */
const LICENCE_LIST = "3.29";

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: "DESCRIBES" | "CONTAINS" | "DEPENDS_ON" | "GENERATED_FROM";
  readonly relatedSpdxElement: string;
}

/** Makes the document, ready for JSON.stringify. */
export function spdxDocument(inventory: Inventory, { subject, files }: DocumentOptions): unknown {
  const { packages, os } = inventory;
  const ids = new Map(packages.map((one) => [one, packageId(one)]));
  const id = (one: InventoryPackage): string => ids.get(one) ?? packageId(one);
  const sources = new Map(packages.flatMap(({ source }) => (source === undefined ? [] : [[sourceId(source), source] as const])));
  const listed = new Map<TreePath, FileSums>();
  const relationships: Relationship[] = [relate(DOCUMENT, "DESCRIBES", ROOT)];
  if (os !== undefined) relationships.push(relate(ROOT, "CONTAINS", SYSTEM));
  for (const one of packages) relationships.push(relate(ROOT, "CONTAINS", id(one)));
  for (const [one, needs] of dependenciesOf(packages)) {
    for (const other of needs) relationships.push(relate(id(one), "DEPENDS_ON", id(other)));
  }
  for (const one of packages) if (one.source !== undefined) relationships.push(relate(id(one), "GENERATED_FROM", sourceId(one.source)));
  const described = packages.map((one) => {
    const own = analyzedFiles(one, files);
    for (const [path, sums] of own) {
      listed.set(path, sums);
      relationships.push(relate(id(one), "CONTAINS", fileId(path)));
    }
    return packageElement(one, id(one), own);
  });
  const body = {
    packages: [
      subjectElement(subject),
      ...(os === undefined ? [] : [systemElement(os)]),
      ...described,
      ...[...sources.values()].map(sourceElement),
    ],
    ...(listed.size === 0 ? {} : { files: [...listed].map(([path, sums]) => fileElement(path, sums)) }),
    ...(inventory.licenceTexts.size === 0 ? {} : { hasExtractedLicensingInfos: [...inventory.licenceTexts].map(licenceElement) }),
    relationships,
  };
  const created = createdOf(subject);
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: subject.name,
    documentNamespace: `https://spdx.org/spdxdocs/decant/${encodeURIComponent(subject.name.toWellFormed())}-${uuidOf([created, JSON.stringify(body)])}`,
    creationInfo: { created, creators: [`Tool: decant-${VERSION}`], licenseListVersion: LICENCE_LIST },
    ...body,
  };
}

function relate(spdxElementId: string, relationshipType: Relationship["relationshipType"], relatedSpdxElement: string): Relationship {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}
