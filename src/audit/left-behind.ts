/** What the build stages held and the image does not: what a build of several stages saves. */
import type { Digest } from "../digest.ts";
import { findPrograms, type ProgramKind } from "../facts/index.ts";
import type { Platform } from "../oci/index.ts";
import { displayPath, ROOT, type TreePath } from "../paths.ts";
import { readInventory, type Inventory } from "../sbom/index.ts";
import { type Entry, type Layer, layerTree, type Tree, walk } from "../tree/index.ts";
import type { SubjectFiles } from "./files.ts";
import { knownFolder } from "./known-folder.ts";

/** A stage that was built and is not the image. */
export interface BuildStage {
  /** Its name, or "stage-0". */
  readonly name: string;
  /** Those that are in the store, bottom first. */
  readonly layers: readonly Layer[];
  /** Layers that only a registry has: nothing needed them, so they are not fetched for this. */
  readonly absentLayers: number;
}

/** What of one stage is not in the image. */
export interface LeftStage {
  readonly stage: string;
  /** Files whose content is nowhere in the image. */
  readonly files: number;
  readonly bytes: number;
  /** The largest directories of them, largest first. */
  readonly directories: readonly { readonly path: string; readonly files: number; readonly bytes: number }[];
  /** Names of packages ("npm express", "deb gcc-12") that are not in the image, sorted; at most 200. */
  readonly packages: readonly string[];
  /** How many packages that are. */
  readonly packageCount: number;
  /** Paths of shells, package managers and compilers, sorted; at most 50 of each. */
  readonly programs: Readonly<Record<ProgramKind, readonly string[]>>;
  readonly absentLayers: number;
}

/** All stages. */
export interface LeftBehind {
  readonly stages: readonly LeftStage[];
  /** Each content once, though several stages have it. */
  readonly files: number;
  readonly bytes: number;
}

const MAX_DIRECTORIES = 8;
const MAX_PACKAGES = 200;
const MAX_PROGRAMS = 50;

/** What the comparison is made with. */
interface LeftBehindInput {
  readonly stages: readonly BuildStage[];
  readonly files: SubjectFiles;
  readonly inventory: Inventory;
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/** Compares contents by digest: a file that was renamed on its way is not left behind. */
export async function leftBehind({ stages, files, inventory, platform, signal }: LeftBehindInput): Promise<LeftBehind> {
  const kept = new Set<Digest>();
  for (const { digest } of files.entries) if (digest !== undefined) kept.add(digest);
  const present = new Set(inventory.packages.map(nameOf));
  const told = new Set<Digest>();
  const total = { files: 0, bytes: 0 };
  const found: LeftStage[] = [];
  for (const { name, layers, absentLayers } of stages) {
    signal?.throwIfAborted();
    const tree = layerTree(layers);
    const sums = new Map<TreePath, { files: number; bytes: number }>();
    const left: Entry[] = [];
    const own = new Set<Digest>();
    let bytes = 0;
    let count = 0;
    for (const entry of walk(tree, ROOT)) {
      if (entry.kind !== "file" || entry.digest === undefined || kept.has(entry.digest)) continue;
      left.push(entry);
      if (own.has(entry.digest)) continue;
      own.add(entry.digest);
      count += 1;
      bytes += entry.size;
      if (!told.has(entry.digest)) {
        total.files += 1;
        total.bytes += entry.size;
      }
      told.add(entry.digest);
      const top = knownFolder(entry.path);
      const sum = sums.get(top) ?? { files: 0, bytes: 0 };
      sums.set(top, { files: sum.files + 1, bytes: sum.bytes + entry.size });
    }
    const packages = (await readInventory(tree, { platform, recordsOnly: true, signal })).packages
      .map(nameOf)
      .filter((one) => !present.has(one));
    found.push({
      stage: name,
      files: count,
      bytes,
      directories: [...sums]
        .map(([path, sum]) => ({ path: displayPath(path), ...sum }))
        .sort((a, b) => b.bytes - a.bytes)
        .slice(0, MAX_DIRECTORIES),
      packages: packages.slice(0, MAX_PACKAGES),
      packageCount: packages.length,
      programs: programsOf(left, tree),
      absentLayers,
    });
  }
  return { stages: found, ...total };
}

function nameOf({ kind, name }: Inventory["packages"][number]): string {
  return `${kind} ${name}`;
}

function programsOf(files: readonly Entry[], tree: Tree): LeftStage["programs"] {
  const programs: Record<ProgramKind, string[]> = { shell: [], "package-manager": [], compiler: [] };
  for (const { kind, path } of findPrograms(files, { tree, config: {} }))
    if (programs[kind].length < MAX_PROGRAMS) programs[kind].push(displayPath(path));
  return programs;
}
