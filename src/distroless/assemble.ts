/**
 * Assembles a base from a recipe: verified releases → verified packages → layers → configuration. The same recipe and packages give the same
 * bytes. What was assembled is recorded, so that the next time only the release files are looked at.
 */
import * as v from "valibot";
import { pool } from "../async.ts";
import { type Archive, type BinaryPackage, createArchive, debianArchitecture, debianSources, loadKeyring } from "../debian/index.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { type Layer, layerDiffId, openLayer } from "../tree/index.ts";
import { certificatesLayer, filesLayer, keptLayer, type LayerContext, layerRef, nodeLayer, packageLayer } from "./layers.ts";
import { fetchNode, vertexOf } from "./node-part.ts";
import type { NpmPackage } from "./npm.ts";
import { createOverlayCheck } from "./overlay-check.ts";
import { withVariant } from "./join-recipes.ts";
import type { Recipe } from "./recipe.ts";
import type { AssembledBase, AssembleOptions } from "./types.ts";

/** Raised when the same input gives other bytes than before. */
const FORMAT = "1";
const SPACE = "distroless";
const MAX_AGE_MS = 15 * 60 * 1000;
const EPOCH = "1970-01-01T00:00:00Z";

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const recordSchema = v.array(v.object({ id: digestSchema, diffId: digestSchema, createdBy: v.string() }));

interface Made {
  readonly layer: Layer;
  readonly diffId: Digest;
  readonly createdBy: string;
}

/** Throws `RECIPE`, `NODE_PACKAGE` and the `DEBIAN_…` codes. The store is borrowed. */
export async function assembleBase(store: Store, recipe: Recipe, options: AssembleOptions): Promise<AssembledBase> {
  const { platform } = options;
  const base = withVariant(recipe, options.variant);
  const architecture = debianArchitecture(platform);
  const archive = await openArchive(store, base, options);
  const names = packagesOf(base);
  const [releases, packages, node] = await settled(
    archive.releases(),
    archive.select(names, architecture),
    fetchNode(store, base, options),
  );
  // Variants differ in configuration only, so they share one record.
  const key = framedDigest([
    FORMAT,
    JSON.stringify([base.levels, base.certificates, base.users, base.groups, base.files, base.node]),
    JSON.stringify(platform),
    ...packages.map((one) => one.digest),
    ...node.map((one) => one.integrity),
  ]);
  const known = openKnown(store, key);
  const made = known ?? (await makeOnce(store, key, base, { archive, packages, node, options }));
  return {
    config: configOf(base, platform, made),
    layers: made.map(({ layer }) => layer),
    packages,
    report: {
      recipe: recipe.name,
      variant: options.variant,
      cached: known !== undefined,
      releases: releases.map(({ source, release, digest, signers }) => ({
        uri: source.uri,
        suite: source.suite,
        digest,
        date: release.date.toISOString(),
        validUntil: release.validUntil?.toISOString(),
        signers,
      })),
      node,
      layers: made.map(({ layer, diffId, createdBy }) => ({ id: layer.id, diffId, createdBy })),
    },
  };
}

/** `Promise.all` that waits for all of them before it fails, so that nothing goes on working behind the caller's back. */
async function settled<A, B, C>(a: Promise<A>, b: Promise<B>, c: Promise<C>): Promise<[A, B, C]> {
  await Promise.allSettled([a, b, c]);
  return await Promise.all([a, b, c]);
}

async function openArchive(store: Store, recipe: Recipe, options: AssembleOptions): Promise<Archive> {
  const { offline, acceptExpired, now, fetch: ownFetch, emit, signal } = options;
  return createArchive(store, options.sources ?? debianSources(recipe.suite), {
    keyring: await loadKeyring(options.keyring),
    maxAgeMs: options.maxAgeMs ?? MAX_AGE_MS,
    vertex: vertexOf(recipe, options),
    ...(offline === undefined ? {} : { offline }),
    ...(acceptExpired === undefined ? {} : { acceptExpired }),
    ...(now === undefined ? {} : { now }),
    ...(ownFetch === undefined ? {} : { fetch: ownFetch }),
    ...(emit === undefined ? {} : { emit }),
    ...(signal === undefined ? {} : { signal }),
  });
}

function openKnown(store: Store, key: Digest): Made[] | undefined {
  const record = v.safeParse(recordSchema, store.records.get(SPACE, key));
  if (!record.success) return undefined;
  const made: Made[] = [];
  for (const { id, diffId, createdBy } of record.output) {
    const layer = openLayer(store, id);
    if (layer === undefined) return undefined;
    made.push({ layer, diffId, createdBy });
  }
  return made;
}

interface Inputs {
  readonly archive: Archive;
  readonly packages: readonly BinaryPackage[];
  readonly node: readonly NpmPackage[];
  readonly options: AssembleOptions;
}

/** Whoever comes second, in this process or another, waits and takes what the first one made. */
async function makeOnce(store: Store, key: Digest, recipe: Recipe, inputs: Inputs): Promise<Made[]> {
  const { signal } = inputs.options;
  await using _lock = await store.locks.acquire(`distroless-${key}`, signal === undefined ? {} : { signal });
  const known = openKnown(store, key);
  if (known !== undefined) return known;
  const made = await makeLayers(store, recipe, inputs);
  const record = made.map(({ layer, diffId, createdBy }) => ({ id: layer.id, diffId, createdBy }));
  const refs = made.map(({ layer }) => layerRef(layer.id));
  store.records.put(SPACE, key, record, refs);
  return made;
}

async function makeLayers(store: Store, recipe: Recipe, inputs: Inputs): Promise<Made[]> {
  const { signal } = inputs.options;
  await using scratch = await store.scratch();
  const context: LayerContext = { store, scratch: scratch.path, ...(signal === undefined ? {} : { signal }) };
  // Downloads wait for the network, unpacking for the processor: a few at a time of both.
  const fromPackages = new Map(
    await pool(
      4,
      inputs.packages,
      async (binary) => {
        const kind = binary.name === recipe.certificates?.package ? "certificates" : "package";
        const layer = await keptLayer(store, [kind, binary.digest], async () => {
          const deb = await inputs.archive.open(binary);
          return kind === "certificates"
            ? await certificatesLayer(context, binary.name, deb)
            : await packageLayer(context, binary.name, deb);
        });
        return [
          binary.name,
          {
            layer,
            createdBy: `decant: ${binary.name} ${binary.version} ${binary.architecture}${kind === "package" ? "" : " (certificates)"}`,
          },
        ] as const;
      },
      signal,
    ),
  );
  const check = createOverlayCheck(recipe.name);
  const made: Made[] = [];
  const add = async (layer: Layer, createdBy: string, mayReplace: boolean): Promise<void> => {
    check.add(layer.index, createdBy.replace("decant: ", ""), { mayReplace });
    made.push({ layer, createdBy, diffId: await layerDiffId(store, layer, signal) });
  };
  for (const name of packagesOf(recipe)) {
    const one = fromPackages.get(name);
    if (one !== undefined) await add(one.layer, one.createdBy, false);
  }
  const files = await filesLayer(context, recipe, (path) => check.entry(path));
  if (files !== undefined) await add(files, `decant: files of ${recipe.name}`, true);
  const [node] = inputs.node;
  if (node !== undefined) {
    const layer = await keptLayer(store, ["node", node.integrity], () => nodeLayer(context, node));
    await add(layer, `decant: ${node.name} ${node.version} (npm)`, false);
  }
  return made;
}

function packagesOf(recipe: Recipe): string[] {
  return [...recipe.levels.flatMap((level) => level.packages), ...(recipe.certificates === undefined ? [] : [recipe.certificates.package])];
}

function configOf(recipe: Recipe, platform: Platform, made: readonly Made[]): ImageConfig {
  return {
    created: EPOCH,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: {
      User: recipe.user,
      Env: Object.entries(recipe.env).map(([name, value]) => `${name}=${value}`),
      ...(recipe.entrypoint === undefined ? {} : { Entrypoint: recipe.entrypoint }),
      ...(recipe.cmd === undefined ? {} : { Cmd: recipe.cmd }),
      WorkingDir: recipe.workdir,
    },
    rootfs: { type: "layers", diff_ids: made.map(({ diffId }) => diffId) },
    history: made.map(({ createdBy }) => ({ created: EPOCH, created_by: createdBy })),
  };
}
