/** From a recipe to what a lock holds: releases that are verified, packages that are chosen, the Node.js package. And a whole lock. */
import {
  type Archive,
  type ArchiveSource,
  createArchive,
  type CurrentRelease,
  debianArchitecture,
  debianSources,
  loadKeyring,
} from "../debian/index.ts";
import { given } from "../given.ts";
import type { Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { VERSION } from "../version.ts";
import { chooseVariants } from "./choose-packages.ts";
import type { Lock, LockedArchitecture, LockedNode, LockedRelease } from "./lock.ts";
import { fetchNode, nodeOf, vertexOf } from "./node-part.ts";
import type { Recipe, RecipeSource } from "./recipe.ts";
import { recipeDigest } from "./recipe-digest.ts";
import type { ArchiveAccess } from "./types.ts";

const MAX_AGE_MS = 15 * 60 * 1000;

/** The archive that a recipe's packages come from: Debian's, and the recipe's own sources. Nothing is fetched before it is asked for. */
export async function archiveOf(store: Store, recipe: Recipe, options: ArchiveAccess): Promise<Archive> {
  const { offline, acceptExpired, now, network, emit, signal, keyring } = options;
  const debian = options.sources ?? debianSources(recipe.suite, options.mirrors);
  const own: ArchiveSource[] = [];
  for (const source of recipe.sources ?? []) own.push(await ownSource(recipe, source));
  return createArchive(store, [...debian, ...own], {
    maxAgeMs: options.maxAgeMs ?? MAX_AGE_MS,
    vertex: vertexOf(recipe, options),
    ...(keyring === undefined ? {} : { keyring: await loadKeyring(keyring) }),
    offline,
    acceptExpired,
    now,
    network,
    emit,
    signal,
  });
}

async function ownSource(recipe: Recipe, { uri, suite = recipe.suite, components = ["main"], keys }: RecipeSource): Promise<ArchiveSource> {
  return { uri, suite, components, ...(keys === undefined ? {} : { keyring: await loadKeyring(keys.path) }) };
}

/** Resolves some variants of a recipe (undefined: the recipe as it is) for a platform. Throws the `DEBIAN_…` codes and `RECIPE`. */
export async function resolveBase(
  archive: Archive,
  recipe: Recipe,
  platform: Platform,
  variants: readonly (string | undefined)[],
): Promise<LockedArchitecture> {
  const [releases, packages] = await settled(archive.releases(), chooseVariants(archive, recipe, debianArchitecture(platform), variants));
  return { releases: releases.map(lockedRelease), packages };
}

/** A lock of a recipe with all its variants, for all its architectures. Throws `RECIPE`, `NODE_PACKAGE` and the `DEBIAN_…` codes. */
export async function lockRecipe(store: Store, recipe: Recipe, options: ArchiveAccess): Promise<Lock> {
  const archive = await archiveOf(store, recipe, options);
  const architectures: [string, LockedArchitecture][] = [];
  for (const architecture of recipe.architectures) {
    options.signal?.throwIfAborted();
    const platform = { os: "linux", architecture };
    const locked = await resolveBase(archive, recipe, platform, [undefined, ...Object.keys(recipe.variants)]);
    const node = await lockedNode(store, recipe, platform, options);
    architectures.push([architecture, { ...locked, ...given({ node }) }]);
  }
  return {
    recipe: recipe.name,
    digest: recipeDigest(recipe),
    suite: recipe.suite,
    tool: `decant ${VERSION}`,
    architectures: Object.fromEntries(architectures),
  };
}

async function lockedNode(store: Store, recipe: Recipe, platform: Platform, options: ArchiveAccess): Promise<LockedNode | undefined> {
  const wanted = nodeOf(recipe, platform);
  if (wanted === undefined) return undefined;
  const { name, version } = wanted;
  // What the recipe pins need not be fetched to be known.
  if (wanted.integrity !== undefined) return { name, version, integrity: wanted.integrity };
  const { integrity } = await fetchNode(store, recipe, wanted, options);
  return { name, version, integrity };
}

function lockedRelease({ source, release, digest, signers }: CurrentRelease): LockedRelease {
  return {
    uri: source.uri,
    suite: source.suite,
    digest,
    date: release.date.toISOString(),
    ...(release.validUntil === undefined ? {} : { validUntil: release.validUntil.toISOString() }),
    signers: signers.map(({ fingerprint, userId }) => ({ fingerprint, userId })),
  };
}

/** `Promise.all` that waits for all of them before it fails, so that nothing goes on working behind the caller's back. */
async function settled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
