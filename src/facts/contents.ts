/** What is in an image, for `inspect` and the demo: how much, and whether it has shells and package managers. */
import { ROOT, baseName, displayPath } from "../paths.ts";
import { type Entry, walk } from "../tree/index.ts";
import { programName } from "./program-names.ts";
import { findPrograms, type ProgramPlaces } from "./programs.ts";

/** Totals of a tree. */
export interface TreeContents {
  /** Regular files; every name of a hard-linked file counts. */
  readonly files: number;
  /** Sum of file sizes, each hard-linked file once. */
  readonly unpackedBytes: number;
  /** Paths that start a shell, links included, sorted: "/usr/bin/bash". */
  readonly shells: readonly string[];
  /** Names of package managers, sorted: "apt", "npm". */
  readonly packageManagers: readonly string[];
}

/** Walks the whole tree once; only names that may be a shell or package manager are resolved. */
export function contentsOf(places: ProgramPlaces): TreeContents {
  const { tree } = places;
  let files = 0;
  let unpackedBytes = 0;
  const linked = new Set<string>();
  const named: Entry[] = [];
  for (const entry of walk(tree, ROOT)) {
    if (entry.kind === "file") {
      files += 1;
      const group = tree.linkGroup(entry);
      if (group === undefined || !linked.has(group)) unpackedBytes += entry.size;
      if (group !== undefined) linked.add(group);
    }
    if (programName(baseName(entry.path)) !== undefined) named.push(entry);
  }
  const programs = findPrograms(named, places);
  const shells = programs.filter(({ kind }) => kind === "shell").map(({ path }) => displayPath(path));
  const managers = programs.filter(({ kind }) => kind === "package-manager").map(({ path }) => baseName(path));
  return { files, unpackedBytes, shells: shells.toSorted(), packageManagers: [...new Set(managers)].toSorted() };
}
