/**
 * Facts are kept as records under what they are about, the content of layers, so that a build with nothing to do asks the database once for
 * each and opens no layer.
 */
import { framedDigest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { findLayer, hasLayerFiles, type Layer, type LayerSource } from "../tree/index.ts";
import { decodeCopyFacts, decodePaths, decodeTreeFacts } from "./decode.ts";
import { type ProcessConfig, searchPath } from "./find-program.ts";
import { PROGRAM_NAMES } from "./program-names.ts";
import { namedPaths } from "./programs.ts";
import type { CopyFacts, TreeFacts } from "./types.ts";

const SPACE = "facts";
const NAMES_SPACE = "facts-names";
/** Raised when facts are read in another way. */
const VERSION = "3";
/** Another table finds other programs. */
const TABLE = JSON.stringify(PROGRAM_NAMES);
/** Reading the names of a smaller layer again is as fast as asking the database. */
const MIN_ENTRIES = 2000;
/** A hostile layer may have nothing but such names. */
const MAX_NAMES = 10_000;

/** The facts of a file system, or undefined when one of its layers is not here: nothing is downloaded for a warning. */
export async function treeFactsOf(
  store: Store,
  layers: readonly LayerSource[],
  config: ProcessConfig,
  signal: AbortSignal,
): Promise<TreeFacts | undefined> {
  const here: Layer[] = [];
  for (const layer of layers) {
    const found = await loadLocal(store, layer, signal);
    if (found === undefined) return undefined;
    here.push(found);
  }
  // What cannot be read without unpacking is not known, until something else unpacks it.
  const readable = new Set(here.filter((layer) => hasLayerFiles(store, layer)));
  const states = here.map((layer, at) => `${layers[at]?.key} ${readable.has(layer) ? "files" : "names"}`);
  const key = framedDigest(["tree-facts", VERSION, TABLE, searchPath(config).join(":"), ...states]);
  const known = decodeTreeFacts(store.records.get(SPACE, key));
  if (known !== undefined) return known;
  const { readTreeFacts } = await import("./tree-facts.ts");
  const facts = await readTreeFacts(here, { config, readable, names: (layer) => namesOf(store, layer) });
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

/** The names of a base are read once, not for every build on it. */
function namesOf(store: Store, { id, index }: Layer): readonly TreePath[] {
  if (index.count < MIN_ENTRIES) return namedPaths(index);
  const key = framedDigest(["program-names", VERSION, TABLE, id]);
  const known = decodePaths(store.records.get(NAMES_SPACE, key));
  if (known !== undefined) return known;
  const names = namedPaths(index);
  if (names.length <= MAX_NAMES) store.records.put(NAMES_SPACE, key, names);
  return names;
}

/** A layer of an image may be elsewhere yet; one that was built is here. */
async function loadLocal(store: Store, layer: LayerSource, signal: AbortSignal): Promise<Layer | undefined> {
  const { diffId } = layer;
  const isBuilt = layer.created !== undefined;
  if (isBuilt || diffId === undefined) return await layer.load(signal);
  return findLayer(store, diffId);
}
