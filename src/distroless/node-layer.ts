/** /nodejs/bin/node and /nodejs/LICENSE out of the npm package. */
import { join } from "node:path";
import { treePath } from "../paths.ts";
import { decompress, type Layer, type LayerItem, readTar, writeLayer } from "../tree/index.ts";
import { nodePackageError } from "./errors.ts";
import { keptLayer } from "./kept-layer.ts";
import { arrangeItems, directoryEntry, layerItems } from "./layer-items.ts";
import type { NpmPackage } from "./npm.ts";
import type { UnpackContext } from "./package-content.ts";
import { createSpool } from "./spool.ts";

const WANTED = [
  { from: "package/bin/node", path: "/nodejs/bin/node", mode: 0o755 },
  { from: "package/LICENSE", path: "/nodejs/LICENSE", mode: 0o644 },
] as const;

/** Raised when the same package gives another layer than before. */
const FORMAT = "node content 1";

/** The items; unpacked once into the store. Throws `NODE_PACKAGE`. */
export async function nodeItems(context: UnpackContext, node: NpmPackage): Promise<LayerItem[]> {
  return await layerItems(await keptLayer(context.store, [FORMAT, node.integrity], async () => await unpack(context, node)));
}

async function unpack(context: UnpackContext, node: NpmPackage): Promise<Layer> {
  await using spool = createSpool(join(context.scratch, "nodejs"));
  const items: LayerItem[] = [];
  const wanted = new Map<string, (typeof WANTED)[number]>(WANTED.map((one) => [one.from, one]));
  for await (const { entry, data } of readTar(decompress(context.store.blobs.open(node.digest)))) {
    context.signal?.throwIfAborted();
    const place = wanted.get(entry.path);
    if (place === undefined || entry.kind !== "file") continue;
    wanted.delete(entry.path);
    const kept = await spool.keep(data, entry.size);
    const made = directoryEntry(treePath(place.path), { mode: place.mode });
    items.push({ entry: { ...made, kind: "file", size: kept.size, digest: kept.digest }, data: kept.data });
    if (wanted.size === 0) break;
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw nodePackageError(`${node.name}@${node.version}`, `its tarball has no file "${missing}"`);
  return await writeLayer(context.store, arrangeItems(items), { signal: context.signal });
}
