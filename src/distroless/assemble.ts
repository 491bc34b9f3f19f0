/**
 * Assembles a base from a recipe: a lock, or verified releases → verified packages → layers → configuration. The same recipe and packages
 * give the same bytes. What was assembled is recorded, so that the next time only the lock or the release files are looked at.
 */
import * as v from "valibot";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Store } from "../store/index.ts";
import { openLayer } from "../tree/index.ts";
import { baseConfig } from "./base-config.ts";
import { openInputs, type OpenedInputs } from "./base-inputs.ts";
import { layerRef } from "./kept-layer.ts";
import { binaryOf } from "./lock.ts";
import { LAYERS_FORMAT, type MadeLayer, makeLayers } from "./make-layers.ts";
import { withVersions } from "./package-versions.ts";
import { layersDigest } from "./recipe-digest.ts";
import { endedSupport } from "./support-periods.ts";
import type { Recipe } from "./recipe.ts";
import type { AssembledBase, AssembleOptions } from "./types.ts";

const SPACE = "distroless";

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const recordSchema = v.array(v.object({ id: digestSchema, diffId: digestSchema, createdBy: v.string() }));

/** Throws `RECIPE`, `RECIPE_LOCK`, `RECIPE_DRIFT`, `NODE_PACKAGE` and the `DEBIAN_…` codes. The store is borrowed. */
export async function assembleBase(store: Store, recipe: Recipe, options: AssembleOptions): Promise<AssembledBase> {
  const { platform, lock } = options;
  const opened = await openInputs(store, recipe, options);
  const { packages, locked } = opened;
  const { name } = recipe;
  for (const { of, until } of endedSupport(recipe, options.now?.() ?? new Date()))
    options.emit?.({
      type: "warning",
      code: "EndOfLife",
      message: `${of} in base ${name} gets no security updates since ${until}; see what else there is: decant base list`,
    });
  const base: Recipe = {
    ...opened.recipe,
    env: withVersions(name, opened.recipe.env, packages),
    annotations: withVersions(name, opened.recipe.annotations, packages),
    ...(opened.recipe.labels === undefined ? {} : { labels: withVersions(name, opened.recipe.labels, packages) }),
  };
  const { node } = opened.inputs;
  // Variants that differ in configuration only share one record.
  const key = framedDigest([
    LAYERS_FORMAT,
    layersDigest(base),
    JSON.stringify(platform),
    ...packages.flatMap((one) => [one.name, one.digest, one.part === true ? "part" : "whole"]),
    node?.integrity ?? "",
  ]);
  const known = openKnown(store, key);
  const made = known ?? (await makeOnce(store, key, opened, options));
  return {
    config: baseConfig(base, platform, made),
    annotations: base.annotations,
    layers: made.map(({ layer }) => layer),
    packages: packages.map(binaryOf),
    report: {
      recipe: name,
      variant: base.variant,
      cached: known !== undefined,
      locked: lock !== undefined,
      releases: locked.releases,
      packages,
      node: node === undefined ? [] : [node],
      layers: made.map(({ layer, diffId, createdBy }) => ({ id: layer.id, diffId, createdBy })),
    },
  };
}

function openKnown(store: Store, key: Digest): MadeLayer[] | undefined {
  const record = v.safeParse(recordSchema, store.records.get(SPACE, key));
  if (!record.success) return undefined;
  const made: MadeLayer[] = [];
  for (const { id, diffId, createdBy } of record.output) {
    const layer = openLayer(store, id);
    if (layer === undefined) return undefined;
    made.push({ layer, diffId, createdBy });
  }
  return made;
}

/** Whoever comes second, in this process or another, waits and takes what the first one made. */
async function makeOnce(
  store: Store,
  key: Digest,
  { forLayers, inputs }: OpenedInputs,
  { platform, signal, jobs }: AssembleOptions,
): Promise<readonly MadeLayer[]> {
  await using _lock = await store.locks.acquire(`distroless-${key}`, { signal });
  const known = openKnown(store, key);
  if (known !== undefined) return known;
  await using scratch = await store.scratch();
  const limits = { ...given({ jobs, signal }) };
  const made = await makeLayers({ store, scratch: scratch.path, platform, ...limits }, forLayers, inputs);
  const record = made.map(({ layer, diffId, createdBy }) => ({ id: layer.id, diffId, createdBy }));
  const refs = made.map(({ layer }) => layerRef(layer.id));
  store.records.put(SPACE, key, record, refs);
  return made;
}
