/**
 * SPDX 2.3 as JSON. `files` of packages are listed when their SHA-1 sums are given, which SPDX asks for (8.4); such packages count as analyzed and
 * have the verification code of 7.9. The same inventory and subject give the same bytes. Pure.
 */
import { createHash } from "node:crypto";
import { hexOf, sha256 } from "../digest.ts";
import { toText, type TreePath } from "../paths.ts";
import { VERSION } from "../version.ts";
import { dependenciesOf } from "./dependencies.ts";
import { allOf } from "./licence-expression.ts";
import { createdOf, platformOf, subjectPurl, uuidOf } from "./subject.ts";
import type { DocumentOptions, FileSums, Inventory, InventoryPackage, OsRelease, SbomSubject } from "./types.ts";

const NO_ASSERTION = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";
const ROOT = "SPDXRef-Subject";
/** Trivy knows elements by the start of their ids. */
const SYSTEM = "SPDXRef-OperatingSystem";
/** The list that licences are named by. */
const LICENCE_LIST = "3.29";
const TEAM = /team|maintainers|developers|group|project/i;

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: "DESCRIBES" | "CONTAINS" | "DEPENDS_ON";
  readonly relatedSpdxElement: string;
}

/** Makes the document, ready for JSON.stringify. */
export function spdxDocument(inventory: Inventory, { subject, files }: DocumentOptions): unknown {
  const { packages, os } = inventory;
  const ids = new Map(packages.map((one) => [one, packageId(one)]));
  const id = (one: InventoryPackage): string => ids.get(one) ?? NO_ASSERTION;
  const listed = new Map<TreePath, FileSums>();
  const relationships: Relationship[] = [relate(DOCUMENT, "DESCRIBES", ROOT)];
  if (os !== undefined) relationships.push(relate(ROOT, "CONTAINS", SYSTEM));
  for (const one of packages) relationships.push(relate(ROOT, "CONTAINS", id(one)));
  for (const [one, needs] of dependenciesOf(packages)) {
    for (const other of needs) relationships.push(relate(id(one), "DEPENDS_ON", id(other)));
  }
  const described = packages.map((one) => {
    const own = analyzedFiles(one, files);
    for (const [path, sums] of own) {
      listed.set(path, sums);
      relationships.push(relate(id(one), "CONTAINS", fileId(path)));
    }
    return packageElement(one, id(one), own);
  });
  const body = {
    packages: [subjectElement(subject), ...(os === undefined ? [] : [systemElement(os)]), ...described],
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
    documentNamespace: `https://spdx.org/spdxdocs/decant/${encodeURIComponent(subject.name)}-${uuidOf([created, JSON.stringify(body)])}`,
    creationInfo: { created, creators: [`Tool: decant-${VERSION}`], licenseListVersion: LICENCE_LIST },
    ...body,
  };
}

function relate(spdxElementId: string, relationshipType: Relationship["relationshipType"], relatedSpdxElement: string): Relationship {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function subjectElement(subject: SbomSubject): unknown {
  const purl = subjectPurl(subject);
  return {
    name: subject.name,
    SPDXID: ROOT,
    ...(subject.digest === undefined ? {} : { versionInfo: subject.digest }),
    supplier: NO_ASSERTION,
    downloadLocation: NO_ASSERTION,
    filesAnalyzed: false,
    ...(subject.digest === undefined ? {} : { checksums: [{ algorithm: "SHA256", checksumValue: hexOf(subject.digest) }] }),
    licenseConcluded: NO_ASSERTION,
    licenseDeclared: NO_ASSERTION,
    copyrightText: NO_ASSERTION,
    comment: `platform: ${platformOf(subject)}`,
    ...(purl === undefined ? {} : { externalRefs: [purlReference(purl)] }),
    primaryPackagePurpose: subject.kind === "image" ? "CONTAINER" : "FILE",
  };
}

function systemElement(os: OsRelease): unknown {
  const version = os.versionId ?? os.codename;
  return {
    name: os.id,
    SPDXID: SYSTEM,
    ...(version === undefined ? {} : { versionInfo: version }),
    supplier: NO_ASSERTION,
    downloadLocation: NO_ASSERTION,
    filesAnalyzed: false,
    licenseConcluded: NO_ASSERTION,
    licenseDeclared: NO_ASSERTION,
    copyrightText: NO_ASSERTION,
    ...(os.prettyName === undefined ? {} : { summary: os.prettyName }),
    // As the official schema spells it; the text of the specification has a hyphen.
    primaryPackagePurpose: "OPERATING_SYSTEM",
  };
}

function packageElement(one: InventoryPackage, id: string, files: readonly (readonly [TreePath, FileSums])[]): unknown {
  const { source } = one;
  return {
    name: one.name,
    SPDXID: id,
    versionInfo: one.version,
    supplier: supplierOf(one.maintainer),
    downloadLocation: NO_ASSERTION,
    ...(files.length === 0
      ? { filesAnalyzed: false }
      : { filesAnalyzed: true, packageVerificationCode: { packageVerificationCodeValue: verificationCode(files) } }),
    ...(one.homepage === undefined || !/^https?:\/\/\S+$/.test(one.homepage) ? {} : { homepage: one.homepage }),
    // In the words by which Trivy finds the source package.
    ...(source === undefined ? {} : { sourceInfo: `built package from: ${source.name} ${source.version}` }),
    licenseConcluded: NO_ASSERTION,
    licenseDeclared: allOf(one.licences) ?? NO_ASSERTION,
    copyrightText: NO_ASSERTION,
    ...(one.summary === undefined ? {} : { summary: one.summary }),
    comment: `found in /${toText(one.location)}`,
    externalRefs: [
      ...(one.cpe === undefined ? [] : [{ referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: one.cpe }]),
      purlReference(one.purl),
    ],
  };
}

/** "Name <mail>" → "Person: Name (mail)", as SPDX writes it (7.5). */
function supplierOf(maintainer: string | undefined): string {
  const match = /^\s*"?([^<>"]+?)"?\s*(?:<([^<>\s]+)>)?\s*$/.exec(maintainer ?? "");
  if (match === null) return NO_ASSERTION;
  const [, name = "", mail] = match;
  return `${TEAM.test(maintainer ?? "") ? "Organization" : "Person"}: ${name}${mail === undefined ? "" : ` (${mail})`}`;
}

function purlReference(purl: string): unknown {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl };
}

/** The files that can be listed; none unless every regular one has its SHA-1, because the verification code covers all. */
function analyzedFiles(one: InventoryPackage, files: DocumentOptions["files"]): readonly (readonly [TreePath, FileSums])[] {
  const found = one.files.flatMap((path): readonly (readonly [TreePath, FileSums])[] => {
    const sums = files?.get(path);
    return sums === undefined ? [] : [[path, sums]];
  });
  return found.every(([, { sha1 }]) => sha1 !== undefined) ? found : [];
}

function verificationCode(files: readonly (readonly [TreePath, FileSums])[]): string {
  const sums = files.map(([, { sha1 = "" }]) => sha1).toSorted();
  return createHash("sha1").update(sums.join("")).digest("hex");
}

function fileElement(path: TreePath, sums: FileSums): unknown {
  return {
    fileName: `./${toText(path)}`,
    SPDXID: fileId(path),
    checksums: [
      { algorithm: "SHA1", checksumValue: sums.sha1 },
      { algorithm: "SHA256", checksumValue: sums.sha256 },
    ],
    licenseConcluded: NO_ASSERTION,
    licenseInfoInFiles: [NO_ASSERTION],
    copyrightText: NO_ASSERTION,
  };
}

function licenceElement([licenseId, extractedText]: readonly [string, string]): unknown {
  return { licenseId, extractedText, name: NO_ASSERTION };
}

function packageId({ kind, name, purl, location }: InventoryPackage): string {
  return `SPDXRef-Package-${kind}-${name.replace(/[^A-Za-z0-9.]+/g, "-")}-${shortHash(`${purl} ${location}`)}`;
}

function fileId(path: TreePath): string {
  return `SPDXRef-File-${shortHash(path)}`;
}

function shortHash(text: string): string {
  return hexOf(sha256(text)).slice(0, 16);
}
