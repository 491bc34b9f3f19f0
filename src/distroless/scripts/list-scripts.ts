/** Accounts for the maintainer scripts of a base: what each would have done, and what became of it. */
import { parseAccounts, parseGroups } from "../../facts/index.ts";
import { baseName, treePath } from "../../paths.ts";
import { followPath, readTreeFile, resolvePath, type Tree, walk } from "../../tree/index.ts";
import { type BaseInputs, composeBase, type ComposeContext } from "../compose.ts";
import { mergedPath } from "../merged-usr.ts";
import type { Recipe } from "../recipe.ts";
import { type EffectContext, type ScriptEffect, scriptEffects } from "./script-effects.ts";

const MAX_ACCOUNTS_BYTES = 16 * 1024 * 1024;

/** The effects of all packages of a base, in the order of the packages. Those of packages that are taken in parts are told, too. Throws as `makeLayers`. */
export async function listScripts(context: ComposeContext, recipe: Recipe, inputs: BaseInputs): Promise<ScriptEffect[]> {
  const { tree, packages } = await composeBase(context, recipe, inputs);
  const effects = await effectContext(tree, recipe);
  return packages.flatMap(({ content }) => scriptEffects(content.binary, content.scripts, effects));
}

async function effectContext(tree: Tree, recipe: Recipe): Promise<EffectContext> {
  const hasPath = (path: string): boolean => {
    const place = treePath(path);
    return resolvePath(tree, recipe.usrMerge ? mergedPath(place) : place, { followLast: false }).entry !== undefined;
  };
  const text = async (path: string): Promise<string> => {
    const found = followPath(tree, treePath(path));
    return found?.entry?.kind === "file" ? (await readTreeFile(tree, found.path, MAX_ACCOUNTS_BYTES)).toString("latin1") : "";
  };
  return {
    hasCache: hasPath("/etc/ld.so.cache"),
    hasCertificates: hasPath("/etc/ssl/certs/ca-certificates.crt"),
    hasJavaStore: hasPath("/etc/ssl/certs/java/cacerts"),
    hasPath,
    hasFile: (directory, name) => walk(tree, treePath(directory)).some(({ path, kind }) => kind !== "dir" && name.test(baseName(path))),
    users: new Set(parseAccounts(await text("/etc/passwd")).map(({ name }) => name)),
    groups: new Set(parseGroups(await text("/etc/group")).map(({ name }) => name)),
  };
}
