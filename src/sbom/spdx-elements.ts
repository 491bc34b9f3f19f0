/** The elements of SPDX documents, one function for each kind (SPDX 2.3, chapters 7, 8 and 10). Pure. */
import { createHash } from "node:crypto";
import { hexOf, sha256 } from "../digest.ts";
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { toText, type TreePath } from "../paths.ts";
import { allOf } from "./licence-expression.ts";
import { personOf } from "./person.ts";
import { platformOf, subjectPurl } from "./subject.ts";
import type { DocumentOptions, FileSums, InventoryPackage, SbomSubject } from "./types.ts";

/** The id of the image or folder. */
export const ROOT = "SPDXRef-Subject";
/** The id of the distribution: Trivy knows elements by the start of their ids. */
export const SYSTEM = "SPDXRef-OperatingSystem";
const NO_ASSERTION = "NOASSERTION";
const TEAM = /team|maintainers|developers|group|project/i;

/** A source package. */
type SourcePackage = NonNullable<InventoryPackage["source"]>;

/** The image or folder. */
export function subjectElement(subject: SbomSubject): unknown {
  const purl = subjectPurl(subject);
  return {
    name: subject.name,
    SPDXID: ROOT,
    ...given({ versionInfo: subject.digest }),
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

/** What is said of elements whose files nobody looked into. */
const UNEXAMINED = {
  supplier: NO_ASSERTION,
  downloadLocation: NO_ASSERTION,
  filesAnalyzed: false,
  licenseConcluded: NO_ASSERTION,
  licenseDeclared: NO_ASSERTION,
  copyrightText: NO_ASSERTION,
} as const;

/** The distribution. */
export function systemElement(os: OsRelease): unknown {
  const version = os.versionId ?? os.codename;
  return {
    name: os.id,
    SPDXID: SYSTEM,
    ...given({ versionInfo: version }),
    ...UNEXAMINED,
    ...given({ summary: os.prettyName }),
    // As the official schema spells it; the text of the specification has a hyphen.
    primaryPackagePurpose: "OPERATING_SYSTEM",
  };
}

/** A package; with files it counts as analyzed. */
export function packageElement(one: InventoryPackage, id: string, files: readonly (readonly [TreePath, FileSums])[]): unknown {
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
    ...given({ summary: one.summary }),
    comment: `found in /${toText(one.location)}`,
    externalRefs: [
      ...(one.cpe === undefined ? [] : [{ referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: one.cpe }]),
      purlReference(one.purl),
    ],
  };
}

/** The source package that binary packages were built from: without a package URL, as it is not in the image and scanners must not look for it. */
export function sourceElement(source: SourcePackage): unknown {
  return {
    name: source.name,
    SPDXID: sourceId(source),
    versionInfo: source.version,
    ...UNEXAMINED,
    primaryPackagePurpose: "SOURCE",
  };
}

/** Unique by name and version. */
export function sourceId({ name, version }: SourcePackage): string {
  return `SPDXRef-Source-${name.replace(/[^A-Za-z0-9.]+/g, "-")}-${shortHash(`${name} ${version}`)}`;
}

/** "Name <mail>" → "Person: Name (mail)", as SPDX writes it (7.5). */
function supplierOf(maintainer: string | undefined): string {
  const person = personOf(maintainer);
  if (person === undefined) return NO_ASSERTION;
  const { name, mail } = person;
  return `${TEAM.test(`${name} ${mail ?? ""}`) ? "Organization" : "Person"}: ${name}${mail === undefined ? "" : ` (${mail})`}`;
}

function purlReference(purl: string): unknown {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl };
}

/** The files of a package that can be listed; none unless every regular one has its SHA-1, because the verification code covers all. */
export function analyzedFiles(one: InventoryPackage, files: DocumentOptions["files"]): readonly (readonly [TreePath, FileSums])[] {
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

/** A regular file. */
export function fileElement(path: TreePath, sums: FileSums): unknown {
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

/** The text behind a LicenseRef. */
export function licenceElement([licenseId, extractedText]: readonly [string, string]): unknown {
  return { licenseId, extractedText, name: NO_ASSERTION };
}

/** Unique by package URL and place. */
export function packageId({ kind, name, purl, location }: InventoryPackage): string {
  return `SPDXRef-Package-${kind}-${name.replace(/[^A-Za-z0-9.]+/g, "-")}-${shortHash(`${purl} ${location}`)}`;
}

/** Unique by path. */
export function fileId(path: TreePath): string {
  return `SPDXRef-File-${shortHash(path)}`;
}

function shortHash(text: string): string {
  return hexOf(sha256(text)).slice(0, 16);
}
