/**
 * Reads a .deb (deb(5)): its control fields, its md5sums, and its files as a stream. Nothing is executed and nothing is written. A package
 * is a stranger's archive even when its hash is right: sizes are bounded and every path must stay inside.
 */
import { type ByteStream, collect } from "../bytes.ts";
import { type ErrorCode, isDecantError } from "../errors.ts";
import { displayPath, parentOf, toText, type TreePath } from "../paths.ts";
import { decompress, readTar, type Entry, type TarItem } from "../tree/index.ts";
import { type ArMember, type RandomAccess, readArMembers } from "./ar.ts";
import { parseStanza, type Stanza } from "./control.ts";
import { packageError } from "./errors.ts";

/** Files of a control archive that say what dpkg would do besides unpacking (deb-postinst(5) and others). */
export type ScriptName = (typeof SCRIPT_NAMES)[number];

/** An open package. */
export interface Deb {
  readonly control: Stanza;
  /** The control file as it is. */
  readonly controlText: Uint8Array;
  /** The md5sums file as it is; some packages have none. */
  readonly md5sums: Uint8Array | undefined;
  /** The other files of the control archive that this room knows, as they are. They are never run. */
  readonly scripts: ReadonlyMap<ScriptName, Uint8Array>;
  /** The files, in the order of the package. Use each item's data before asking for the next. Throws `DEBIAN_PACKAGE`. */
  files(): AsyncGenerator<TarItem, void, undefined>;
}

/** Bounds of what a package may unpack to. */
export interface DebLimits {
  /** Default 8 GiB. */
  readonly maxBytes?: number;
  /** Default 1,000,000. */
  readonly maxEntries?: number;
}

const SCRIPT_NAMES = ["preinst", "postinst", "prerm", "postrm", "config", "triggers", "conffiles", "shlibs", "symbols"] as const;
const KNOWN: ReadonlySet<string> = new Set(["control", "md5sums", ...SCRIPT_NAMES]);
const MAX_CONTROL_BYTES = 32 * 1024 * 1024;
/** The largest of Debian have about ten. */
const MAX_CONTROL_ENTRIES = 1000;
const MAX_BYTES = 8 * 1024 ** 3;
const MAX_ENTRIES = 1_000_000;
/** Codes of errors that are about the bytes of the package, whichever room found them. */
const DAMAGE: ReadonlySet<ErrorCode> = new Set(["TAR", "ARCHIVE", "PATH_ESCAPE", "WHITEOUT", "MEDIA_TYPE", "BLOB_SIZE", "DEBIAN_ARCHIVE"]);

/** Opens a package. Throws `DEBIAN_PACKAGE`. */
export async function openDeb(file: RandomAccess, limits: DebLimits = {}): Promise<Deb> {
  const members = (await readArMembers(file)).filter((member) => !member.name.startsWith("_"));
  const [version, control, data] = members;
  if (version?.name !== "debian-binary" || control === undefined || data === undefined || members.length !== 3)
    throw packageError(file.name, "its members are not debian-binary, control.tar and data.tar");
  if (!/^control\.tar(?:\.(?:gz|xz|zst))?$/.test(control.name) || !/^data\.tar(?:\.(?:gz|xz|zst|bz2))?$/.test(data.name))
    throw packageError(
      file.name,
      `its members are "${control.name}" and "${data.name}"; wanted control.tar and data.tar with .gz, .xz or .zst`,
    );
  const format = (await collect(file.read(version.offset, version.size), 1024, file.name)).toString("latin1");
  if (!/^2\.\d+\n/.test(format)) throw packageError(file.name, `its format is "${format.trim()}"; wanted 2.0`);
  const found = await readControl(file, control);
  const controlText = found.get("control");
  if (controlText === undefined) throw packageError(file.name, "its control.tar has no file control");
  const stanza = await explained(file.name, async () => parseStanza(controlText.toString("utf8").trim(), `${file.name} control`));
  return {
    control: stanza,
    controlText,
    md5sums: found.get("md5sums"),
    scripts: new Map(
      SCRIPT_NAMES.flatMap((name) => {
        const bytes = found.get(name);
        return bytes === undefined ? [] : [[name, bytes] as const];
      }),
    ),
    files: () => readFiles(file, data, limits),
  };
}

async function readControl(file: RandomAccess, member: ArMember): Promise<Map<string, Buffer>> {
  return await explained(file.name, async () => {
    const found = new Map<string, Buffer>();
    const stream = atMost(plainMember(file, member), MAX_CONTROL_BYTES, file.name);
    let entries = 0;
    for await (const { entry, data } of readTar(stream)) {
      entries += 1;
      if (entries > MAX_CONTROL_ENTRIES) throw packageError(file.name, `its control.tar has more than ${MAX_CONTROL_ENTRIES} files`);
      if (!KNOWN.has(entry.path)) continue;
      if (entry.kind !== "file") throw packageError(file.name, `"${entry.path}" of its control.tar is a ${entry.kind}; wanted a file`);
      if (found.has(entry.path)) throw packageError(file.name, `its control.tar has "${entry.path}" twice`);
      found.set(entry.path, await collect(data, MAX_CONTROL_BYTES, file.name));
    }
    return found;
  });
}

async function* readFiles(file: RandomAccess, member: ArMember, limits: DebLimits): AsyncGenerator<TarItem, void, undefined> {
  const maxEntries = limits.maxEntries ?? MAX_ENTRIES;
  const seen = new Map<string, Entry["kind"]>();
  try {
    const stream = atMost(plainMember(file, member), limits.maxBytes ?? MAX_BYTES, file.name);
    for await (const item of readTar(stream)) {
      checkEntry(item.entry, seen, file.name);
      seen.set(item.entry.path, item.entry.kind);
      if (seen.size > maxEntries) throw packageError(file.name, `it has more than ${maxEntries} files`);
      yield item;
    }
  } catch (error) {
    throw explain(file.name, error);
  }
}

function plainMember(file: RandomAccess, member: ArMember): ByteStream {
  return decompress(file.read(member.offset, member.size), { sizeBytes: member.size });
}

/** What dpkg would do with a strange entry does not matter: no package of an archive has one. */
function checkEntry(entry: Entry, seen: ReadonlyMap<string, Entry["kind"]>, name: string): void {
  const path = displayPath(entry.path);
  // In a layer such a name would remove files of other packages.
  if (/(?:^|\/)\.wh\./.test(entry.path)) throw packageError(name, `"${path}" would be a whiteout in an image`);
  const known = seen.get(entry.path);
  if (known !== undefined && !(known === "dir" && entry.kind === "dir")) throw packageError(name, `it has "${path}" twice`);
  for (let parent = parentOf(entry.path); parent !== ""; parent = parentOf(parent)) {
    const kind = seen.get(parent);
    if (kind !== undefined && kind !== "dir")
      throw packageError(name, `"${path}" is below "${displayPath(parent)}", which is a ${kind} of the same package`);
  }
  switch (entry.kind) {
    case "dir":
    case "file":
      return;
    case "symlink":
      if (leavesRoot(entry.path, entry.link ?? ""))
        throw packageError(name, `the link "${path}" points to "${toText(entry.link ?? "")}", outside of the root`);
      return;
    case "hardlink":
      // readTar gives the target as a tree path; a package can only link what it brings.
      if (!isFileBefore(entry.link ?? "", seen))
        throw packageError(name, `the hard link "${path}" is to "${toText(entry.link ?? "")}", which is no earlier file of it`);
      return;
    case "char":
    case "block":
    case "fifo":
    case "whiteout":
    case "opaque":
      throw packageError(name, `"${path}" is a ${entry.kind}; a package has files, directories and links only`);
  }
}

function isFileBefore(link: string, seen: ReadonlyMap<string, Entry["kind"]>): boolean {
  const kind = seen.get(link);
  return kind === "file" || kind === "hardlink";
}

/** Does a relative target climb above the root? An absolute one cannot. */
function leavesRoot(path: TreePath, target: string): boolean {
  if (target.startsWith("/")) return false;
  let depth = path.split("/").length - 1;
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

/** The bomb guard: decompressed bytes are counted. */
async function* atMost(source: ByteStream, maxBytes: number, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw packageError(name, `it unpacks to more than ${maxBytes} bytes`);
    yield chunk;
  }
}

/** Runs `fn`; what it finds wrong with the bytes of package `name` becomes `DEBIAN_PACKAGE`. */
export async function explained<Result>(name: string, fn: () => Promise<Result>): Promise<Result> {
  try {
    return await fn();
  } catch (error) {
    throw explain(name, error);
  }
}

/** What is wrong with the tar, the compression or the fields is wrong with the package. Errors of the store stay what they are. */
function explain(name: string, error: unknown): unknown {
  if (!isDecantError(error)) return error;
  return DAMAGE.has(error.code) ? packageError(name, error.message, { cause: error }) : error;
}
