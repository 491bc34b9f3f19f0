/** What of a layer's tar is in the store: the tar itself, or compressed blobs of it. */
import type { DiffId } from "../digest.ts";
import type { Store } from "../store/index.ts";
import type { LayerBlob } from "./layer-record.ts";
import { getLayerRecord } from "./layer-record.ts";
import type { Layer } from "./types.ts";

/** A layer's tar in the store. */
export interface LayerTar {
  readonly diffId: DiffId;
  readonly size: number;
  /** Its blob's file; never write to it. */
  readonly path: string;
}

/** The layer's uncompressed tar, when it is there. */
export function findTar(store: Store, layer: Layer): LayerTar | undefined {
  const { diffId } = layer;
  const size = diffId === undefined ? undefined : store.blobs.size(diffId);
  return diffId === undefined || size === undefined ? undefined : { diffId, size, path: store.blobs.path(diffId) };
}

/** A compressed blob of the layer's tar, when one is there. */
export function findTarBlob(store: Store, layer: Layer): LayerBlob | undefined {
  return getLayerRecord(store, layer.id)?.blobs.find(({ descriptor }) => store.blobs.size(descriptor.digest) !== undefined);
}

/** Can the layer's directory be made again? */
export function hasTarSource(store: Store, layer: Layer): boolean {
  return findTar(store, layer) !== undefined || findTarBlob(store, layer) !== undefined;
}
