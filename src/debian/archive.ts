/**
 * A Debian archive: the chain InRelease signature → Packages hash → .deb hash, over several sources, cached by hash in the store. A name
 * is looked for in all sources; the highest version wins.
 */
import * as v from "valibot";
import { pool } from "../async.ts";
import { type ByteStream } from "../bytes.ts";
import { type Digest, hexOf, isDigest } from "../digest.ts";
import { InternalError } from "../errors.ts";
import type { Store } from "../store/index.ts";
import { decompress } from "../tree/index.ts";
import type { RandomAccess } from "./ar.ts";
import { type BinaryPackage, toBinaryPackage } from "./binary-package.ts";
import type { ContentsQuery } from "./contents.ts";
import { archiveContext, type ArchiveContext, type ArchiveOptions, fetchFile } from "./context.ts";
import { scanPackages } from "./control.ts";
import { type Deb, openDeb } from "./deb.ts";
import { archiveError, packageError } from "./errors.ts";
import { currentRelease, type CurrentRelease, packagesPath } from "./releases.ts";
import type { Resolution, ResolveRequest } from "./resolution.ts";
import { selectPackages } from "./select.ts";
import { type ArchiveSource, packageUrl, suiteUrl } from "./sources.ts";

/** An archive that is open for one piece of work: it looks at each release once. */
export interface Archive {
  /** The verified releases of all sources, in their order. */
  releases(): Promise<readonly CurrentRelease[]>;
  /** The newest version of each package. Throws `DEBIAN_DEPENDENCY` for names that no source has. */
  select(names: readonly string[], architecture: string): Promise<BinaryPackage[]>;
  /**
   * The newest version of each wanted package with what it needs, Recommends left out. Throws `DEBIAN_DEPENDENCY` with the chain that fails
   * for names that no source has and for dependencies that cannot be met.
   */
  resolve(request: ResolveRequest): Promise<Resolution>;
  /** Which packages bring a file, by the Contents of the sources that have one. What nobody brings has an empty list. Throws `DEBIAN_ARCHIVE`. */
  whoHas(queries: readonly ContentsQuery[], architecture: string): Promise<ReadonlyMap<ContentsQuery, readonly string[]>>;
  /**
   * Gets the .deb into the store, checked, and opens it. `elsewhere`: archives (as `uri` of a source) that are asked when its own no longer
   * has it; the hash decides. Throws `DEBIAN_ARCHIVE`, `DEBIAN_PACKAGE`.
   */
  open(binary: BinaryPackage, elsewhere?: readonly string[]): Promise<Deb>;
}

const MAX_INDEX_BYTES = 1024 ** 3;
const ANSWERS = "debian-index-2";

/** Opens the archive that `sources` make up. The store is borrowed. */
export function createArchive(store: Store, sources: readonly ArchiveSource[], options: ArchiveOptions): Archive {
  const context = archiveContext(store, options);
  let releases: Promise<readonly CurrentRelease[]> | undefined;
  const loadReleases = (): Promise<readonly CurrentRelease[]> =>
    (releases ??= pool(4, sources, (source) => currentRelease(context, source), context.signal));
  return {
    releases: loadReleases,
    select: async (names, architecture) => await select(context, await loadReleases(), names, architecture),
    resolve: async () => await Promise.reject(new InternalError("resolve is under way")),
    whoHas: async () => await Promise.reject(new InternalError("whoHas is under way")),
    open: async (binary, elsewhere = []) => await open(context, binary, elsewhere),
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
    found.push(toBinaryPackage(stanza, source, url));
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

const packageSchema = v.object({
  name: v.string(),
  version: v.string(),
  architecture: v.string(),
  source: v.string(),
  sourceVersion: v.exactOptional(v.string()),
  multiArch: v.exactOptional(v.picklist(["same", "foreign", "allowed"])),
  essential: v.exactOptional(v.literal(true)),
  priority: v.exactOptional(v.string()),
  installedSizeKiB: v.exactOptional(v.number()),
  depends: v.exactOptional(v.string()),
  preDepends: v.exactOptional(v.string()),
  provides: v.exactOptional(v.string()),
  conflicts: v.exactOptional(v.string()),
  breaks: v.exactOptional(v.string()),
  filename: v.string(),
  size: v.number(),
  digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)),
  uri: v.string(),
  suite: v.string(),
});

const answersSchema = v.array(v.tuple([v.string(), v.array(packageSchema)]));

async function open(context: ArchiveContext, binary: BinaryPackage, elsewhere: readonly string[]): Promise<Deb> {
  const urls = [binary.uri, ...elsewhere].map((uri) => packageUrl(uri, binary.filename));
  await fetchFile(context, urls, binary);
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
