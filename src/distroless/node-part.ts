/** The Node.js package of a recipe, for the platform that is assembled. */
import { type HttpOptions, watchTransfer } from "../debian/index.ts";
import { noEvents } from "../events.ts";
import type { Store } from "../store/index.ts";
import { recipeError } from "./errors.ts";
import { fetchNpmPackage, type NpmPackage, npmRegistry } from "./npm.ts";
import type { Recipe } from "./recipe.ts";
import type { AssembleOptions } from "./types.ts";

/** Gets it into the store; empty for a recipe without Node.js. Throws `RECIPE`, `NODE_PACKAGE`. */
export async function fetchNode(store: Store, recipe: Recipe, options: AssembleOptions): Promise<NpmPackage[]> {
  const first = recipe.node;
  if (first === undefined) return [];
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

/** The vertex that events of an assembly are told under. */
export function vertexOf(recipe: Recipe, options: AssembleOptions): string {
  return options.vertex ?? `distroless ${recipe.name}`;
}
