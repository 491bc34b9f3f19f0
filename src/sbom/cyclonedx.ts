/** CycloneDX 1.6 as JSON. Files of packages are listed below them when their sums are given. The same inventory and subject give the same bytes. Pure. */
import { hexOf, sha256 } from "../digest.ts";
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { displayPath, type TreePath } from "../paths.ts";
import { VERSION } from "../version.ts";
import { dependenciesOf } from "./dependencies.ts";
import { allOf, spdxId } from "./licence-expression.ts";
import { personOf } from "./person.ts";
import { createdOf, platformOf, subjectPurl, uuidOf } from "./subject.ts";
import type { DocumentOptions, FileSums, Inventory, InventoryPackage, SbomSubject } from "./types.ts";

/** Makes the document, ready for JSON.stringify. */
export function cycloneDxDocument(inventory: Inventory, { subject, files }: DocumentOptions): unknown {
  const { packages, os, licenceTexts } = inventory;
  const refs = new Map(packages.map((one) => [one, refOf(one)]));
  const ref = (one: InventoryPackage): string => refs.get(one) ?? one.purl;
  const body = {
    version: 1,
    metadata: {
      timestamp: createdOf(subject),
      tools: { components: [{ type: "application", name: "decant", version: VERSION }] },
      component: subjectComponent(subject),
    },
    components: [
      ...(os === undefined ? [] : [systemComponent(os)]),
      ...packages.map((one) => component(one, ref(one), licenceTexts, files)),
    ],
    dependencies: [
      { ref: rootRef(subject), dependsOn: packages.map(ref).toSorted() },
      ...[...dependenciesOf(packages)].map(([one, needs]) => ({ ref: ref(one), dependsOn: needs.map(ref).toSorted() })),
    ],
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf([JSON.stringify(body)])}`,
    ...body,
  };
}

function subjectComponent(subject: SbomSubject): Readonly<Record<string, unknown>> {
  const purl = subjectPurl(subject);
  return {
    "bom-ref": rootRef(subject),
    type: subject.kind === "image" ? "container" : "file",
    name: subject.name,
    ...(subject.digest === undefined ? {} : { version: subject.digest, hashes: [sha256Of(hexOf(subject.digest))] }),
    ...given({ purl }),
    properties: [{ name: "decant:platform", value: platformOf(subject) }],
  };
}

function rootRef(subject: SbomSubject): string {
  return subjectPurl(subject) ?? `subject:${subject.name}`;
}

function systemComponent(os: OsRelease): unknown {
  const version = os.versionId ?? os.codename;
  return {
    "bom-ref": `os:${os.id}${version === undefined ? "" : `@${version}`}`,
    type: "operating-system",
    name: os.id,
    ...given({ version, description: os.prettyName }),
  };
}

function component(one: InventoryPackage, ref: string, texts: ReadonlyMap<string, string>, files: DocumentOptions["files"]): unknown {
  const { group, name } = namesOf(one);
  const maintainer = personOf(one.maintainer)?.name;
  const listed = one.files.flatMap((path) => fileComponent(path, ref, files?.get(path)));
  return {
    "bom-ref": ref,
    type: one.kind === "generic" ? "application" : "library",
    ...(maintainer === undefined ? {} : { supplier: { name: maintainer } }),
    ...given({ group }),
    name,
    version: one.version,
    ...given({ description: one.summary }),
    ...(one.licences.length === 0 ? {} : { licenses: licencesOf(one.licences, texts) }),
    ...given({ cpe: one.cpe }),
    purl: one.purl,
    ...(one.homepage === undefined || !/^https?:\/\/[\w.:/~%?&=#+-]+$/.test(one.homepage)
      ? {}
      : { externalReferences: [{ type: "website", url: one.homepage }] }),
    ...(listed.length === 0 ? {} : { components: listed }),
    properties: [
      { name: "decant:location", value: displayPath(one.location) },
      ...(one.source === undefined ? [] : [{ name: "decant:source", value: `${one.source.name} ${one.source.version}` }]),
    ],
  };
}

/** npm's scope, Composer's vendor and Maven's group are fields of their own. */
function namesOf({ kind, name }: InventoryPackage): { readonly group?: string; readonly name: string } {
  const at = kind === "npm" || kind === "composer" ? name.indexOf("/") : kind === "maven" ? name.indexOf(":") : -1;
  return at < 0 ? { name } : { group: name.slice(0, at), name: name.slice(at + 1) };
}

function fileComponent(path: TreePath, owner: string, sums: FileSums | undefined): readonly unknown[] {
  if (sums === undefined) return [];
  const hashes = [...(sums.sha1 === undefined ? [] : [{ alg: "SHA-1", content: sums.sha1 }]), sha256Of(sums.sha256)];
  return [{ "bom-ref": `file:${shortHash(owner)}:${shortHash(path)}`, type: "file", name: displayPath(path), hashes }];
}

function sha256Of(content: string): unknown {
  return { alg: "SHA-256", content };
}

/** One licence by its SPDX id or with its text; anything longer is one expression, which CycloneDX does not let stand beside others. */
function licencesOf(licences: readonly string[], texts: ReadonlyMap<string, string>): readonly unknown[] {
  const expression = allOf(licences);
  if (expression === undefined) return [];
  if (spdxId(expression) === expression) return [{ license: { id: expression } }];
  const text = texts.get(expression);
  return text === undefined ? [{ expression }] : [{ license: { name: expression, text: { contentType: "text/plain", content: text } } }];
}

/** The purl; with its place where one package is in the tree twice. */
function refOf({ purl, location, kind }: InventoryPackage): string {
  return kind === "deb" || kind === "apk" ? purl : `${purl}#${shortHash(location)}`;
}

function shortHash(text: string): string {
  return hexOf(sha256(text)).slice(0, 12);
}
