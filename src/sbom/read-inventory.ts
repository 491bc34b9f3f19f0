/** From a tree to the list of what it is made of: one reader for each kind of record, nothing unpacked, nothing run. */
import type { Platform } from "../oci/index.ts";
import type { Tree } from "../tree/index.ts";
import { readDpkg } from "./dpkg.ts";
import { readOsRelease } from "./os-release.ts";
import { treeFiles } from "./tree-files.ts";
import type { Inventory, InventoryPackage, UnreadRecord } from "./types.ts";

/** How an inventory is read. */
export interface InventoryOptions {
  /** What the image is for. */
  readonly platform: Platform;
  readonly signal?: AbortSignal;
}

/**
 * Reads the records of a tree. Damaged ones do not stop it: they are in `unread`. Rejects with the signal's reason, and with what
 * reading the tree throws.
 */
export async function readInventory(tree: Tree, options: InventoryOptions): Promise<Inventory> {
  const files = treeFiles(tree);
  const unread: UnreadRecord[] = [];
  const os = await readOsRelease(files, unread);
  const debs = await readDpkg(files, os, unread, options.signal);
  const packages = debs.map((deb): InventoryPackage => ({ ...deb, licences: [] }));
  return { ...(os === undefined ? {} : { os }), packages: packages.toSorted(byName), licenceTexts: new Map(), unread };
}

function byName(a: InventoryPackage, b: InventoryPackage): number {
  return (
    compare(a.kind, b.kind) ||
    compare(a.name, b.name) ||
    compare(a.version, b.version) ||
    compare(a.purl, b.purl) ||
    compare(a.location, b.location)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
