/** What is in an image, for `inspect` and the demo: how much, and whether it has shells and package managers. */
import { ROOT, baseName, displayPath, parentOf } from "../paths.ts";
import { type Entry, type Tree, walk, followPath } from "../tree/index.ts";
import { PACKAGE_MANAGERS, SHELLS } from "./program-names.ts";

/** Totals of a tree. */
export interface TreeContents {
  /** Regular files; every name of a hard-linked file counts. */
  readonly files: number;
  /** Sum of file sizes, each hard-linked file once. */
  readonly unpackedBytes: number;
  /** Paths that start a shell, links included, sorted: "/usr/bin/bash". */
  readonly shells: readonly string[];
  /** Names of the package managers that are in a bin or sbin directory, sorted: "apt", "npm". */
  readonly packageManagers: readonly string[];
}

const BIN = /^s?bin$/;
const ANY_EXECUTE_BIT = 0o111;

/** Walks the whole tree once; only names that may be a shell or package manager are resolved. */
export function contentsOf(tree: Tree): TreeContents {
  let files = 0;
  let unpackedBytes = 0;
  const linked = new Set<string>();
  const shells: string[] = [];
  const managers = new Set<string>();
  for (const entry of walk(tree, ROOT)) {
    if (entry.kind === "file") {
      files += 1;
      const group = tree.linkGroup(entry);
      if (group === undefined || !linked.has(group)) unpackedBytes += entry.size;
      if (group !== undefined) linked.add(group);
    }
    const name = baseName(entry.path);
    // A shell may hide anywhere (/busybox/sh); "apt" and "dpkg" are also names of cron jobs.
    if (SHELLS.has(name) && startsProgram(tree, entry)) shells.push(displayPath(entry.path));
    else if (PACKAGE_MANAGERS.has(name) && BIN.test(baseName(parentOf(entry.path))) && startsProgram(tree, entry)) managers.add(name);
  }
  return { files, unpackedBytes, shells: shells.toSorted(), packageManagers: [...managers].toSorted() };
}

function startsProgram(tree: Tree, entry: Entry): boolean {
  const target = entry.kind === "symlink" ? followPath(tree, entry.path)?.entry : entry;
  return target?.kind === "file" && (target.mode & ANY_EXECUTE_BIT) !== 0;
}
