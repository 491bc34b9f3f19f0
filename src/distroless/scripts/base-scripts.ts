/** The maintainer scripts of a base's packages: what they would have done, and what became of it. Packages are fetched, nothing is made. */
import { given } from "../../given.ts";
import type { Store } from "../../store/index.ts";
import { openInputs } from "../base-inputs.ts";
import { listScripts } from "./list-scripts.ts";
import type { ScriptEffect } from "./script-effects.ts";
import type { Recipe } from "../recipe.ts";
import type { AssembleOptions } from "../types.ts";

/** Throws as `assembleBase`. */
export async function baseScripts(store: Store, recipe: Recipe, options: AssembleOptions): Promise<ScriptEffect[]> {
  const { platform, jobs, signal } = options;
  const { forLayers, inputs } = await openInputs(store, recipe, options);
  await using scratch = await store.scratch();
  const limits = { ...given({ jobs, signal }) };
  return await listScripts({ store, scratch: scratch.path, platform, ...limits }, forLayers, inputs);
}
