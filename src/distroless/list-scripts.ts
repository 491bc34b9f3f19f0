/** Accounts for the maintainer scripts of a base: what each would have done, and what became of it. */
import { treePath } from "../paths.ts";
import { resolvePath } from "../tree/index.ts";
import { type BaseInputs, composeBase, type ComposeContext } from "./compose.ts";
import { type EffectContext, type ScriptEffect, scriptEffects } from "./maintainer-scripts.ts";
import { mergedPath } from "./merged-usr.ts";
import type { Recipe } from "./recipe.ts";

/** The effects of all packages of a base, in the order of the packages. Packages that are taken in parts count, too. Throws as `makeLayers`. */
export async function listScripts(context: ComposeContext, recipe: Recipe, inputs: BaseInputs): Promise<ScriptEffect[]> {
  const { tree, packages } = await composeBase(context, recipe, inputs);
  const hasPath = (path: string): boolean => {
    const place = treePath(path);
    return resolvePath(tree, recipe.usrMerge ? mergedPath(place) : place, { followLast: false }).entry !== undefined;
  };
  const effects: EffectContext = {
    hasCache: hasPath("/etc/ld.so.cache"),
    hasCertificates: hasPath("/etc/ssl/certs/ca-certificates.crt"),
    hasJavaStore: hasPath("/etc/ssl/certs/java/cacerts"),
    hasPath,
  };
  return packages.flatMap(({ content }) => scriptEffects(content.binary.name, content.scripts, effects));
}
