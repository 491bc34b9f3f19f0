/**
 * Where the files of a layer are in its tar, for a layer that RUN made: its index comes from the upper directory of an overlay, before there
 * was a tar. Needed only when that directory is lost, so the positions are read out of the tar then, and not kept.
 */
import { closeSync, readSync } from "node:fs";
import { createTurns } from "../async.ts";
import { fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { tarUnlikeIndex } from "./errors.ts";
import { openForReading } from "./host-files.ts";
import { NO_DATA } from "./index-format.ts";
import { layerTar } from "./layer-tar.ts";
import { createTarParser } from "./tar-parser.ts";
import type { Layer, LayerIndex } from "./types.ts";

const CHUNK = 1024 * 1024;
const located = new WeakMap<Layer, LayerIndex>();

/**
 * The layer's index with the position of every file that has content: its own, or one that is read out of the tar, which is made of a blob
 * when it is not there. Throws as `layerTar`, and `STORE_CORRUPT` for a tar of other files.
 */
export async function locatedIndex(store: Store, layer: Layer, signal?: AbortSignal): Promise<LayerIndex> {
  const { index } = layer;
  if (firstWithout(index) === undefined) return index;
  const known = located.get(layer);
  if (known !== undefined) return known;
  const { path } = await layerTar(store, layer, signal);
  const offsets = await readOffsets(fromText(path), index, signal);
  const found: LayerIndex = { ...index, dataOffset: (position) => offsets[position] ?? NO_DATA };
  const missing = firstWithout(found);
  if (missing !== undefined) throw tarUnlikeIndex(layer.id, index.path(missing));
  located.set(layer, found);
  return found;
}

/** The first file whose content is nowhere. */
function firstWithout(index: LayerIndex): number | undefined {
  for (let position = 0; position < index.count; position += 1)
    if (index.kind(position) === "file" && index.dataOffset(position) < 0 && index.size(position) > 0) return position;
  return undefined;
}

async function readOffsets(path: string, index: LayerIndex, signal: AbortSignal | undefined): Promise<Float64Array> {
  const offsets = new Float64Array(index.count).fill(NO_DATA);
  const parser = createTarParser(
    {
      entry(entry, dataOffset) {
        if (entry.kind !== "file" || entry.size === 0) return;
        const position = index.find(entry.path);
        if (position >= 0 && index.kind(position) === "file" && index.size(position) === entry.size) offsets[position] = dataOffset;
      },
      data() {},
      end() {},
    },
    { layer: true },
  );
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const fd = openForReading(path);
  const turns = createTurns(signal);
  try {
    for (let read = readSync(fd, buffer, 0, CHUNK, null); read > 0; read = readSync(fd, buffer, 0, CHUNK, null)) {
      parser.push(buffer.subarray(0, read));
      if (turns.isDue) await turns.give();
    }
    parser.finish();
  } finally {
    closeSync(fd);
  }
  return offsets;
}
