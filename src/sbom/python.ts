/** Installed Python packages: METADATA of *.dist-info (core metadata specification) and PKG-INFO of *.egg-info. */
import { given } from "../given.ts";
import { cleanTreePath, compareTreePaths, fromBytes, joinTreePath, parentOf, type TreePath } from "../paths.ts";
import { type LicenceTexts, licenceField, licenceRef, parseExpression, spdxId } from "./licence-expression.ts";
import { formatPurl } from "../purl.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RECORD_BYTES = 32 * 1024 * 1024;
const FIELD = /^([A-Za-z-]+):[ \t]*(.*)$/;
const REQUIREMENT = /^([A-Za-z0-9][A-Za-z0-9._-]*)/;
const MAX_LICENCE_CHARS = 60;
/** Classifiers that name one licence and version; "BSD License" and "Apache Software License" do not. */
const CLASSIFIERS: ReadonlyMap<string, string> = new Map([
  ["ISC License (ISCL)", "ISC"],
  ["MIT License", "MIT"],
  ["MIT No Attribution License (MIT-0)", "MIT-0"],
  ["Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"],
  ["Python Software Foundation License", "PSF-2.0"],
  ["The Unlicense (Unlicense)", "Unlicense"],
  ["GNU General Public License v2 (GPLv2)", "GPL-2.0-only"],
  ["GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"],
  ["GNU General Public License v3 (GPLv3)", "GPL-3.0-only"],
  ["GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"],
  ["GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPL-2.0-or-later"],
  ["GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"],
  ["GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"],
]);

/** Reads one package. Damaged ones go to `unread`. */
export async function readPythonPackage(
  files: TreeFiles,
  location: TreePath,
  context: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): Promise<InventoryPackage | undefined> {
  const bytes = await files.read(location, MAX_BYTES, context.unread);
  if (bytes === undefined) return undefined;
  const fields = headerFields(bytes.toString("utf8"));
  const field = (name: string): string | undefined => fields.find(([key]) => key === name)?.[1];
  const [name, version] = [field("name"), field("version")];
  if (name === undefined || version === undefined || !REQUIREMENT.test(name)) {
    context.unread.push({ path: location, why: "it has no name or no version" });
    return undefined;
  }
  const normal = normalName(name);
  const [homepage, summary, maintainer] = [field("home-page"), field("summary"), field("author-email") ?? field("author")];
  return {
    kind: "pypi",
    name,
    version,
    purl: formatPurl({ type: "pypi", name: normal, version }),
    licences: licencesOf(fields, context.texts),
    files: await recordedFiles(files, location, context.unread),
    location,
    ...given({ maintainer, homepage, summary }),
    requires: fields.flatMap(([key, value]) => (key === "requires-dist" ? [[normalName(REQUIREMENT.exec(value)?.[1] ?? "")]] : [])),
    provides: name === normal ? [] : [normal],
  };
}

/** "Foo_Bar.baz" → "foo-bar-baz" (PEP 503). */
function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** The header fields of core metadata; the description after them is left out, folded lines too. */
function headerFields(text: string): readonly (readonly [name: string, value: string])[] {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? "";
  return head.split(/\r?\n/).flatMap((line): readonly (readonly [string, string])[] => {
    const match = FIELD.exec(line);
    const value = match?.[2]?.trim() ?? "";
    return match === null || value === "" || value === "UNKNOWN" ? [] : [[(match[1] ?? "").toLowerCase(), value]];
  });
}

/** License-Expression is exact; then classifiers that are; then the free text of License, where it is an expression or short; then what other classifiers say. */
function licencesOf(fields: readonly (readonly [name: string, value: string])[], texts: LicenceTexts): readonly string[] {
  const values = (name: string): readonly string[] => fields.flatMap(([key, value]) => (key === name ? [value] : []));
  const [expression] = values("license-expression");
  if (expression !== undefined) return licenceField(expression, texts);
  const classifiers = values("classifier").filter((value) => value.startsWith("License ::"));
  const classified = classifiers.map((value) => CLASSIFIERS.get(value.split("::").at(-1)?.trim() ?? ""));
  const exact = classified.filter((one) => one !== undefined);
  if (exact.length > 0 && exact.length === classified.length) return [...new Set(exact)];
  const written = values("license").flatMap((text) => {
    const known = parseExpression(text) ?? spdxId(text.replace(/ Licen[cs]e$/i, ""));
    return known ?? (text.length > MAX_LICENCE_CHARS ? [] : licenceField(text, texts));
  });
  if (written.length > 0) return written;
  return [...new Set(classifiers.map((value, at) => classified[at] ?? licenceRef(value.split("::").at(-1)?.trim() ?? "", value, texts)))];
}

/** RECORD names files relative to the folder that the dist-info is in. */
async function recordedFiles(files: TreeFiles, location: TreePath, unread: UnreadRecord[]): Promise<readonly TreePath[]> {
  const folder = parentOf(location);
  if (!folder.endsWith(".dist-info")) return [];
  const record = await files.read(joinTreePath(folder, "RECORD"), MAX_RECORD_BYTES, unread);
  const found = new Set<TreePath>();
  for (const line of record === undefined ? [] : fromBytes(record).split(/\r?\n/)) {
    const path = line.startsWith('"') ? line.slice(1, line.indexOf('"', 1)) : (line.split(",", 1)[0] ?? "");
    if (path === "") continue;
    const entry = files.locate(cleanTreePath(path.startsWith("/") ? path : `${parentOf(folder)}/${path}`));
    if (entry !== undefined && entry.kind !== "dir") found.add(entry.path);
  }
  return [...found].toSorted(compareTreePaths);
}
