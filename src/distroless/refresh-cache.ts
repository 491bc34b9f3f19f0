/**
 * Keeps the cache of libraries true when a base of ours grows. The loader does not look into /usr/local/lib by itself: what a later layer puts there is found only
 * when the cache lists it.
 */
import { elfMachineOf, formatLdCache, isOwnLdCache } from "../elf/index.ts";
import { findLibraries, ldConf, loaderFolders, localFolders } from "../facts/index.ts";
import { parentOf, type TreePath, treePath } from "../paths.ts";
import type { Platform } from "../oci/index.ts";
import { followPath, type LayerIndex, type LayerItem, readTreeFile, type Tree } from "../tree/index.ts";
import { directoryEntry, textItem } from "./layer-items.ts";

const CACHE: TreePath = treePath("/etc/ld.so.cache");
const CONFIGURATION: TreePath = treePath("/etc/ld.so.conf");
const CONFIGURATION_FOLDER: TreePath = treePath("/etc/ld.so.conf.d");
const MAX_CACHE_BYTES = 64 * 1024 * 1024;

/** Does a layer bring or remove anything that could make the cache another one? Looks at names only. */
export function touchesLibraries(index: LayerIndex, platform: Platform): boolean {
  const machine = elfMachineOf(platform);
  if (machine === undefined) return false;
  const directories = new Set([...localFolders(machine), ...loaderFolders(machine)].map(treePath));
  for (let at = 0; at < index.count; at += 1) {
    const path = index.path(at);
    const parent = parentOf(path);
    if (path === CONFIGURATION || parent === CONFIGURATION_FOLDER || (directories.has(parent) && path.includes(".so"))) return true;
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
  if (!isOwnLdCache(known)) return [];
  const hasConf = followPath(tree, CONFIGURATION)?.entry !== undefined;
  const libraries = await findLibraries(tree, machine, { signal, ...(hasConf ? {} : { conf: ldConf(machine) }) });
  const now = formatLdCache(libraries, machine.endian);
  if (now.equals(known)) return [];
  const parent = parentOf(CACHE);
  return [{ entry: tree.lookup(parent) ?? directoryEntry(parent) }, textItem(`/${CACHE}`, now)];
}
