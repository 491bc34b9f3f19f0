/**
 * Debian packages: /var/lib/dpkg/status with info/*.list as dpkg keeps them, and /var/lib/dpkg/status.d as distroless images have it
 * (one control file for each package, beside it an md5sums file that names its files).
 */
import { parseStanza, type Stanza } from "../debian/index.ts";
import { isDecantError } from "../errors.ts";
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { baseName, cleanTreePath, compareTreePaths, fromBytes, fromText, joinTreePath, type TreePath, treePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import { distroOf } from "./distro.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const STATUS = treePath("var/lib/dpkg/status");
const STATUS_FOLDER = treePath("var/lib/dpkg/status.d");
const INFO_FOLDER = treePath("var/lib/dpkg/info");
const MD5SUMS = ".md5sums";
const MAX_STATUS_BYTES = 64 * 1024 * 1024;
const MAX_CONTROL_BYTES = 1024 * 1024;
const MAX_LIST_BYTES = 32 * 1024 * 1024;
const MAX_PACKAGES = 50_000;
/** dpkg's words for a package whose files are not there. */
const ABSENT: ReadonlySet<string> = new Set(["not-installed", "config-files"]);
const MD5SUM = /^[0-9a-f]{32} [ *](.+)$/;
/** Part of file names that are made of it. */
const PACKAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9+._-]*$/;
const RELATION_NAME = /^\s*([A-Za-z0-9][A-Za-z0-9+.-]*)/;
const SOURCE = /^(\S+)(?:\s+\(([^()\s]+)\))?$/;

/** A package whose licences are not read yet. */
export type DebRecord = Omit<InventoryPackage, "licences">;

interface Control {
  readonly text: string;
  readonly location: TreePath;
  /** Places of its list of files, the first that exists counts. */
  readonly lists: (name: string, architecture: string) => readonly TreePath[];
}

/** Every installed Debian package; one that both records have counts once. `unread` lists what cannot be used. */
export async function readDpkg(
  files: TreeFiles,
  os: OsRelease | undefined,
  unread: UnreadRecord[],
  signal?: AbortSignal,
): Promise<readonly DebRecord[]> {
  const found = new Map<string, DebRecord>();
  for await (const control of controls(files, unread)) {
    signal?.throwIfAborted();
    const record = await readControl(files, control, os, unread);
    if (record === undefined) continue;
    if (found.size === MAX_PACKAGES) {
      unread.push({ path: control.location, why: `there are more than ${MAX_PACKAGES} packages` });
      break;
    }
    const key = JSON.stringify([record.name, record.version, record.architecture]);
    if (!found.has(key)) found.set(key, record);
  }
  return [...found.values()];
}

async function* controls(files: TreeFiles, unread: UnreadRecord[]): AsyncGenerator<Control, void, undefined> {
  const status = (await files.read(STATUS, MAX_STATUS_BYTES, unread)) ?? "";
  for (const text of status.toString("utf8").split(/\n[ \t\r]*\n/)) {
    if (text.trim() !== "") yield { text, location: STATUS, lists: infoLists };
  }
  for (const entry of files.list(STATUS_FOLDER)) {
    const file = baseName(entry.path);
    if (entry.kind === "dir" || file.endsWith(MD5SUMS)) continue;
    const text = (await files.read(entry.path, MAX_CONTROL_BYTES, unread))?.toString("utf8");
    if (text === undefined) continue;
    const beside = (name: string): TreePath => joinTreePath(STATUS_FOLDER, `${name}${MD5SUMS}`);
    yield {
      text,
      location: entry.path,
      // The names that scanners try; the file's own name differs from the package's in images of old rules.
      lists: (name, architecture) => [beside(`${name}:${architecture}`), beside(name), beside(file)],
    };
  }
}

/** Multi-Arch packages have the architecture in their names. */
function infoLists(name: string, architecture: string): readonly TreePath[] {
  return [`${name}:${architecture}.list`, `${name}.list`, `${name}:${architecture}${MD5SUMS}`, `${name}${MD5SUMS}`].map((file) =>
    joinTreePath(INFO_FOLDER, file),
  );
}

async function readControl(
  files: TreeFiles,
  { text, location, lists }: Control,
  os: OsRelease | undefined,
  unread: UnreadRecord[],
): Promise<DebRecord | undefined> {
  const stanza = parsed(text, location, unread);
  if (stanza === undefined) return undefined;
  const state = (stanza.get("status") ?? "").split(/\s+/)[2];
  if (state !== undefined && ABSENT.has(state)) return undefined;
  const [name, version, architecture = ""] = [stanza.get("package"), stanza.get("version"), stanza.get("architecture")];
  if (name === undefined || version === undefined || version === "" || !PACKAGE_NAME.test(name)) {
    unread.push({ path: location, why: `the package "${name ?? ""}" has no usable name or version` });
    return undefined;
  }
  const source = sourceOf(stanza, name, version);
  const [maintainer, homepage, summary] = [stanza.get("maintainer"), stanza.get("homepage"), stanza.get("description")?.split("\n")[0]];
  return {
    kind: "deb",
    name,
    version,
    ...(architecture === "" ? {} : { architecture }),
    source,
    purl: debPurl({ name, version, architecture, source }, os),
    files: await listedFiles(files, lists(fromText(name), fromText(architecture)), unread),
    location,
    ...given({ maintainer, homepage, summary }),
    requires: [...namesIn(stanza.get("pre-depends")), ...namesIn(stanza.get("depends"))],
    provides: namesIn(stanza.get("provides")).flat(),
  };
}

function parsed(text: string, location: TreePath, unread: UnreadRecord[]): Stanza | undefined {
  try {
    return parseStanza(text, `/${location}`);
  } catch (error) {
    if (!isDecantError(error, "DEBIAN_ARCHIVE")) throw error;
    unread.push({ path: location, why: error.message });
    return undefined;
  }
}

/** The field Source, which is left out where it says nothing new (policy 5.6.1). */
function sourceOf(stanza: Stanza, name: string, version: string): { readonly name: string; readonly version: string } {
  const match = SOURCE.exec(stanza.get("source") ?? "");
  return { name: match?.[1] ?? name, version: match?.[2] ?? version };
}

/** "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc"; `source` where it is known. */
export function debPurl(
  one: Pick<InventoryPackage, "name" | "version" | "source"> & { readonly architecture: string },
  os: OsRelease | undefined,
): string {
  const { name, version, architecture, source = { name, version } } = one;
  // As syft writes it: where the source is called otherwise, or has another version (rebuilds, "+b1").
  const upstream = source.version === version ? (source.name === name ? undefined : source.name) : `${source.name}@${source.version}`;
  return formatPurl({
    type: "deb",
    namespace: os?.id ?? "debian",
    name: name.toLowerCase(),
    version,
    qualifiers: { arch: architecture, distro: distroOf(os), upstream },
  });
}

/** The names in a dependency field (policy 7.1), without versions and architectures: what is there was checked when it was installed. */
function namesIn(field: string | undefined): readonly (readonly string[])[] {
  return (field ?? "").split(",").flatMap((group) => {
    const names = group.split("|").flatMap((alternative) => RELATION_NAME.exec(alternative)?.[1] ?? []);
    return names.length === 0 ? [] : [names];
  });
}

async function listedFiles(files: TreeFiles, lists: readonly TreePath[], unread: UnreadRecord[]): Promise<readonly TreePath[]> {
  for (const list of lists) {
    const bytes = await files.read(list, MAX_LIST_BYTES, unread);
    if (bytes === undefined) continue;
    const listed = fromBytes(bytes)
      .split("\n")
      .map((line) => (list.endsWith(MD5SUMS) ? (MD5SUM.exec(line)?.[1] ?? "") : line));
    // A directory of the package may be a link in the tree (merged /usr): the link is not the package's.
    const folders = new Set(listed.map((path) => path.slice(0, path.lastIndexOf("/"))));
    const found = new Set<TreePath>();
    for (const path of listed) {
      const entry = path === "" || folders.has(path) ? undefined : files.locate(cleanTreePath(path));
      if (entry !== undefined && entry.kind !== "dir") found.add(entry.path);
    }
    return [...found].toSorted(compareTreePaths);
  }
  return [];
}
