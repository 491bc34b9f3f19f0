/** The configuration of a base: the recipe's settings over its layers. No time and no place of now is in it. */
import type { Digest } from "../digest.ts";
import { given } from "../given.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { Recipe } from "./recipe.ts";

/** All times of a base: nothing in it is of the day of its making. */
const EPOCH = "1970-01-01T00:00:00Z";

/** Of a recipe with its variant joined in. */
export function baseConfig(
  recipe: Recipe,
  platform: Platform,
  layers: readonly { readonly diffId: Digest; readonly createdBy: string }[],
): ImageConfig {
  return {
    created: EPOCH,
    architecture: platform.architecture,
    os: platform.os,
    ...given({ variant: platform.variant }),
    config: {
      User: recipe.user,
      Env: Object.entries(recipe.env).map(([name, value]) => `${name}=${value}`),
      ...given({ Entrypoint: recipe.entrypoint, Cmd: recipe.cmd }),
      WorkingDir: recipe.workdir,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ createdBy }) => ({ created: EPOCH, created_by: createdBy })),
  };
}
