/**
 * Facts are kept as records under what they are about, the content of layers, so that a build with nothing to do asks the database once for
 * each and opens no layer.
 */
import type { TreeFacts, CopyFacts } from "../../dockerfile/index.ts";
import { framedDigest } from "../../digest.ts";
import type { Store } from "../../store/index.ts";
import { findLayer, hasLayerFiles, type Layer, type LayerSource } from "../../tree/index.ts";
import { decodeCopyFacts, decodeTreeFacts } from "./decode.ts";

const SPACE = "facts";
/** Raised when facts are read in another way. */
const VERSION = "2";

/** The facts of a file system, or undefined when one of its layers is not here: nothing is downloaded for a warning. */
export async function treeFactsOf(
  store: Store,
  layers: readonly LayerSource[],
  env: readonly string[],
  signal: AbortSignal,
): Promise<TreeFacts | undefined> {
  const path = env.find((line) => line.startsWith("PATH="))?.slice("PATH=".length);
  const here: Layer[] = [];
  for (const layer of layers) {
    const found = await loadLocal(store, layer, signal);
    if (found === undefined) return undefined;
    here.push(found);
  }
  // What cannot be read without unpacking is not known, until something else unpacks it.
  const readable = new Set(here.filter((layer) => hasLayerFiles(store, layer)));
  const states = here.map((layer, at) => `${layers[at]?.key} ${readable.has(layer) ? "files" : "names"}`);
  const key = framedDigest(["tree-facts", VERSION, path ?? "", ...states]);
  const known = decodeTreeFacts(store.records.get(SPACE, key));
  if (known !== undefined) return known;
  const { readTreeFacts } = await import("./tree-facts.ts");
  const facts = await readTreeFacts(here, { path, readable });
  store.records.put(SPACE, key, facts);
  return facts;
}

/** The facts of the layer that a COPY made. */
export async function copyFactsOf(store: Store, layer: LayerSource, signal: AbortSignal): Promise<CopyFacts | undefined> {
  const key = framedDigest(["copy-facts", VERSION, layer.key]);
  const known = decodeCopyFacts(store.records.get(SPACE, key));
  if (known !== undefined) return known;
  const here = await loadLocal(store, layer, signal);
  if (here === undefined || !hasLayerFiles(store, here)) return undefined;
  const { readCopyFacts } = await import("./copy-facts.ts");
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
