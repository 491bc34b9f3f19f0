/**
 * Keeps the cache of libraries true when a base of ours grows. The loader does not look into /usr/local/lib by itself: what a later layer puts there is found only
 * when the cache lists it.
 */
import { elfMachineOf, type ElfMachine } from "../elf/index.ts";
import { parentOf, type TreePath, treePath } from "../paths.ts";
import type { Platform } from "../oci/index.ts";
import { type LayerIndex, type LayerItem, readTreeFile, type Tree } from "../tree/index.ts";
import { directoryEntry, textItem } from "./layer-items.ts";
import { CACHE_GENERATOR, ldCache } from "./ld-cache.ts";
import { findLibraries } from "./ld-libraries.ts";

const CACHE: TreePath = treePath("/etc/ld.so.cache");
const CONFIGURATION: TreePath = treePath("/etc/ld.so.conf.d");
const MAX_CACHE_BYTES = 64 * 1024 * 1024;

/** Does a layer bring or remove anything that could make the cache another one? Looks at names only. */
export function touchesLibraries(index: LayerIndex, platform: Platform): boolean {
  const machine = elfMachineOf(platform);
  if (machine === undefined) return false;
  const directories = new Set(libraryDirectories(machine));
  for (let at = 0; at < index.count; at += 1) {
    const path = index.path(at);
    const parent = parentOf(path);
    if (parent === CONFIGURATION || (directories.has(parent) && path.includes(".so"))) return true;
  }
  return false;
}

/**
 * What a layer on top of `tree` needs for a true cache; nothing when the cache is true, when there is none, and when it is not one of ours: then somebody else
 * looks after it.
 */
export async function refreshedCache(tree: Tree, platform: Platform, signal?: AbortSignal): Promise<LayerItem[]> {
  const machine = elfMachineOf(platform);
  if (machine === undefined || tree.lookup(CACHE)?.kind !== "file") return [];
  const known = await readTreeFile(tree, CACHE, MAX_CACHE_BYTES);
  if (!known.subarray(-CACHE_GENERATOR.length).equals(Buffer.from(CACHE_GENERATOR, "latin1"))) return [];
  const now = ldCache(await findLibraries(tree, machine, signal), machine.endian);
  if (now.equals(known)) return [];
  const parent = parentOf(CACHE);
  return [{ entry: tree.lookup(parent) ?? directoryEntry(parent) }, textItem(`/${CACHE}`, now)];
}

function libraryDirectories({ triplet }: ElfMachine): TreePath[] {
  return ["usr/local/lib", "usr/lib", "lib"].flatMap((path) => [treePath(path), treePath(`${path}/${triplet}`)]);
}
