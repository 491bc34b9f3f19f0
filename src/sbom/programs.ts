/**
 * Programs that no package manager brought: Node.js by the address of its own release, Go programs by the module list that the Go linker puts
 * into them (debug/buildinfo, Go 1.18 and later). Files are streamed, never held.
 */
import { isElf } from "../elf/index.ts";
import type { Platform } from "../oci/index.ts";
import type { TreePath } from "../paths.ts";
import { type Entry, readEntry, type Tree } from "../tree/index.ts";
import { findGoInfo, goPackages } from "./go-info.ts";
import { formatPurl } from "../purl.ts";
import type { InventoryPackage } from "./types.ts";

const NODE_URL = Buffer.from("https://nodejs.org/download/release/v");
const NODE_VERSION = /^(\d{1,4}\.\d{1,4}\.\d{1,4})\/node-v\1/;
/** More than the address and the version have: what is kept of a chunk, so that nothing hides between two. */
const LOOK_BEHIND = 96;

/** The packages in an ELF program for `platform`; none for any other file. */
export async function readProgram(tree: Tree, entry: Entry, platform: Platform): Promise<readonly InventoryPackage[]> {
  let window: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of readEntry(tree, entry)) {
    if (isFirst && !isElf(chunk)) return [];
    isFirst = false;
    window = Buffer.concat([window, chunk]);
    const version = nodeVersion(window);
    if (version !== undefined) return [nodePackage(version, entry.path, platform)];
    const go = findGoInfo(window);
    if (go.kind === "found") return goPackages(go.info, entry.path);
    window = window.subarray(go.kind === "partial" ? go.at : Math.max(0, window.length - LOOK_BEHIND));
  }
  return [];
}

function nodeVersion(window: Buffer): string | undefined {
  const at = window.indexOf(NODE_URL);
  return at < 0 ? undefined : NODE_VERSION.exec(window.toString("latin1", at + NODE_URL.length, at + LOOK_BEHIND))?.[1];
}

function nodePackage(version: string, path: TreePath, { architecture }: Platform): InventoryPackage {
  return {
    kind: "generic",
    name: "node",
    version,
    architecture,
    purl: formatPurl({ type: "generic", name: "node", version, qualifiers: { arch: architecture } }),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licences: ["MIT"],
    files: [path],
    location: path,
    homepage: "https://nodejs.org",
    summary: "Node.js JavaScript runtime",
    requires: [],
    provides: [],
  };
}
