/** Layers that are made once for the same input: the next recipe with it finds them. */
import * as v from "valibot";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import type { Ref, Store } from "../store/index.ts";
import { type Layer, openLayer } from "../tree/index.ts";

const SPACE = "distroless-layer";

/** A digest in a record. */
export const digestSchema: v.GenericSchema<Digest> = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const keptSchema = v.object({ layer: digestSchema });

/** What the garbage collector must keep for a layer. */
export function layerRef(id: Digest): Ref {
  return { kind: "record", space: "layer", id };
}

/** The layer that was made from the same `key` before, else the one that `make` gives. */
export async function keptLayer(store: Store, key: readonly (string | Uint8Array)[], make: () => Promise<Layer>): Promise<Layer> {
  const id = framedDigest(key);
  const known = v.safeParse(keptSchema, store.records.get(SPACE, id));
  const layer = known.success ? openLayer(store, known.output.layer) : undefined;
  if (layer !== undefined) return layer;
  const made = await make();
  store.records.put(SPACE, id, { layer: made.id }, [layerRef(made.id)]);
  return made;
}
