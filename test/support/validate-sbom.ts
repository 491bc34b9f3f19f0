/**
 * Checks SBOM documents. CycloneDX: against the official JSON schema of 1.6, taken from its npm package. SPDX publishes its schema in no package:
 * the rules of SPDX 2.3 that a schema cannot say (references, sums, what analyzed packages have) and the fields it asks for are checked here.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import * as v from "valibot";
import { parseExpression } from "../../src/sbom/licence-expression.ts";

const resources = join(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json"), "../res/schema");
let cycloneDx: ReturnType<Ajv["compile"]> | undefined;

/** Fails with the schema's messages. */
export function assertCycloneDx(document: unknown): void {
  cycloneDx ??= compileCycloneDx();
  assert.ok(cycloneDx(document), JSON.stringify(cycloneDx.errors, null, 1));
}

function compileCycloneDx(): ReturnType<Ajv["compile"]> {
  const read = (name: string): object => {
    const schema: unknown = JSON.parse(readFileSync(join(resources, name), "utf8"));
    assert.ok(typeof schema === "object" && schema !== null);
    return schema;
  };
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  // Formats of later drafts, which ajv-formats leaves to the reader.
  ajv.addFormat("iri-reference", (text: string) => !/[\s<>"{}|\\^`]/.test(text));
  ajv.addFormat("idn-email", /^\S+@\S+$/);
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    const file = `${name}.SNAPSHOT.schema.json`;
    ajv.addSchema(read(file), `http://cyclonedx.org/schema/${file}`);
  }
  return ajv.compile(read("bom-1.6.SNAPSHOT.schema.json"));
}

const text = v.pipe(v.string(), v.nonEmpty());
const elementId = v.pipe(v.string(), v.regex(/^SPDXRef-[A-Za-z0-9.-]+$/));
const SUMS = { SHA1: /^[0-9a-f]{40}$/, SHA256: /^[0-9a-f]{64}$/ };
const checksums = v.array(
  v.variant("algorithm", [
    v.strictObject({ algorithm: v.literal("SHA1"), checksumValue: v.pipe(v.string(), v.regex(SUMS.SHA1)) }),
    v.strictObject({ algorithm: v.literal("SHA256"), checksumValue: v.pipe(v.string(), v.regex(SUMS.SHA256)) }),
  ]),
);
const externalRef = v.variant("referenceType", [
  v.strictObject({
    referenceCategory: v.literal("PACKAGE-MANAGER"),
    referenceType: v.literal("purl"),
    referenceLocator: v.pipe(v.string(), v.regex(/^pkg:[a-z]+\/\S+$/)),
  }),
  v.strictObject({
    referenceCategory: v.literal("SECURITY"),
    referenceType: v.literal("cpe23Type"),
    referenceLocator: v.pipe(v.string(), v.regex(/^cpe:2\.3:a(?::[^:\s]+){10}$/)),
  }),
]);
const spdxPackage = v.strictObject({
  name: text,
  SPDXID: elementId,
  versionInfo: v.optional(text),
  supplier: v.pipe(v.string(), v.regex(/^(?:NOASSERTION|(?:Person|Organization): .+)$/)),
  downloadLocation: v.literal("NOASSERTION"),
  filesAnalyzed: v.boolean(),
  packageVerificationCode: v.optional(v.strictObject({ packageVerificationCodeValue: v.pipe(v.string(), v.regex(SUMS.SHA1)) })),
  checksums: v.optional(checksums),
  homepage: v.optional(v.pipe(v.string(), v.url())),
  sourceInfo: v.optional(text),
  licenseConcluded: v.literal("NOASSERTION"),
  licenseDeclared: text,
  copyrightText: v.literal("NOASSERTION"),
  summary: v.optional(v.string()),
  comment: v.optional(text),
  externalRefs: v.optional(v.array(externalRef)),
  primaryPackagePurpose: v.optional(v.picklist(["CONTAINER", "OPERATING_SYSTEM", "SOURCE", "FILE"])),
});
const spdxFile = v.strictObject({
  fileName: v.pipe(v.string(), v.regex(/^\.\/./)),
  SPDXID: elementId,
  checksums,
  licenseConcluded: v.literal("NOASSERTION"),
  licenseInfoInFiles: v.array(v.literal("NOASSERTION")),
  copyrightText: v.literal("NOASSERTION"),
});
const spdxSchema = v.strictObject({
  spdxVersion: v.literal("SPDX-2.3"),
  dataLicense: v.literal("CC0-1.0"),
  SPDXID: v.literal("SPDXRef-DOCUMENT"),
  name: text,
  documentNamespace: v.pipe(v.string(), v.url(), v.regex(/^[^#]+$/)),
  creationInfo: v.strictObject({
    created: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)),
    creators: v.pipe(v.array(v.pipe(v.string(), v.regex(/^Tool: \S+-\S+$/))), v.minLength(1)),
    licenseListVersion: v.pipe(v.string(), v.regex(/^\d+\.\d+$/)),
  }),
  packages: v.array(spdxPackage),
  files: v.optional(v.array(spdxFile)),
  hasExtractedLicensingInfos: v.optional(
    v.array(v.strictObject({ licenseId: v.pipe(v.string(), v.regex(/^LicenseRef-[A-Za-z0-9.-]+$/)), extractedText: text, name: text })),
  ),
  relationships: v.array(
    v.strictObject({
      spdxElementId: elementId,
      relationshipType: v.picklist(["DESCRIBES", "CONTAINS", "DEPENDS_ON", "GENERATED_FROM"]),
      relatedSpdxElement: elementId,
    }),
  ),
});

/** A document that was checked: the fields that tests look at. */
export interface SpdxDocument {
  readonly SPDXID: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly SpdxPackage[];
  readonly files?: readonly { readonly SPDXID: string; readonly fileName: string; readonly checksums: readonly Checksum[] }[] | undefined;
  readonly hasExtractedLicensingInfos?: readonly { readonly licenseId: string; readonly extractedText: string }[] | undefined;
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

interface Checksum {
  readonly algorithm: string;
  readonly checksumValue: string;
}

interface SpdxPackage {
  readonly name: string;
  readonly SPDXID: string;
  readonly versionInfo?: string | undefined;
  readonly supplier: string;
  readonly licenseDeclared: string;
  readonly filesAnalyzed: boolean;
  readonly packageVerificationCode?: { readonly packageVerificationCodeValue: string } | undefined;
  readonly checksums?: readonly Checksum[] | undefined;
  readonly externalRefs?: readonly { readonly referenceLocator: string }[] | undefined;
}

/** Checks an SPDX 2.3 document and gives it with its types. */
export function assertSpdx(value: unknown): SpdxDocument {
  const document: SpdxDocument = v.parse(spdxSchema, value);
  const { packages, files = [], relationships, hasExtractedLicensingInfos = [] } = document;
  const ids = [document.SPDXID, ...packages.map(({ SPDXID }) => SPDXID), ...files.map(({ SPDXID }) => SPDXID)];
  const known = new Set(ids);
  assert.equal(known.size, ids.length, "every SPDXID is used once");
  for (const { spdxElementId, relatedSpdxElement } of relationships) {
    assert.ok(known.has(spdxElementId) && known.has(relatedSpdxElement), `${spdxElementId} and ${relatedSpdxElement} are elements`);
  }
  assert.equal(relationships.filter(({ relationshipType }) => relationshipType === "DESCRIBES").length, 1, "it describes one thing");
  const refs = new Set(hasExtractedLicensingInfos.map(({ licenseId }) => licenseId));
  for (const one of packages) {
    assertLicence(one.licenseDeclared, refs);
    assertAnalyzed(one, document);
  }
  return document;
}

/** LicenseRefs count as a licence where their text is in the document. */
function assertLicence(expression: string, refs: ReadonlySet<string>): void {
  if (expression === "NOASSERTION") return;
  const plain = expression.replace(/LicenseRef-[A-Za-z0-9.-]+/g, (ref) => (refs.has(ref) ? "MIT" : "?"));
  assert.ok(plain.length > 1024 || parseExpression(plain) !== undefined, `${expression} is a licence expression`);
}

/** SPDX 2.3, 7.8 and 7.9: packages have files exactly when they are analyzed, and then the code over their sums. */
function assertAnalyzed(one: SpdxPackage, { files = [], relationships }: SpdxDocument): void {
  const byId = new Map(files.map((file) => [file.SPDXID, file]));
  const own = relationships.flatMap(({ spdxElementId, relationshipType, relatedSpdxElement }) =>
    spdxElementId === one.SPDXID && relationshipType === "CONTAINS" ? (byId.get(relatedSpdxElement) ?? []) : [],
  );
  assert.equal(one.filesAnalyzed, own.length > 0, `${one.name} is analyzed when it has files`);
  assert.equal(one.packageVerificationCode !== undefined, one.filesAnalyzed, `${one.name} has a code when it is analyzed`);
  if (!one.filesAnalyzed) return;
  const sums = own.map(({ checksums: all }) => all.find(({ algorithm }) => algorithm === "SHA1")?.checksumValue ?? "no SHA1").toSorted();
  const code = createHash("sha1").update(sums.join("")).digest("hex");
  assert.equal(one.packageVerificationCode?.packageVerificationCodeValue, code, `the code of ${one.name} is that of its files`);
}
