/** What the recipe itself brings, as items: accounts, files, links and directories. */
import { fromText, treePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { parseDuration } from "../dockerfile/index.ts";
import { accountFiles } from "./accounts.ts";
import { PROBE } from "./base-config.ts";
import { recipeError } from "./errors.ts";
import { directoryEntry, textItem } from "./layer-items.ts";
import { assembleProbe } from "./probe/assemble-probe.ts";
import { probeTarget } from "./probe/target.ts";
import type { Recipe, RecipeFile } from "./recipe.ts";

/** As of runtimes for a health check without one. */
const TIMEOUT_NS = 30e9;

/** For one OCI architecture. Of two with one path the later one counts. Throws `RECIPE`. */
export function ownItems(recipe: Recipe, architecture: string): LayerItem[] {
  const accounts = recipe.users.length + recipe.groups.length === 0 ? [] : accountFiles(recipe);
  const files = recipe.files.filter((file) => file.architecture === undefined || file.architecture === architecture);
  return [...[...accounts, ...files].map(ownItem), ...probeItems(recipe, architecture)];
}

/** The program that a health check of ours starts. */
function probeItems({ name, healthcheck }: Recipe, architecture: string): LayerItem[] {
  if (healthcheck === undefined || healthcheck === "none") return [];
  const address = healthcheck.http ?? healthcheck.tcp;
  const target = address === undefined ? undefined : probeTarget(address);
  if (target === undefined) return [];
  const timeoutNs = healthcheck.timeout === undefined ? TIMEOUT_NS : parseDuration(healthcheck.timeout);
  const program = assembleProbe(target, architecture, timeoutNs / 1e6);
  if (program === undefined)
    throw recipeError(name, `its health probe cannot be made for ${architecture}`, {
      hint: "Give a program of the base by healthcheck.command",
    });
  return [textItem(PROBE, program, { mode: 0o755 })];
}

function ownItem(file: RecipeFile): LayerItem {
  const options = {
    uid: file.uid ?? 0,
    gid: file.gid ?? 0,
    ...(file.mode === undefined ? {} : { mode: Number.parseInt(file.mode, 8) }),
  };
  if (file.text !== undefined) return textItem(file.path, file.text, options);
  const path = treePath(file.path);
  const { content } = file;
  if (content !== undefined) {
    const entry = directoryEntry(path, { mode: 0o644, ...options });
    return {
      entry: { ...entry, kind: "file", size: content.size, digest: content.digest },
      data: { kind: "host", path: fromText(content.path) },
    };
  }
  const directory = directoryEntry(path, options);
  if (file.hardLink !== undefined) return { entry: { ...directory, kind: "hardlink", link: treePath(file.hardLink) } };
  return { entry: file.link === undefined ? directory : { ...directory, kind: "symlink", mode: 0o777, link: fromText(file.link) } };
}
