/**
 * Facts are kept as records under what they are about, the content of layers, so that a build with nothing to do asks the database once for
 * each and opens no layer.
 */
import type { TreeFacts, CopyFacts } from "../../dockerfile/index.ts";
import { framedDigest } from "../../digest.ts";
import type { Store } from "../../store/index.ts";
import { findLayer, type Layer, type LayerSource } from "../../tree/index.ts";
import { readCopyFacts } from "./copy-facts.ts";
import { decodeCopyFacts, decodeTreeFacts } from "./decode.ts";
import { readTreeFacts } from "./tree-facts.ts";

const SPACE = "facts";
/** Raised when facts are read in another way. */
const VERSION = "1";

/** The facts of a file system, or undefined when one of its layers is not here: nothing is downloaded for a warning. */
export async function treeFactsOf(
  store: Store,
  layers: readonly LayerSource[],
  env: readonly string[],
  signal: AbortSignal,
): Promise<TreeFacts | undefined> {
  const path = env.find((line) => line.startsWith("PATH="))?.slice("PATH=".length);
  const key = framedDigest(["tree-facts", VERSION, path ?? "", ...layers.map((layer) => layer.key)]);
  const known = decodeTreeFacts(store.records.get(SPACE, key));
  if (known !== undefined) return known;
  const here: Layer[] = [];
  for (const layer of layers) {
    const found = await loadLocal(store, layer, signal);
    if (found === undefined) return undefined;
    here.push(found);
  }
  const facts = await readTreeFacts(here, path);
  store.records.put(SPACE, key, facts);
  return facts;
}

/** The facts of the layer that a COPY made. */
export async function copyFactsOf(store: Store, layer: LayerSource, signal: AbortSignal): Promise<CopyFacts | undefined> {
  const key = framedDigest(["copy-facts", VERSION, layer.key]);
  const known = decodeCopyFacts(store.records.get(SPACE, key));
  if (known !== undefined) return known;
  const here = await loadLocal(store, layer, signal);
  if (here === undefined) return undefined;
  const facts = await readCopyFacts(here, signal);
  store.records.put(SPACE, key, facts);
  return facts;
}

/** A layer of an image may be elsewhere yet; one that was built is here. */
async function loadLocal(store: Store, layer: LayerSource, signal: AbortSignal): Promise<Layer | undefined> {
  const { diffId } = layer;
  const isBuilt = "created" in layer && layer.created !== undefined;
  if (isBuilt || diffId === undefined) return await layer.load(signal);
  return findLayer(store, diffId);
}
