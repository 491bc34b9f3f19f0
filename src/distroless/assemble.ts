/**
 * Assembles a base from a recipe: a lock, or verified releases → verified packages → layers → configuration. The same recipe and packages
 * give the same bytes. What was assembled is recorded, so that the next time only the lock or the release files are looked at.
 */
import * as v from "valibot";
import type { Archive } from "../debian/index.ts";
import { snapshotUri } from "../debian/index.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { formatPlatform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { openLayer } from "../tree/index.ts";
import { baseConfig } from "./base-config.ts";
import { recipeError } from "./errors.ts";
import { withVariant } from "./join-recipes.ts";
import { layerRef } from "./kept-layer.ts";
import { binaryOf, checkDrift, type LockedArchitecture, lockedFor, type LockedPackage, packagesOfVariant } from "./lock.ts";
import { type MadeLayer, makeLayers } from "./make-layers.ts";
import { fetchNode, nodeOf } from "./node-part.ts";
import type { NpmPackage } from "./npm.ts";
import { layersDigest } from "./recipe-digest.ts";
import type { Recipe } from "./recipe.ts";
import { archiveOf, resolveBase } from "./resolve-base.ts";
import type { AssembledBase, AssembleOptions } from "./types.ts";

/** Raised when the same input gives other bytes than before. */
const FORMAT = "2";
const SPACE = "distroless";

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const recordSchema = v.array(v.object({ id: digestSchema, diffId: digestSchema, createdBy: v.string() }));

/** Throws `RECIPE`, `RECIPE_LOCK`, `RECIPE_DRIFT`, `NODE_PACKAGE` and the `DEBIAN_…` codes. The store is borrowed. */
export async function assembleBase(store: Store, recipe: Recipe, options: AssembleOptions): Promise<AssembledBase> {
  const { platform, variant, lock } = options;
  const base = withVariant(recipe, variant);
  if (platform.os !== "linux" || !base.architectures.includes(platform.architecture))
    throw recipeError(recipe.name, `it is not for ${formatPlatform(platform)}; wanted one of linux/${base.architectures.join(", linux/")}`);
  if (lock !== undefined) checkDrift(lock.lock, recipe, lock.file);
  const archive = await archiveOf(store, recipe, options);
  const locked =
    lock === undefined ? await resolveBase(archive, recipe, platform, [base.variant]) : lockedFor(lock.lock, platform.architecture);
  const packages = packagesOfVariant(locked, base.variant);
  const wanted = locked.node ?? nodeOf(base, platform);
  const node = wanted === undefined ? undefined : await fetchNode(store, base, wanted, options);
  const inputs: Inputs = { archive, locked, packages, node, options };
  // Variants that differ in configuration only share one record.
  const key = framedDigest([
    FORMAT,
    layersDigest(base),
    JSON.stringify(platform),
    ...packages.flatMap((one) => [one.name, one.digest, one.part === true ? "part" : "whole"]),
    node?.integrity ?? "",
  ]);
  const known = openKnown(store, key);
  const made = known ?? (await makeOnce(store, key, base, inputs));
  return {
    config: baseConfig(base, platform, made),
    annotations: base.annotations,
    layers: made.map(({ layer }) => layer),
    packages: packages.map(binaryOf),
    report: {
      recipe: recipe.name,
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

interface Inputs {
  readonly archive: Archive;
  readonly locked: LockedArchitecture;
  readonly packages: readonly LockedPackage[];
  readonly node: NpmPackage | undefined;
  readonly options: AssembleOptions;
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
async function makeOnce(store: Store, key: Digest, recipe: Recipe, inputs: Inputs): Promise<readonly MadeLayer[]> {
  const { archive, packages, node, options } = inputs;
  const { platform, signal, jobs } = options;
  await using _lock = await store.locks.acquire(`distroless-${key}`, signal === undefined ? {} : { signal });
  const known = openKnown(store, key);
  if (known !== undefined) return known;
  await using scratch = await store.scratch();
  const partial = new Set(packages.flatMap((one) => (one.part === true ? [one.name] : [])));
  const made = await makeLayers(
    { store, scratch: scratch.path, platform, ...(jobs === undefined ? {} : { jobs }), ...(signal === undefined ? {} : { signal }) },
    {
      ...recipe,
      // A package that others need whole is not taken in parts.
      parts: recipe.parts.filter((part) => partial.has(part.package)),
      files: recipe.files.filter((file) => file.architecture === undefined || file.architecture === platform.architecture),
    },
    {
      packages: packages.map(binaryOf),
      open: (binary) => archive.open(binary, elsewhere(inputs.locked, binary)),
      ...(node === undefined ? {} : { node }),
    },
  );
  const record = made.map(({ layer, diffId, createdBy }) => ({ id: layer.id, diffId, createdBy }));
  store.records.put(
    SPACE,
    key,
    record,
    made.map(({ layer }) => layerRef(layer.id)),
  );
  return made;
}

/** Where an archive's mirror has lost a file, the archive of the day when it was chosen still has it. */
function elsewhere(locked: LockedArchitecture, { uri, suite }: { readonly uri: string; readonly suite: string }): string[] {
  const release = locked.releases.find((one) => one.uri === uri && one.suite === suite);
  const snapshot = release === undefined ? undefined : snapshotUri(uri, new Date(release.date));
  return snapshot === undefined ? [] : [snapshot];
}
