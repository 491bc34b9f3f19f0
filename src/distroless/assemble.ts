/**
 * Assembles a base from a recipe: verified releases → verified packages → layers → configuration. The same recipe and packages give the same
 * bytes. What was assembled is recorded, so that the next time only the release files are looked at.
 */
import * as v from "valibot";
import { pool } from "../async.ts";
import {
  type Archive,
  type ArchiveSource,
  type BinaryPackage,
  createArchive,
  debianArchitecture,
  debianSources,
  type HttpOptions,
  loadKeyring,
  type Signer,
  watchTransfer,
} from "../debian/index.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { type Emit, noEvents } from "../events.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { type Layer, layerDiffId, openLayer } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { certificatesLayer, filesLayer, keptLayer, type LayerContext, layerRef, nodeLayer, packageLayer } from "./layers.ts";
import { fetchNpmPackage, type NpmPackage, npmRegistry } from "./npm.ts";
import { createOverlayCheck } from "./overlay-check.ts";
import { type Recipe, type RecipePart, withVariant } from "./recipe.ts";

/** Options of `assembleBase`. */
export interface AssembleOptions {
  readonly platform: Platform;
  /** "nonroot": what the recipe has under `variants`. Default: none. */
  readonly variant?: string;
  /** Default: deb.debian.org with updates and security of the recipe's suite. */
  readonly sources?: readonly ArchiveSource[];
  /** Keyring file. Default: the one of debian-archive-keyring. */
  readonly keyring?: string;
  /** Use only what the store has. Default false. */
  readonly offline?: boolean;
  /** Accept releases past their Valid-Until. Default false. */
  readonly acceptExpired?: boolean;
  /** Release files that were fetched less than this many milliseconds ago are not asked for again. Default 15 minutes. */
  readonly maxAgeMs?: number;
  /** Default: npm's own setting, else https://registry.npmjs.org. */
  readonly npmRegistry?: string;
  /** For npm's setting. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the clock. */
  readonly now?: () => Date;
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch;
  readonly emit?: Emit;
  /** The vertex that events are told under. Default: "distroless " and the recipe's name. */
  readonly vertex?: string;
  readonly signal?: AbortSignal;
}

/** A base that is in the store. */
export interface AssembledBase {
  readonly config: ImageConfig;
  /** Bottom first; as many as `config.history` has entries. */
  readonly layers: readonly Layer[];
  readonly packages: readonly BinaryPackage[];
  readonly report: AssemblyReport;
}

/** Where a base comes from, and what was checked. JSON-safe. */
export interface AssemblyReport {
  readonly recipe: string;
  readonly variant: string | undefined;
  /** Nothing was done but to look at the releases. */
  readonly cached: boolean;
  readonly releases: readonly {
    readonly uri: string;
    readonly suite: string;
    /** Of the InRelease file. */
    readonly digest: Digest;
    readonly date: string;
    readonly validUntil: string | undefined;
    readonly signers: readonly Signer[];
  }[];
  /** With `signature: "absent"` only the integrity was checked: the registry gives no signatures. */
  readonly node: readonly NpmPackage[];
  readonly layers: readonly { readonly id: Digest; readonly diffId: Digest; readonly createdBy: string }[];
}

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
  const names = base.parts.flatMap((part) => [...part.packages, ...(part.certificates === undefined ? [] : [part.certificates])]);
  const [releases, packages, node] = await settled(
    archive.releases(),
    archive.select(names, architecture),
    fetchNode(store, base, options),
  );
  // Variants differ in configuration only, so they share one record.
  const key = framedDigest([
    FORMAT,
    JSON.stringify(base.parts),
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

async function fetchNode(store: Store, recipe: Recipe, options: AssembleOptions): Promise<NpmPackage[]> {
  const parts = recipe.parts.flatMap((part) => part.node ?? []);
  const [first] = parts;
  if (first === undefined) return [];
  if (parts.length > 1) throw recipeError(recipe.name, "it has more than one node part");
  const { architecture } = options.platform;
  const source = Object.hasOwn(first.packages, architecture) ? first.packages[architecture] : undefined;
  if (source === undefined)
    throw recipeError(
      recipe.name,
      `its node part has no package for ${architecture}; wanted one of ${Object.keys(first.packages).join(", ")}`,
    );
  const { signal } = options;
  const http: Omit<HttpOptions, "fail"> = {
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(signal === undefined ? {} : { signal }),
  };
  const emit = options.emit ?? noEvents;
  const found = await fetchNpmPackage(
    store,
    { name: source.name, version: first.version, ...(source.integrity === undefined ? {} : { pinned: source.integrity }) },
    {
      registry: options.npmRegistry?.replace(/\/+$/, "") ?? (await npmRegistry(options.env ?? process.env)),
      offline: options.offline ?? false,
      now: options.now?.() ?? new Date(),
      http,
      watch: (url, body) => watchTransfer({ emit, vertex: vertexOf(recipe, options) }, url, body),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (found.signature === "absent" && source.integrity === undefined)
    emit({
      type: "warning",
      code: "NodePackageUnsigned",
      message: `${found.name}@${found.version} is neither signed by its registry nor pinned by the recipe; pin it by "integrity: ${found.integrity}"`,
    });
  return [found];
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
  const certificates = new Set(recipe.parts.flatMap((part) => part.certificates ?? []));
  // Downloads wait for the network, unpacking for the processor: a few at a time of both.
  const fromPackages = new Map(
    await pool(
      4,
      inputs.packages,
      async (binary) => {
        const kind = certificates.has(binary.name) ? "certificates" : "package";
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
  for (const part of recipe.parts) {
    for (const name of packagesOf(part)) {
      const one = fromPackages.get(name);
      if (one !== undefined) await add(one.layer, one.createdBy, false);
    }
    const files = await filesLayer(context, part, (path) => check.entry(path));
    if (files !== undefined) await add(files, `decant: files of ${part.name}`, true);
    const [node] = inputs.node;
    if (part.node !== undefined && node !== undefined) {
      const layer = await keptLayer(store, ["node", node.integrity], () => nodeLayer(context, node));
      await add(layer, `decant: ${node.name} ${node.version} (npm)`, false);
    }
  }
  return made;
}

function packagesOf(part: RecipePart): string[] {
  return [...part.packages, ...(part.certificates === undefined ? [] : [part.certificates])];
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
      WorkingDir: recipe.workdir,
    },
    rootfs: { type: "layers", diff_ids: made.map(({ diffId }) => diffId) },
    history: made.map(({ createdBy }) => ({ created: EPOCH, created_by: createdBy })),
  };
}

function vertexOf(recipe: Recipe, options: AssembleOptions): string {
  return options.vertex ?? `distroless ${recipe.name}`;
}
