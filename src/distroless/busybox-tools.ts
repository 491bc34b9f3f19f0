/** Debian's busybox alone, as a base: tools for a look at images that have none. */
import { ARCHITECTURES } from "./architectures.ts";
import { joinRecipes } from "./join-recipes.ts";
import type { Recipe } from "./recipe.ts";

/** The folder of the tools on PATH. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/busybox";

/** A recipe that no catalogue lists. The program is linked statically, so that it runs in every image. */
export function busyboxTools(): Recipe {
  return joinRecipes([{ name: "busybox", suite: "trixie", architectures: ARCHITECTURES, busybox: "busybox-static", env: { PATH } }]);
}
