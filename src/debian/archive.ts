/**
 * A Debian archive: the chain InRelease signature → Packages hash → .deb hash, over several sources, cached by hash in the store. A name
 * is looked for in all sources; the highest version wins.
 */
import { createShared, pool } from "../async.ts";
import type { Store } from "../store/index.ts";
import type { BinaryPackage } from "./binary-package.ts";
import { type ContentsQuery, whoHas } from "./contents.ts";
import { archiveContext, type ArchiveContext, type ArchiveOptions } from "./context.ts";
import type { Deb } from "./deb.ts";
import { archiveError } from "./errors.ts";
import { listedFile, type ListedFile } from "./listed-file.ts";
import { openPackage } from "./open-package.ts";
import { joinIndexes, type PackageIndex } from "./package-index.ts";
import { openPackages } from "./packages-file.ts";
import { currentRelease, type CurrentRelease } from "./releases.ts";
import type { Resolution, ResolveRequest } from "./resolution.ts";
import { resolvePackages } from "./resolve.ts";
import { selectPackages } from "./select.ts";
import { type ArchiveSource, isFlat, suiteUrl } from "./sources.ts";

/** An archive that is open for one piece of work: it looks at each release once. */
export interface Archive {
  /** The verified releases of all sources, in their order. */
  releases(): Promise<readonly CurrentRelease[]>;
  /** The newest version of each package that `versions` allow. Throws `DEBIAN_DEPENDENCY` for names that no source has. */
  select(names: readonly string[], request: Pick<ResolveRequest, "architecture" | "versions">): Promise<BinaryPackage[]>;
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

const MAX_PACKAGES_BYTES = 1024 ** 3;

/** Opens the archive that `sources` make up. The store is borrowed. */
export function createArchive(store: Store, sources: readonly ArchiveSource[], options: ArchiveOptions): Archive {
  const context = archiveContext(store, options);
  const indexes = createShared<string, PackageIndex>({ cancel: "never" });
  let current: Promise<readonly CurrentRelease[]> | undefined;
  const releases = (): Promise<readonly CurrentRelease[]> =>
    (current ??= pool(4, sources, (source) => currentRelease(context, source), context.signal));
  const index = (architecture: string): Promise<PackageIndex> =>
    indexes.run(architecture, async () => {
      const files = (await releases()).flatMap((release) => packagesFiles(context, release, architecture));
      return joinIndexes(await pool(2, files, (file) => openPackages(context, file), context.signal));
    });
  return {
    releases,
    select: async (names, request) => selectPackages(await index(request.architecture), names, request),
    resolve: async (request) => resolvePackages(await index(request.architecture), request),
    whoHas: async (queries, architecture) => await whoHas(context, await releases(), queries, architecture),
    open: async (binary, elsewhere = []) => await openPackage(context, binary, elsewhere),
  };
}

/** Throws `DEBIAN_ARCHIVE` when the release lists no Packages of a component. */
function packagesFiles(context: ArchiveContext, release: CurrentRelease, architecture: string): ListedFile[] {
  const { source, release: content } = release;
  const architectures = content.separateAll ? [architecture, "all"] : [architecture];
  const paths = isFlat(source)
    ? ["Packages"]
    : source.components.flatMap((component) => architectures.map((one) => `${component}/binary-${one}/Packages`));
  return paths.flatMap((path) => {
    const file = listedFile(context, release, path, MAX_PACKAGES_BYTES);
    if (file !== undefined) return [file];
    // An empty one is listed and often not there; many archives list "all" as an architecture and have no index of it.
    if (content.files.has(path) || path.endsWith("/binary-all/Packages")) return [];
    throw archiveError(suiteUrl(source, "InRelease"), `it lists no ${path}`, {
      hint: "Check the components of the source, and that the archive has this architecture",
      details: { architectures: content.architectures, components: content.components },
    });
  });
}
