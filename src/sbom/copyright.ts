/**
 * Debian's copyright files: the machine-readable format (copyright-format 1.0) names licences in `License` fields. Of any other file nothing is concluded: which of
 * the licences that it mentions is for what, with which exceptions, only people can tell. Pure.
 */
import { type LicenceTexts, licenceRef, spdxException, spdxId } from "./licence-expression.ts";

const HEADER = /^Format(?:-Specification)?:.*(?:copyright-format|dep-?5)/im;
const HEADER_CHARS = 2000;
const FILES = /^Files:/i;
const FIELD = /^License:[ \t]*(.*)$/i;
const GNU = /^(AGPL|GPL|LGPL|GFDL)(-NIV)?(?:[-_ ]?v?(\d)(?:\.(\d+))?)?(?:\.0)?(\+|-or-later|-only)?$/i;
/** Debian's names that are spelt otherwise by SPDX. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["expat", "MIT"],
  ["apache-2", "Apache-2.0"],
  // The text that Debian has under this name is Perl's.
  ["artistic", "Artistic-1.0-Perl"],
  ["artistic-1", "Artistic-1.0-Perl"],
  ["artistic-2", "Artistic-2.0"],
  ["bsd-2", "BSD-2-Clause"],
  ["bsd-3", "BSD-3-Clause"],
  ["bsd-4", "BSD-4-Clause"],
  ["cc0", "CC0-1.0"],
  ["mpl-2", "MPL-2.0"],
  ["psf-2", "PSF-2.0"],
  ["openldap-2.8", "OLDAP-2.8"],
]);
/** "GPL-3+ with Bison exception" and the like. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ["autoconf", "Autoconf-exception-generic"],
  ["bison", "Bison-exception-2.2"],
  ["classpath", "Classpath-exception-2.0"],
  ["font", "Font-exception-2.0"],
  ["gcc-runtime-library", "GCC-exception-3.1"],
  ["libtool", "Libtool-exception"],
  ["linux-syscall-note", "Linux-syscall-note"],
  ["llvm", "LLVM-exception"],
]);

/**
 * The licences of a copyright file as SPDX expressions, each once, in the order of the file. A file that is not machine-readable, or names no licence, is a
 * LicenseRef with its whole text; an empty one gives an empty list.
 */
export function copyrightLicences(text: string, texts: LicenceTexts): readonly string[] {
  const found = HEADER.test(text.slice(0, HEADER_CHARS)) ? machineReadable(text, texts) : [];
  if (found.length > 0 || text.trim() === "") return found;
  return [licenceRef("copyright", text, texts)];
}

interface LicenceField {
  readonly title: string;
  readonly body: string;
  /** Of a paragraph that only gives the text of a licence which others name. */
  readonly isDefinition: boolean;
}

function machineReadable(text: string, texts: LicenceTexts): readonly string[] {
  const fields = licenceFields(text);
  const bodies = new Map<string, string>();
  for (const { title, body } of fields) if (body.trim() !== "" && !bodies.has(title)) bodies.set(title, body);
  const used = fields.filter(({ isDefinition }) => !isDefinition);
  const titles = new Set((used.length === 0 ? fields : used).map(({ title }) => title));
  return [...new Set([...titles].map((title) => expressionOf(title, bodies, texts)))];
}

function licenceFields(text: string): readonly LicenceField[] {
  return text.split(/\n[ \t\r]*\n/).flatMap((paragraph, index) => {
    const lines = paragraph.split("\n");
    const at = lines.findIndex((line) => FIELD.test(line));
    if (at < 0) return [];
    const end = lines.findIndex((line, number) => number > at && !/^[ \t]/.test(line));
    const body = lines.slice(at + 1, end < 0 ? lines.length : end).map((line) => (line.trim() === "." ? "" : line.slice(1).trimEnd()));
    // Some write the text where the name belongs.
    const title = FIELD.exec(lines[at]?.trimEnd() ?? "")?.[1] || (body[0] ?? "");
    const isDefinition = index > 0 && !lines.some((line) => FILES.test(line));
    return title.trim() === "" ? [] : [{ title: title.trim(), body: body.join("\n"), isDefinition }];
  });
}

/** "A or B, and C": a comma binds less than "or", "or" less than "and" (copyright-format 1.0, 7.2). */
function expressionOf(field: string, bodies: ReadonlyMap<string, string>, texts: LicenceTexts): string {
  const single = (name: string): string =>
    debianName(name.trim()) ?? licenceRef(name, bodies.get(name.trim()) ?? bodies.get(field) ?? "", texts);
  const either = (part: string): string =>
    part
      .split(/\s+or\s+/i)
      .map((one) =>
        one
          .split(/\s+and\s+/i)
          .map(single)
          .join(" AND "),
      )
      .join(" OR ");
  if (field.length > 200) return licenceRef(field, bodies.get(field) ?? field, texts);
  const [first = "", ...rest] = field.split(/\s*,\s*(and|or)\s+/i);
  let expression = either(first);
  for (let at = 0; at + 1 < rest.length; at += 2) {
    expression = `${grouped(expression)} ${(rest[at] ?? "").toUpperCase()} ${grouped(either(rest[at + 1] ?? ""))}`;
  }
  return expression;
}

function grouped(expression: string): string {
  return / (?:AND|OR) /.test(expression) ? `(${expression})` : expression;
}

/** One name of Debian's as SPDX spells it. */
function debianName(name: string): string | undefined {
  const [licence = "", exception] = name.split(/\s+with\s+/i);
  const id = NAMES.get(licence.toLowerCase()) ?? gnuName(licence) ?? spdxId(licence);
  if (id === undefined || exception === undefined) return id;
  const short = exception.replace(/\s+exceptions?$/i, "");
  const known = EXCEPTIONS.get(short.toLowerCase()) ?? spdxException(short) ?? spdxException(exception);
  return known === undefined ? undefined : `${id} WITH ${known}`;
}

/** Debian's "GPL-2" means that version only, "GPL-2+" that or later. A name without version leaves the choice. */
function gnuName(name: string): string | undefined {
  const match = GNU.exec(name);
  if (match === null) return undefined;
  const [, family = "", invariants, major, minor = "0", suffix = ""] = match;
  const title = family.toUpperCase();
  const first = title === "GFDL" ? "1.1" : title === "LGPL" ? "2.0" : title === "AGPL" ? "3.0" : "1.0";
  const version = major === undefined ? first : `${major}.${minor}`;
  const orLater = major === undefined || suffix === "+" || suffix === "-or-later";
  return spdxId(`${title}-${version}${invariants === undefined ? "" : "-no-invariants"}-${orLater ? "or-later" : "only"}`);
}
