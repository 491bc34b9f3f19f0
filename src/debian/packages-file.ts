/**
 * A Packages file as a table: the fields that this room needs, by package, and who provides each virtual package. Paragraphs are only split
 * here; a package is checked when it is looked up.
 */
import type { ByteStream } from "../bytes.ts";
import { type BinaryPackage, PACKAGE_FIELDS, toBinaryPackage } from "./binary-package.ts";
import type { ArchiveContext } from "./context.ts";
import { archiveError } from "./errors.ts";
import { keptTable } from "./kept-table.ts";
import { type ListedFile, readListed } from "./listed-file.ts";
import type { PackageIndex } from "./package-index.ts";
import { scanParts } from "./scan-parts.ts";
import { formatSortedLines } from "./sorted-lines.ts";

/** Raised when the same file gives another table. */
const FORMAT = "packages-1";
/** In front of a virtual package's name; no package has a name that begins so. */
const PROVIDED = "=";
const NAME = /^[A-Za-z0-9][A-Za-z0-9+.-]*$/;
const MAX_STANZA_BYTES = 4 * 1024 * 1024;
const COLUMN: ReadonlyMap<string, number> = new Map(PACKAGE_FIELDS.map((field, at) => [field, at]));
const PROVIDES = PACKAGE_FIELDS.indexOf("provides");

/** Opens the packages of an index file. Throws `DEBIAN_ARCHIVE`. */
export async function openPackages(context: ArchiveContext, file: ListedFile): Promise<PackageIndex> {
  const { source, release } = file.release;
  const table = await keptTable(context, `${FORMAT} ${file.content}`, () => makeTable(readListed(context, file), file.url));
  return {
    named: (name) =>
      table
        .get(name)
        .map((line) => ({ ...readRow(name, line, source, file.url), ...(release.notAutomatic ? { notAutomatic: true } : {}) })),
    providing: (name) => table.get(PROVIDED + name).flatMap((line) => line.split(" ")),
    names: () => table.keys().filter((key) => !key.startsWith(PROVIDED)),
  };
}

function readRow(name: string, line: string, source: ListedFile["release"]["source"], url: string): BinaryPackage {
  // The first column is the key.
  const values = [name, ...line.split("\t")];
  return toBinaryPackage(
    new Map(PACKAGE_FIELDS.flatMap((field, at) => (values[at] === undefined || values[at] === "" ? [] : [[field, values[at]] as const]))),
    source,
    url,
  );
}

/** The table of a Packages file; `url` is for messages. Throws `DEBIAN_ARCHIVE`. */
export async function makeTable(source: ByteStream, url: string): Promise<Buffer> {
  const lines: [string, string][] = [];
  const providers = new Map<string, Set<string>>();
  for await (const row of rows(source, url)) {
    const [name = "", ...values] = row;
    if (!NAME.test(name)) throw archiveError(url, `it has a paragraph whose field Package is "${name}"; wanted a name`);
    lines.push([name, values.join("\t")]);
    for (const provided of (row[PROVIDES] ?? "").split(",")) {
      const virtual = /^\s*([^\s(:]+)/.exec(provided)?.[1];
      if (virtual === undefined) continue;
      const names = providers.get(virtual) ?? new Set();
      providers.set(virtual, names.add(name));
    }
  }
  for (const [virtual, names] of providers) lines.push([PROVIDED + virtual, [...names].join(" ")]);
  return formatSortedLines(lines);
}

/** The wanted fields of every paragraph, as columns; none of them has other characters than ASCII. */
function rows(source: ByteStream, url: string): AsyncGenerator<string[], void, undefined> {
  const tooLong = (bytes: number): Error => archiveError(url, `it has a paragraph of more than ${bytes} bytes`);
  return scanParts(source, { separator: "\n\n", maxPartBytes: MAX_STANZA_BYTES, tooLong }, (text, start, end) =>
    readParagraph(text, start, end, url),
  );
}

function readParagraph(text: string, start: number, end: number, url: string): string[] | undefined {
  let row: string[] | undefined;
  let column: number | undefined;
  for (let at = start; at < end;) {
    const newline = text.indexOf("\n", at);
    const lineEnd = newline < 0 || newline > end ? end : newline;
    const first = text.charCodeAt(at);
    if (first === 32 || first === 9) {
      if (row !== undefined && column !== undefined) row[column] += ` ${text.slice(at + 1, lineEnd)}`;
    } else {
      const colon = text.indexOf(":", at);
      column = colon < 0 || colon > lineEnd ? undefined : COLUMN.get(text.slice(at, colon).toLowerCase());
      if (column !== undefined) {
        row ??= Array.from(PACKAGE_FIELDS, () => "");
        if (row[column] !== "") throw archiveError(url, `package "${row[0]}" gives the field ${text.slice(at, colon)} a second time`);
        row[column] = text
          .slice(colon + 1, lineEnd)
          .trim()
          .replaceAll("\t", " ");
      }
    }
    at = lineEnd + 1;
  }
  return row;
}
