/** SOURCE_DATE_EPOCH in what is there already: layers in which nothing is younger (`rewrite-timestamp=true`), and histories of one output. */
import type { DiffId } from "../digest.ts";
import { framedDigest, isDigest } from "../digest.ts";
import type { Store } from "../store/index.ts";
import {
  type Layer,
  type LayerIndex,
  type LayerItem,
  layerDiffId,
  layerSource,
  type LayerSource,
  openLayer,
  writeLayer,
} from "../tree/index.ts";
import type { BuiltImage } from "./types.ts";

/** The layer with younger times set to `epochSec`; itself where there are none. Rewritten layers are kept and found again. */
export async function clampTimes(store: Store, source: LayerSource, epochSec: number, signal: AbortSignal): Promise<LayerSource> {
  const layer = await source.load(signal);
  if (!isYounger(layer.index, epochSec)) return source;
  const diffId: DiffId = await layerDiffId(store, layer, signal);
  const id = framedDigest(["clamped layer", diffId, String(epochSec)]);
  const known = store.records.get("clamped-layer", id);
  const kept = typeof known === "string" && isDigest(known) ? openLayer(store, known) : undefined;
  if (kept !== undefined) return layerSource(kept);
  const made = await writeLayer(store, clamped(layer, epochSec), { signal });
  store.records.put("clamped-layer", id, made.id, [{ kind: "record", space: "layer", id: made.id }]);
  return layerSource(made);
}

/** The image as if it was built at `epochSec`: its own history and its time are no younger. What its base says stays. */
export function withEpoch(image: BuiltImage, epochSec: number): BuiltImage {
  const limit = new Date(epochSec * 1000).toISOString().replace(".000Z", "Z");
  const clamp = (time: string | undefined): string => (time !== undefined && Date.parse(time) <= epochSec * 1000 ? time : limit);
  const ofBase = image.base?.history?.length ?? 0;
  const history = image.history.map((entry, at) => (at < ofBase ? entry : { ...entry, created: clamp(entry.created) }));
  return { ...image, epochSec, history, created: clamp(image.created) };
}

function isYounger(index: LayerIndex, epochSec: number): boolean {
  for (let at = 0; at < index.count; at += 1) {
    const { mtimeSec, mtimeNsec } = index.at(at);
    if (mtimeSec > epochSec || (mtimeSec === epochSec && mtimeNsec > 0)) return true;
  }
  return false;
}

async function* clamped(layer: Layer, epochSec: number): AsyncGenerator<LayerItem, void, undefined> {
  for (let at = 0; at < layer.index.count; at += 1) {
    const entry = layer.index.at(at);
    const old = entry.mtimeSec >= epochSec ? { ...entry, mtimeSec: epochSec, mtimeNsec: 0 } : entry;
    yield entry.kind === "file" ? { entry: old, data: await layer.data(entry) } : { entry: old };
  }
}
