/**
 * A Debian archive: the chain InRelease signature → Packages hash → .deb hash, over several sources, cached by hash in the store. A name
 * is looked for in all sources; the highest version wins.
 */
import * as v from "valibot";
import { pool } from "../async.ts";
import { type ByteStream } from "../bytes.ts";
import { type Digest, hexOf, isDigest, parseDigest } from "../digest.ts";
import type { Store } from "../store/index.ts";
import { decompress } from "../tree/index.ts";
import type { RandomAccess } from "./ar.ts";
import { archiveContext, type ArchiveContext, type ArchiveOptions, fetchFile } from "./context.ts";
import { requiredField, scanPackages, type Stanza } from "./control.ts";
import { type Deb, openDeb } from "./deb.ts";
import { archiveError, packageError } from "./errors.ts";
import { currentRelease, type CurrentRelease, packagesPath } from "./releases.ts";
import { type BinaryPackage, selectPackages } from "./resolve.ts";
import { type ArchiveSource, packageUrl, suiteUrl } from "./sources.ts";
import { parseVersion } from "./version.ts";

/** An archive that is open for one piece of work: it looks at each release once. */
export interface Archive {
  /** The verified releases of all sources, in their order. */
  releases(): Promise<readonly CurrentRelease[]>;
  /** The newest version of each package. Throws `DEBIAN_DEPENDENCY` for names that no source has. */
  select(names: readonly string[], architecture: string): Promise<BinaryPackage[]>;
  /** Gets the .deb into the store, checked, and opens it. Throws `DEBIAN_ARCHIVE`, `DEBIAN_PACKAGE`. */
  open(binary: BinaryPackage): Promise<Deb>;
}

const MAX_INDEX_BYTES = 1024 ** 3;
const ANSWERS = "debian-index";
const FILENAME = /^[A-Za-z0-9][A-Za-z0-9+._~:%-]*(?:\/[A-Za-z0-9][A-Za-z0-9+._~:%-]*)*\.deb$/;

/** Opens the archive that `sources` make up. The store is borrowed. */
export function createArchive(store: Store, sources: readonly ArchiveSource[], options: ArchiveOptions): Archive {
  const context = archiveContext(store, options);
  let releases: Promise<readonly CurrentRelease[]> | undefined;
  const loadReleases = (): Promise<readonly CurrentRelease[]> =>
    (releases ??= pool(4, sources, (source) => currentRelease(context, source), context.signal));
  return {
    releases: loadReleases,
    select: async (names, architecture) => await select(context, await loadReleases(), names, architecture),
    open: async (binary) => await open(context, binary),
  };
}

/** An index file that is to be read, as the release lists it. */
interface IndexFile {
  readonly release: CurrentRelease;
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** Of the uncompressed file. */
  readonly maxBytes: number;
}

async function select(
  context: ArchiveContext,
  releases: readonly CurrentRelease[],
  names: readonly string[],
  architecture: string,
): Promise<BinaryPackage[]> {
  const files = releases.flatMap((release) => indexFiles(release, architecture));
  const found = await pool(2, files, (file) => look(context, file, [...new Set(names)]), context.signal);
  return selectPackages(
    Map.groupBy(found.flat(), (one) => one.name),
    names,
    architecture,
  );
}

function indexFiles(release: CurrentRelease, architecture: string): IndexFile[] {
  const architectures = release.release.separateAll ? [architecture, "all"] : [architecture];
  return release.source.components.flatMap((component) =>
    architectures.map((one) => {
      const path = packagesPath(release, component, one);
      const file = release.release.files.get(path);
      if (file === undefined) throw archiveError(path, "the release does not list it");
      const plain = release.release.files.get(path.replace(/\.(?:xz|gz)$/, ""));
      return { release, path, ...file, maxBytes: Math.min(plain?.size ?? MAX_INDEX_BYTES, MAX_INDEX_BYTES) };
    }),
  );
}

/** What an index has of some names. Answers are kept, also that it has none: decompressing an index is what takes time. */
async function look(context: ArchiveContext, file: IndexFile, names: readonly string[]): Promise<BinaryPackage[]> {
  const { source } = file.release;
  const { records } = context.store;
  const id = `${source.uri} ${source.suite} ${file.digest}`;
  const answers = (): Map<string, BinaryPackage[]> => {
    const known = v.safeParse(answersSchema, records.get(ANSWERS, id));
    return new Map(known.success ? known.output : []);
  };
  let known = answers();
  const wanted = names.filter((name) => !known.has(name));
  if (wanted.length > 0) {
    const found = Map.groupBy(await read(context, file, wanted), (one) => one.name);
    records.batch(() => {
      // Another process may have learned other names meanwhile.
      known = answers();
      for (const name of wanted) known.set(name, found.get(name) ?? []);
      // No refs: the answers outlive the index.
      records.put(ANSWERS, id, [...known]);
    });
  }
  return names.flatMap((name) => known.get(name) ?? []);
}

async function read(context: ArchiveContext, file: IndexFile, wanted: readonly string[]): Promise<BinaryPackage[]> {
  const { source, release } = file.release;
  const url = suiteUrl(source, file.path);
  const folder = url.slice(0, url.lastIndexOf("/"));
  await fetchFile(context, [...(release.byHash ? [`${folder}/by-hash/SHA256/${hexOf(file.digest)}`] : []), url], file);
  const found: BinaryPackage[] = [];
  const text = bounded(decompress(context.store.blobs.open(file.digest)), file.maxBytes, url);
  for await (const stanza of scanPackages(text, new Set(wanted), url)) {
    context.signal?.throwIfAborted();
    found.push(toPackage(stanza, source, url));
  }
  return found;
}

async function* bounded(source: ByteStream, maxBytes: number, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw archiveError(name, `it unpacks to more than ${maxBytes} bytes, the size that the release lists`);
    yield chunk;
  }
}

function toPackage(stanza: Stanza, source: ArchiveSource, url: string): BinaryPackage {
  const name = requiredField(stanza, "Package", url);
  const where = `${url} ${name}`;
  const filename = requiredField(stanza, "Filename", where);
  const size = requiredField(stanza, "Size", where);
  if (!FILENAME.test(filename)) throw archiveError(where, `its file name "${filename}" is not a path below the mirror`);
  if (!/^\d{1,12}$/.test(size)) throw archiveError(where, `its size "${size}" is not a number of bytes`);
  const version = requiredField(stanza, "Version", where);
  parseVersion(version);
  return {
    name,
    version,
    architecture: requiredField(stanza, "Architecture", where),
    source: (stanza.get("source") ?? name).split(" ")[0] ?? name,
    filename,
    size: Number(size),
    digest: parseDigest(`sha256:${requiredField(stanza, "SHA256", where)}`),
    uri: source.uri,
    suite: source.suite,
  };
}

const packageSchema = v.object({
  name: v.string(),
  version: v.string(),
  architecture: v.string(),
  source: v.string(),
  filename: v.string(),
  size: v.number(),
  digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)),
  uri: v.string(),
  suite: v.string(),
});

const answersSchema = v.array(v.tuple([v.string(), v.array(packageSchema)]));

async function open(context: ArchiveContext, binary: BinaryPackage): Promise<Deb> {
  await fetchFile(context, [packageUrl(binary.uri, binary.filename)], binary);
  const { blobs } = context.store;
  const file: RandomAccess = {
    name: binary.filename.slice(binary.filename.lastIndexOf("/") + 1),
    size: binary.size,
    read: (start, length) => blobs.open(binary.digest, { start, length }),
  };
  const deb = await openDeb(file);
  for (const [field, value] of [
    ["Package", binary.name],
    ["Version", binary.version],
    ["Architecture", binary.architecture],
  ] as const) {
    const actual = deb.control.get(field.toLowerCase()) ?? "";
    if (actual !== value) throw packageError(file.name, `its control file says ${field} "${actual}"; the index says "${value}"`);
  }
  return deb;
}
