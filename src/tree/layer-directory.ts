/** The directory of a layer in overlayfs form, and whether it can be believed: directories are not fsynced (store, `isSuspect`). */
import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { hexOf } from "../digest.ts";
import { fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { readData } from "./data.ts";
import { layerDamaged } from "./errors.ts";
import { fsPath } from "./host-files.ts";
import { LAYER_DIRS, deleteLayerRecord } from "./layer-record.ts";
import type { Layer } from "./types.ts";

/** Its path, when it is here and was confirmed since the last boot. */
export function layerDirectory(store: Store, id: string): string | undefined {
  const path = store.dirs.find(LAYER_DIRS, id);
  return path === undefined || store.dirs.isSuspect(LAYER_DIRS, id) ? undefined : path;
}

/**
 * Its path when it is here, checked first when it is suspect: every file's digest is compared with the index. A damaged directory is
 * removed; when the layer has no other source of its bytes, its record goes too, and `STORE_CORRUPT` is thrown.
 */
export async function checkedLayerDirectory(
  store: Store,
  layer: Layer,
  options: { readonly hasTar: boolean; readonly signal?: AbortSignal },
): Promise<string | undefined> {
  const path = store.dirs.find(LAYER_DIRS, layer.id);
  if (path === undefined || !store.dirs.isSuspect(LAYER_DIRS, layer.id)) return path;
  const { index } = layer;
  for (let position = 0; position < index.count; position += 1) {
    options.signal?.throwIfAborted();
    if (await isIntact(path, layer, position)) continue;
    await store.dirs.remove(LAYER_DIRS, layer.id);
    if (options.hasTar) return undefined;
    deleteLayerRecord(store, layer.id);
    throw layerDamaged(layer.id, index.path(position));
  }
  store.dirs.confirm(LAYER_DIRS, layer.id);
  return path;
}

async function isIntact(root: string, layer: Layer, position: number): Promise<boolean> {
  const entry = layer.index.at(position);
  const path = `${fromText(root)}/${entry.path}`;
  const stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
  switch (entry.kind) {
    case "whiteout":
      // A whiteout below an opaque directory needs no node of its own.
      return stat === undefined || stat.isCharacterDevice();
    case "opaque":
    case "dir":
      return stat?.isDirectory() === true;
    case "symlink":
      return stat?.isSymbolicLink() === true;
    case "hardlink":
      return stat !== undefined;
    case "char":
      return stat?.isCharacterDevice() === true;
    case "block":
      return stat?.isBlockDevice() === true;
    case "fifo":
      return stat?.isFIFO() === true;
    case "file": {
      if (stat?.isFile() !== true || stat.size !== entry.size) return false;
      const running = createHash("sha256");
      for await (const chunk of readData({ kind: "host", path }, entry.size)) running.update(chunk);
      return entry.digest === undefined || running.digest("hex") === hexOf(entry.digest);
    }
  }
}
