/** Where Java finds a class: in the directories and jars of a class path, in order. */
import { absolutePath, entryAt, fileAt } from "../../facts/index.ts";
import { toText } from "../../paths.ts";
import { type Entry, readZip, type Tree, type ZipFile } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** A class that was found. */
interface FoundClass {
  /** The class file, or the jar that it is in. */
  readonly entry: Entry;
  readonly isInJar: boolean;
  /** Up to `length` bytes of it, or all. */
  read(length: number): Promise<Uint8Array | undefined>;
}

const MAX_JARS = 2000;
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

/** A zip file of the image; undefined for what is none. */
export function openZip(files: AuditFiles, entry: Entry): Promise<ZipFile | undefined> {
  return readZip({ size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) });
}
