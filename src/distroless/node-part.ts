/** The Node.js package of a recipe, for the platform that is assembled. */
import { watchTransfer } from "../debian/index.ts";
import { noEvents } from "../events.ts";
import { given } from "../given.ts";
import { createNetwork } from "../net/index.ts";
import type { Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { recipeError } from "./errors.ts";
import { fetchNpmPackage, type NpmPackage, npmRegistry } from "./npm.ts";
import type { Recipe } from "./recipe.ts";
import type { ArchiveAccess } from "./types.ts";

/** An exact npm package. */
interface WantedNode {
  readonly name: string;
  readonly version: string;
  /** "sha512-…" that it must have. */
  readonly integrity?: string;
}

/** The package that a recipe has for a platform; undefined for a recipe without Node.js. Throws `RECIPE`. */
export function nodeOf(recipe: Recipe, { architecture }: Platform): WantedNode | undefined {
  const { node } = recipe;
  if (node === undefined) return undefined;
  const source = Object.hasOwn(node.packages, architecture) ? node.packages[architecture] : undefined;
  if (source !== undefined) return { ...source, version: node.version };
  const known = Object.keys(node.packages).join(", ");
  throw recipeError(recipe.name, `its node part has no package for ${architecture}; wanted one of ${known}`);
}

/** Gets it into the store. Throws `NODE_PACKAGE`. */
export async function fetchNode(store: Store, recipe: Recipe, wanted: WantedNode, options: ArchiveAccess): Promise<NpmPackage> {
  const { signal } = options;
  const emit = options.emit ?? noEvents;
  const { name, version, integrity } = wanted;
  const found = await fetchNpmPackage(
    store,
    { name, version, ...given({ pinned: integrity }) },
    {
      registry: await registryOf(options),
      offline: options.offline ?? false,
      now: options.now?.() ?? new Date(),
      network: options.network ?? createNetwork(),
      watch: (url, body) => watchTransfer({ emit, vertex: vertexOf(recipe, options) }, url, body),
      signal,
    },
  );
  if (found.signature === "absent" && integrity === undefined)
    emit({
      type: "warning",
      code: "NodePackageUnsigned",
      message: `${found.name}@${found.version} is neither signed by its registry nor pinned by the recipe; pin it by "integrity: ${found.integrity}"`,
    });
  return found;
}

/** The registry that Node.js comes from. */
export async function registryOf(options: ArchiveAccess): Promise<string> {
  return options.npmRegistry?.replace(/\/+$/, "") ?? (await npmRegistry(options.env ?? process.env));
}

/** The vertex that events of an assembly belong to. */
export function vertexOf(recipe: Recipe, options: ArchiveAccess): string {
  return options.vertex ?? `distroless ${recipe.name}`;
}
