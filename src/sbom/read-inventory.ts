/** From a tree to the list of what it is made of: one reader for each kind of record, nothing unpacked, nothing run. */
import { readOsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { compareTreePaths, treePath, type TreePath } from "../paths.ts";
import type { Platform } from "../oci/index.ts";
import { readTreeFile, type Tree, zipBytes } from "../tree/index.ts";
import { readApk } from "./apk.ts";
import { readChisel } from "./chisel.ts";
import { readComposer } from "./composer.ts";
import { copyrightLicences } from "./copyright.ts";
import { readDotnet } from "./dotnet.ts";
import { type DebRecord, readDpkg } from "./dpkg.ts";
import { findRecords } from "./find-records.ts";
import { readGem } from "./gem.ts";
import { jarPackages } from "./jar.ts";
import type { LicenceTexts } from "./licence-expression.ts";
import { readNpmPackage } from "./npm.ts";
import { type FolderPackage, withFolderFiles } from "./package-folders.ts";
import { readProgram } from "./programs.ts";
import { readPythonPackage } from "./python.ts";
import { type TreeFiles, treeFiles } from "./tree-files.ts";
import type { Inventory, InventoryPackage, UnreadRecord } from "./types.ts";

/** How an inventory is read. */
interface InventoryOptions {
  /** What the image is for: the architecture of programs that no record gives one. */
  readonly platform: Platform;
  /** Names, versions and files only: no licences, and nothing inside programs and archives, which are read whole for it. Default false. */
  readonly recordsOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Context {
  readonly files: TreeFiles;
  readonly texts: LicenceTexts;
  readonly unread: UnreadRecord[];
  readonly platform: Platform;
  readonly recordsOnly: boolean;
  readonly signal: AbortSignal | undefined;
}

const MAX_COPYRIGHT_BYTES = 4 * 1024 * 1024;
const SHOWN_ARCHIVES = 5;
const MAX_JAR_BYTES = 256 * 1024 * 1024;
const RPM_DATABASES = ["var/lib/rpm", "usr/lib/sysimage/rpm"].map((path) => treePath(path));

/**
 * Reads the records of a tree. Damaged ones do not stop it: they are in `unread`. What a package of the distribution owns is not listed a second
 * time as a package of a language. Rejects with the signal's reason, and with what reading the tree throws.
 */
export async function readInventory(tree: Tree, { platform, recordsOnly = false, signal }: InventoryOptions): Promise<Inventory> {
  const context: Context = { files: treeFiles(tree), texts: new Map(), unread: [], platform, recordsOnly, signal };
  const os = await readOsRelease((path, maxBytes) => context.files.read(path, maxBytes, context.unread));
  const debs = await readDpkg(context.files, os, context.unread, signal);
  const sliced = await readChisel(context.files, os, context.unread);
  const owners = [...(await withLicences([...debs, ...sliced], context)), ...(await readApk(context.files, os, context))];
  for (const path of RPM_DATABASES) {
    if (context.files.list(path).length > 0) context.unread.push({ path, why: "RPM databases are not read" });
  }
  const owned = new Set(owners.flatMap(({ files }) => files));
  const packages = [...owners, ...(await withoutDatabase(tree, owned, context))];
  return {
    ...given({ os }),
    packages: unique(packages).toSorted(byName),
    licenceTexts: new Map([...context.texts].toSorted(([a], [b]) => compare(a, b))),
    unread: context.unread.toSorted((a, b) => compareTreePaths(a.path, b.path)),
  };
}

/** Packages of one source share a copyright file by links: each text is parsed once. */
async function withLicences(
  debs: readonly DebRecord[],
  { files, texts, unread, recordsOnly, signal }: Context,
): Promise<readonly InventoryPackage[]> {
  if (recordsOnly) return debs.map((deb) => ({ ...deb, licences: [] }));
  const packages: InventoryPackage[] = [];
  for (const deb of debs) {
    signal?.throwIfAborted();
    const bytes = await files.read(treePath(`usr/share/doc/${deb.name}/copyright`), MAX_COPYRIGHT_BYTES, unread);
    packages.push({ ...deb, licences: bytes === undefined ? [] : copyrightLicences(bytes.toString("utf8"), texts) });
  }
  return packages;
}

async function withoutDatabase(tree: Tree, owned: ReadonlySet<TreePath>, context: Context): Promise<readonly InventoryPackage[]> {
  const { files, unread, signal } = context;
  const found = findRecords(tree, owned, signal);
  const packages: InventoryPackage[] = [];
  for (const [folder, own] of found.npm) packages.push(...listOf(await readNpmPackage(files, folder, own, context)));
  for (const location of found.python) packages.push(...listOf(await readPythonPackage(files, location, context)));
  const inFolders: FolderPackage[] = [];
  for (const location of found.gems) inFolders.push(...listOf(await readGem(files, location, context)));
  for (const location of found.composer) inFolders.push(...(await readComposer(files, location, context)));
  packages.push(...withFolderFiles(tree, inFolders, signal));
  for (const location of found.dotnet) packages.push(...(await readDotnet(files, location, unread)));
  unread.push(...found.unread);
  if (context.recordsOnly) return packages;
  for (const entry of found.programs) {
    signal?.throwIfAborted();
    packages.push(...(await readProgram(tree, entry, context.platform)));
  }
  for (const entry of found.jars) {
    signal?.throwIfAborted();
    if (entry.size > MAX_JAR_BYTES) unread.push({ path: entry.path, why: `it has ${entry.size} bytes; at most ${MAX_JAR_BYTES} are read` });
    else {
      const inside = await jarPackages(zipBytes(await readTreeFile(tree, entry.path, MAX_JAR_BYTES)), entry.path);
      if (inside === undefined) unread.push({ path: entry.path, why: "it is no zip archive" });
      else packages.push(...inside.packages);
      if (inside?.isComplete === false) unread.push({ path: entry.path, why: "there is more in it than is read of one archive" });
      if (inside !== undefined && inside.unnamed.length > 0) unread.push({ path: entry.path, why: unnamedJars(inside.unnamed) });
    }
  }
  return packages;
}

/** "" is the archive itself. */
function unnamedJars(unnamed: readonly string[]): string {
  const inside = unnamed.filter((name) => name !== "");
  const shown = inside.slice(0, SHOWN_ARCHIVES).join(", ");
  const more = inside.length > SHOWN_ARCHIVES ? ` and ${inside.length - SHOWN_ARCHIVES} more` : "";
  const what = inside.length === 0 ? "it has" : `${shown}${more} in it ${inside.length === 1 ? "has" : "have"}`;
  return `${what} neither Maven's coordinates nor a name and version in the manifest`;
}

/** Archives may hold one package several times. */
function unique(packages: readonly InventoryPackage[]): readonly InventoryPackage[] {
  return [...new Map(packages.toReversed().map((one) => [`${one.purl} ${one.location}`, one])).values()];
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}

function byName(a: InventoryPackage, b: InventoryPackage): number {
  return (
    compare(a.kind, b.kind) ||
    compare(a.name, b.name) ||
    compare(a.version, b.version) ||
    compare(a.purl, b.purl) ||
    compareTreePaths(a.location, b.location)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
