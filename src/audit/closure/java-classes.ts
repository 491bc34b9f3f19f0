/** Where Java finds a class: in the directories and jars of a class path, in order. */
import { absolutePath, entryAt, fileAt, folderOf } from "../../facts/index.ts";
import { fromText, toText } from "../../paths.ts";
import { type Entry, readZip, type Tree, type ZipFile } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles } from "../types.ts";
import { parseClassFile } from "./java-class-file.ts";
import { parseManifest } from "./java-command.ts";
import type { LoadClass } from "./java-walk.ts";

/** A class that was found. */
interface FoundClass {
  /** The class file, or the jar that it is in. */
  readonly entry: Entry;
  readonly isInJar: boolean;
  /** Up to `length` bytes of it, or all. */
  read(length: number): Promise<Uint8Array | undefined>;
}

const MAX_JARS = 2000;
const MAX_MANIFEST = 1024 * 1024;
/** Of jars with classes for some versions of Java. */
const VERSIONS = Array.from({ length: 40 }, (_, at) => at + 9);
const MAX_CLASS = 16 * 1024 * 1024;

/** The places of a class path, absolute; `folder/*` stands for its jars. */
export function classPlaces(
  { files, tree, workingDirectory }: { readonly files: AuditFiles; readonly tree: Tree; readonly workingDirectory: string },
  classPath: string,
): readonly string[] {
  return classPath.split(":").flatMap((one) => {
    const path = absolutePath(one, workingDirectory);
    if (!path.endsWith("/*")) return [path];
    const folder = entryAt(files, path.slice(0, -2));
    return folder?.kind === "dir"
      ? tree.readdir(folder.path).flatMap((entry) => (/\.jar$/i.test(entry.path) ? [`/${entry.path}`] : []))
      : [];
  });
}

/** The class file `file` ("a/B.class", in the form of paths) in the first place that has it. */
export async function findClass(files: AuditFiles, file: string, places: readonly string[]): Promise<FoundClass | undefined> {
  for (const place of places.slice(0, MAX_JARS)) {
    const entry = entryAt(files, place);
    const own = entry?.kind === "dir" ? fileAt(files, `/${entry.path}/${file}`) : undefined;
    if (own !== undefined) return { entry: own, isInJar: false, read: (length) => files.bytes(own, length) };
    if (entry?.kind !== "file") continue;
    const member = (await openZip(files, entry))?.members.get(toText(file));
    if (member !== undefined) return { entry, isInJar: true, read: () => member.read(MAX_CLASS) };
  }
  return undefined;
}

const zipsOf = oncePerFiles<Map<string, Promise<ZipFile | undefined>>>();

/** A zip file of the image; undefined for what is none. Read once in an audit. */
export function openZip(files: AuditFiles, entry: Entry): Promise<ZipFile | undefined> {
  const zips = zipsOf(files, () => new Map());
  const zip = zips.get(entry.path) ?? readZip({ size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) });
  zips.set(entry.path, zip);
  return zip;
}

/** The main section of a jar's manifest, with names in lower case; empty where there is none. */
export async function readManifest(zip: ZipFile): Promise<ReadonlyMap<string, string>> {
  const bytes = await zip.members.get("META-INF/MANIFEST.MF")?.read(MAX_MANIFEST);
  return parseManifest(bytes === undefined ? "" : Buffer.from(bytes).toString("utf8"));
}

/** The places that a jar's manifest adds to the class path: relative to the folder of the jar, links followed. */
export function manifestPlaces(manifest: ReadonlyMap<string, string>, jar: string): readonly string[] {
  const jars = (manifest.get("class-path") ?? "").split(/\s+/).filter((one) => one !== "" && !/^[a-z]+:/i.test(one));
  return jars.slice(0, MAX_JARS).map((one) => absolutePath(fromText(one), folderOf(jar)));
}

/** The places, and those that the manifests of their jars add. */
export async function allPlaces(files: AuditFiles, places: readonly string[]): Promise<readonly string[]> {
  const all = new Set<string>();
  const todo = [...places].reverse();
  for (let place = todo.pop(); place !== undefined && all.size < MAX_JARS; place = todo.pop()) {
    if (all.has(place)) continue;
    all.add(place);
    const entry = fileAt(files, place);
    const zip = entry === undefined ? undefined : await openZip(files, entry);
    if (zip !== undefined) todo.push(...[...manifestPlaces(await readManifest(zip), `/${entry?.path ?? ""}`)].reverse());
  }
  return [...all];
}

/** Packages of Java's own modules. */
const OF_JAVA = /^(?:java|javax|jdk|sun|com\/sun|com\/oracle|oracle|netscape|org\/(?:w3c|xml|ietf|jcp|graalvm))\//;

/** Loads classes of a program from all its places. Jars with classes for some versions of Java only give "unknown" for these. */
export function classLoader(files: AuditFiles, places: readonly string[]): LoadClass {
  const loaded = new Map<string, ReturnType<LoadClass>>();
  const load: LoadClass = async (name) => {
    if (OF_JAVA.test(name)) return "runtime";
    const found = await findClass(files, `${name}.class`, places);
    for (const place of places) {
      const entry = fileAt(files, place);
      const zip = entry === undefined ? undefined : await openZip(files, entry);
      if (zip !== undefined && VERSIONS.some((version) => zip.members.has(`META-INF/versions/${version}/${toText(name)}.class`)))
        return "unknown";
    }
    const bytes = await found?.read(MAX_CLASS);
    if (found === undefined) return undefined;
    return (bytes === undefined ? undefined : parseClassFile(bytes)) ?? "unknown";
  };
  return (name) => {
    const known = loaded.get(name) ?? load(name);
    loaded.set(name, known);
    return known;
  };
}
