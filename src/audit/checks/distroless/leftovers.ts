/** What builds leave lying about: repositories, caches, headers, static libraries, documentation. Told by directory, with sums. */
import { formatSize } from "../../../bytes.ts";
import { isCache, isGitRepository, outermostFolder } from "../../../facts/index.ts";
import { baseName, displayPath, type TreePath } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import { knownFolder } from "../../known-folder.ts";
import type { AuditCheck, AuditFiles, Finding } from "../../types.ts";
import { DISTROLESS, type DistrolessId } from "./findings.ts";

/** A kind of leftover: `at` gives the directory that a file of it is counted under. */
interface Leftover {
  readonly id: DistrolessId;
  readonly what: string;
  readonly remedy: string;
  readonly at: (path: TreePath) => string | undefined;
  /** Less is not told. */
  readonly minBytes?: number;
}

/** Lock files and empty marks that stay when caches are emptied. */
const CACHE_MARKS: ReadonlySet<string> = new Set(["lock", "CACHEDIR.TAG", ".lock"]);
const DOCUMENTATION = /^usr\/(?:local\/)?(?:share\/)?(?:man|doc|info|gtk-doc|lintian)(?=\/)/;
/** Licences oblige to keep these. */
const LICENCE = /(?:^|\/)(?:copyright|licen[cs]e|notice|copying|authors)[^/]*$/i;
const HEADER = /\.(?:h|hh|hpp|hxx)$/;
const STATIC = /\.(?:a|la|o)$/;
const INCLUDE = /^(.*?(?:^|\/)include)\//;

const PLAIN: readonly Leftover[] = [
  {
    id: "temporary-files",
    what: "Temporary files or logs of the build",
    remedy: "Write them in a build stage, or into RUN --mount=type=tmpfs,target=/tmp",
    at: (path) => /^(?:tmp|var\/tmp|var\/log)(?=\/)/.exec(path)?.[0],
  },
  {
    id: "headers",
    what: "Header files",
    remedy: "Copy libraries without their -dev packages",
    at: (path) => (HEADER.test(path) ? (INCLUDE.exec(path)?.[1] ?? knownFolder(path)) : undefined),
  },
  {
    id: "static-library",
    what: "Static libraries or object files",
    remedy: "Copy only shared libraries and programs",
    at: (path) => (STATIC.test(path) ? knownFolder(path) : undefined),
  },
  {
    id: "documentation",
    what: "Documentation",
    remedy: "Do not copy it; keep copyright files",
    at: (path) => (LICENCE.test(path) ? undefined : DOCUMENTATION.exec(path)?.[0]),
    minBytes: 64 * 1024,
  },
];

/** All kinds, for going through files in order. */
function leftoversOf(files: AuditFiles): readonly Leftover[] {
  const cacheOf = outermostFolder(isCache);
  return [
    {
      id: "git-directory",
      what: "A git repository with its history",
      remedy: "Name .git in .dockerignore, or copy only what runs",
      at: outermostFolder((folder) => isGitRepository(folder, files)),
    },
    {
      id: "package-cache",
      what: "The cache of a package manager or build tool",
      remedy: "Use RUN --mount=type=cache for it, or install in a build stage",
      at: (path) => (CACHE_MARKS.has(baseName(path)) ? undefined : cacheOf(path)),
    },
    ...PLAIN,
  ];
}

interface Sum {
  readonly leftover: Leftover;
  readonly path: string;
  files: number;
  bytes: number;
  /** Bytes by layer; -1 for directories of the host. */
  readonly layers: Map<number, number>;
}

/** The check. */
export const leftoversCheck: AuditCheck = {
  group: "distroless",
  async run(_subject, { files }) {
    const sums = new Map<string, Sum>();
    const leftovers = leftoversOf(files);
    for (const entry of files.entries) if (entry.kind === "file") addTo(sums, entry, leftovers, files);
    return [...sums.values()].filter(({ bytes, leftover }) => bytes >= (leftover.minBytes ?? 1)).map(toldOf);
  },
};

/** A file counts once: for the first kind it is of. */
function addTo(sums: Map<string, Sum>, entry: Entry, leftovers: readonly Leftover[], files: AuditFiles): void {
  for (const leftover of leftovers) {
    const path = leftover.at(entry.path);
    if (path === undefined) continue;
    const key = `${leftover.id} ${path}`;
    const sum = sums.get(key) ?? { leftover, path, files: 0, bytes: 0, layers: new Map() };
    const layer = files.layerOf(entry.path) ?? -1;
    sum.files += 1;
    sum.bytes += entry.size;
    sum.layers.set(layer, (sum.layers.get(layer) ?? 0) + entry.size);
    sums.set(key, sum);
    return;
  }
}

function toldOf({ leftover, path, files, bytes, layers }: Sum): Finding {
  // A later layer may have an entry for the directory only.
  const [layer = -1] = [...layers].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return DISTROLESS.found(leftover.id, {
    path: displayPath(path as TreePath),
    ...(layer < 0 ? {} : { layer }),
    message: `${leftover.what}: ${files} ${files === 1 ? "file" : "files"}, ${formatSize(bytes)}`,
    remedy: leftover.remedy,
    details: { files, bytes },
  });
}
