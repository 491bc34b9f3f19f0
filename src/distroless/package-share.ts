/** What one package puts into a base: its files after parts, slices and the move into /usr, what is derived from them, and its status for scanners. */
import { hash } from "node:crypto";
import type { TreePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { busyboxItems } from "./busybox.ts";
import { certificateItems } from "./certificates.ts";
import { mergeItems } from "./merged-usr.ts";
import { nativeItems } from "./scripts/native-effects.ts";
import { lastOfEach } from "./layer-items.ts";
import type { PackageContent } from "./package-content.ts";
import type { Recipe } from "./recipe.ts";
import { isWantedPath, takenItems } from "./slices.ts";
import { statusItems } from "./status.ts";

/** What a package is there for. "part": some paths only. */
export type PackageRole = "whole" | "part" | "certificates" | "busybox";

/** How a package's share is made. */
interface ShareOptions {
  readonly recipe: Recipe;
  readonly role: PackageRole;
  /** Paths of files and links that the recipe itself brings, in a merged /usr where the base has one. */
  readonly replaced: ReadonlySet<TreePath>;
  /** Whether busybox brings /bin/sh. */
  readonly shell: boolean;
}

/** The items, without parents that the package does not name. Throws `RECIPE`. */
export async function packageShare(content: PackageContent, options: ShareOptions): Promise<LayerItem[]> {
  const { recipe, role, replaced } = options;
  const { name, version } = content.binary;
  const isDerived = role === "certificates" || role === "busybox";
  const taken = takenItems(
    name,
    content.items,
    isDerived ? { parts: [...recipe.parts, { package: name, keep: [] }], slices: recipe.slices } : recipe,
  );
  const all = lastOfEach([...taken, ...(await derivedItems(content, taken, options))]);
  const merged = recipe.usrMerge ? mergeItems(recipe.name, `${name} ${version}`, all) : all;
  const items = merged.filter(({ entry }) => entry.kind === "dir" || !replaced.has(entry.path));
  return [...items, ...statusItems(name, content.control, items, (item) => md5Of(content, item))];
}

async function derivedItems(content: PackageContent, taken: readonly LayerItem[], options: ShareOptions): Promise<LayerItem[]> {
  const { recipe, role, shell } = options;
  const { name } = content.binary;
  const { certificates } = recipe;
  const native = role === "whole" ? nativeItems(content, taken).filter(({ entry }) => isWantedPath(entry.path, recipe, name)) : [];
  const bundle = certificates?.package === name ? await certificateItems(recipe.name, certificates, content.items) : [];
  const busybox = recipe.busybox === name ? await busyboxItems(name, content.items, shell) : [];
  return [...native, ...bundle, ...busybox];
}

function md5Of(content: PackageContent, { entry, data }: LayerItem): string | undefined {
  if (entry.digest !== undefined) return content.md5.get(entry.digest);
  return data?.kind === "bytes" ? hash("md5", data.bytes, "hex") : undefined;
}
