/** Alpine packages: the database of apk-tools, paragraphs of one-letter fields. */
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { cleanTreePath, compareTreePaths, fromText, type TreePath, treePath } from "../paths.ts";
import { type LicenceTexts, licenceField } from "./licence-expression.ts";
import { formatPurl } from "../purl.ts";
import { distroOf } from "./distro.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const PLACES = [treePath("lib/apk/db/installed"), treePath("usr/lib/apk/db/installed")];
const MAX_BYTES = 64 * 1024 * 1024;
const DEPENDENCY = /^([^<>=~!]+)/;

/** Every installed package. Damaged paragraphs go to `unread`. */
export async function readApk(
  files: TreeFiles,
  os: OsRelease | undefined,
  context: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): Promise<readonly InventoryPackage[]> {
  for (const location of PLACES) {
    const bytes = await files.read(location, MAX_BYTES, context.unread);
    if (bytes === undefined) continue;
    const paragraphs = bytes.toString("utf8").split(/\n\n+/);
    return paragraphs.filter((text) => text.trim() !== "").flatMap((text) => readParagraph(files, text, location, os, context) ?? []);
  }
  return [];
}

function readParagraph(
  files: TreeFiles,
  text: string,
  location: TreePath,
  os: OsRelease | undefined,
  { texts, unread }: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): InventoryPackage | undefined {
  const lines = text.split("\n");
  const field = (letter: string): string | undefined => lines.find((line) => line.startsWith(`${letter}:`))?.slice(2);
  const [name, version, architecture, origin] = [field("P"), field("V"), field("A"), field("o")];
  if (name === undefined || version === undefined || name === "" || version === "") {
    unread.push({ path: location, why: `the package "${name ?? ""}" has no usable name or version` });
    return undefined;
  }
  const [maintainer, homepage, summary] = [field("m"), field("U"), field("T")];
  return {
    kind: "apk",
    name,
    version,
    ...given({ architecture }),
    ...(origin === undefined ? {} : { source: { name: origin, version } }),
    purl: formatPurl({
      type: "apk",
      namespace: os?.id ?? "alpine",
      name: name.toLowerCase(),
      version,
      qualifiers: { arch: architecture, distro: distroOf(os), upstream: origin === name ? undefined : origin },
    }),
    licences: licenceField(field("L") ?? "", texts),
    files: filesOf(files, lines),
    location,
    ...given({ maintainer, homepage, summary }),
    requires: names(field("D")).map((one) => [one]),
    provides: names(field("p")),
  };
}

/** "F:usr/bin" opens a folder, "R:busybox" is a file in it. */
function filesOf(files: TreeFiles, lines: readonly string[]): readonly TreePath[] {
  const found = new Set<TreePath>();
  let folder = "";
  for (const line of lines) {
    if (line.startsWith("F:")) folder = line.slice(2);
    if (!line.startsWith("R:")) continue;
    const entry = files.locate(cleanTreePath(fromText(`${folder}/${line.slice(2)}`)));
    if (entry !== undefined && entry.kind !== "dir") found.add(entry.path);
  }
  return [...found].toSorted(compareTreePaths);
}

/** "so:libc.musl-x86_64.so.1 zlib>=1.2 !old" → names without versions; conflicts left out. */
function names(field: string | undefined): readonly string[] {
  return (field ?? "").split(/\s+/).flatMap((word) => DEPENDENCY.exec(word)?.[1] ?? []);
}
