/** All that a base is made of, before it is divided into layers: the shares of its packages, Node.js, the recipe's own files, and what is made from all of them. */
import { pool } from "../async.ts";
import type { BinaryPackage, Deb } from "../debian/index.ts";
import { cacheFlags, elfMachineOf, formatLdCache } from "../elf/index.ts";
import { findLibraries, ldConf } from "../facts/index.ts";
import { isWithin, type TreePath, treePath } from "../paths.ts";
import type { Platform } from "../oci/index.ts";
import { followPath, type LayerItem, type Tree } from "../tree/index.ts";
import { checkCopyright } from "./copyright-check.ts";
import { recipeError } from "./errors.ts";
import { withLinkedFiles } from "./hard-links.ts";
import { itemsTree } from "./items-tree.ts";
import type { Piece } from "./layer-plan.ts";
import { lastOfEach, textItem } from "./layer-items.ts";
import { mergeItems, usrLinks } from "./merged-usr.ts";
import { alternativeItems, moduleItems, sharedConfigItems } from "./scripts/native-effects.ts";
import { nodeItems } from "./node-layer.ts";
import type { NpmPackage } from "./npm.ts";
import { osRelease } from "./os-release.ts";
import { mergeShares, type Share } from "./merge-shares.ts";
import { ownItems } from "./own-files.ts";
import { packageContent, type PackageContent, type UnpackContext } from "./package-content.ts";
import { levelsOf, type Placed } from "./package-levels.ts";
import { packageShare } from "./package-share.ts";
import { withPermissions } from "./permissions.ts";
import type { Recipe } from "./recipe.ts";
import { isWantedPath } from "./slices.ts";

/** How a base is made. */
export interface ComposeContext extends UnpackContext {
  readonly platform: Platform;
  /** How many packages are worked on at a time. Default 4. */
  readonly jobs?: number;
}

/** What a base is made of. */
export interface BaseInputs {
  /** Level by level, then those that are taken in parts. */
  readonly packages: readonly BinaryPackage[];
  readonly open: (binary: BinaryPackage) => Promise<Deb>;
  readonly node?: NpmPackage;
}

/** A piece of a base with its items. */
export interface BasePiece extends Piece, Share {}

/** A base without layers. */
export interface Composition {
  readonly pieces: readonly BasePiece[];
  /** What packages and Node.js have, by path, without the recipe's own files. */
  readonly below: ReadonlyMap<TreePath, LayerItem>;
  /** All of it. */
  readonly tree: Tree;
  readonly packages: readonly (Placed & { readonly content: PackageContent })[];
}

const CACHE = "/etc/ld.so.cache";
const CONF = "/etc/ld.so.conf";
const OS_RELEASE = "/usr/lib/os-release";

/** Throws `RECIPE`, `NODE_PACKAGE`, and what `open` throws. */
export async function composeBase(context: ComposeContext, recipe: Recipe, inputs: BaseInputs): Promise<Composition> {
  const { signal, jobs = 4, platform } = context;
  const placed = levelsOf(recipe, inputs.packages);
  // Downloads wait for the network, unpacking for the processor: a few at a time of both.
  const packages = await pool(
    jobs,
    placed,
    async (one) => ({ ...one, content: await packageContent(context, one.binary, inputs.open) }),
    signal,
  );
  const own = inUsr(recipe, [
    ...(recipe.osRelease ? [textItem(OS_RELEASE, osRelease(recipe))] : []),
    ...ownItems(recipe, platform.architecture),
  ]);
  const replaced = new Set(own.flatMap(({ entry }) => (entry.kind === "dir" ? [] : [entry.path])));
  if (recipe.ldCache) for (const path of [CACHE, CONF]) replaced.add(treePath(path));
  const shell = !packages.some(({ role, content }) => role !== "busybox" && hasShell(content.items)) && !hasShell(own);
  const shares = await pool(
    jobs,
    packages,
    async ({ content, ...one }): Promise<BasePiece> => ({
      ...packagePiece(one),
      items: await packageShare(content, { recipe, role: one.role, replaced, shell }),
    }),
    signal,
  );
  const node = inputs.node === undefined ? [] : [await nodePiece(context, recipe, inputs.node)];
  const packed = [...linksPiece(recipe, shares), ...shares, ...node];
  const linked = withLinkedFiles(recipe.name, own, mergeShares(recipe.name, packed));
  const before = mergeShares(recipe.name, [...packed, ownPiece(recipe, linked)]);
  const made = await madeItems(context, recipe, before, packages);
  const pieces = withPermissions(recipe, [...packed, ownPiece(recipe, lastOfEach([...linked, ...made]))]).map(sized);
  const below = mergeShares(recipe.name, pieces.slice(0, -1));
  const tree = itemsTree(mergeShares(recipe.name, pieces).values());
  checkCopyright(recipe.name, tree, placed);
  return { pieces: pieces.filter(({ items }) => items.length > 0), below, tree, packages };
}

/** What can only be made when everything else is there: links of alternatives and modules, and the cache of libraries. */
async function madeItems(
  context: ComposeContext,
  recipe: Recipe,
  before: ReadonlyMap<TreePath, LayerItem>,
  packages: readonly (Placed & { readonly content: PackageContent })[],
): Promise<LayerItem[]> {
  const tree = itemsTree(before.values());
  const whole = packages.filter(({ role }) => role === "whole").map(({ content }) => content);
  const isThere = (path: TreePath): boolean => followPath(tree, path)?.entry !== undefined;
  const links = inUsr(recipe, [
    ...alternativeItems(whole, isThere),
    ...sharedConfigItems(whole, before),
    ...(await moduleItems(whole, tree)),
  ]).filter(({ entry }) => isWantedPath(entry.path, recipe));
  if (!recipe.ldCache) return links;
  const machine = elfMachineOf(context.platform);
  if (machine === undefined || cacheFlags(machine) === undefined)
    throw recipeError(recipe.name, `its ldCache cannot be made for ${context.platform.architecture}; wanted "ldCache: false"`);
  const conf = ldConf(machine);
  const libraries = await findLibraries(tree, machine, { conf, signal: context.signal });
  // A base without libraries needs neither.
  if (libraries.length === 0) return links;
  return [...links, textItem(CACHE, formatLdCache(libraries, machine.endian)), textItem(CONF, conf)];
}

function packagePiece({ binary, level, role }: Placed): Omit<BasePiece, "items"> {
  const what = role === "whole" || role === "busybox" ? "" : role === "part" ? " (in part)" : " (certificates)";
  return {
    kind: role === "certificates" ? "other" : "packages",
    level,
    source: binary.source,
    sizeBytes: 0,
    owner: `${binary.name} ${binary.version} ${binary.architecture}${what}`,
    mayReplace: false,
  };
}

/** With the lowest packages, so that no layer is laid over directories where the links should be. */
function linksPiece(recipe: Recipe, shares: readonly Share[]): BasePiece[] {
  if (!recipe.usrMerge) return [];
  const hasPath = (path: TreePath): boolean => shares.some(({ items }) => items.some(({ entry }) => isWithin(entry.path, path)));
  return [{ kind: "packages", level: 0, source: "", sizeBytes: 0, owner: "merged /usr", mayReplace: false, items: usrLinks(hasPath) }];
}

async function nodePiece(context: ComposeContext, recipe: Recipe, node: NpmPackage): Promise<BasePiece> {
  const level = recipe.levels.filter(({ name }) => !name.includes(":")).length;
  const items = await nodeItems(context, node);
  return { kind: "other", level, sizeBytes: 0, owner: `${node.name} ${node.version} (npm)`, mayReplace: false, items };
}

function ownPiece(recipe: Recipe, items: readonly LayerItem[]): BasePiece {
  // Under busybox, which only debug images have: the others share the rest.
  return { kind: "other", level: recipe.levels.length + 2, sizeBytes: 0, owner: `files of ${recipe.name}`, mayReplace: true, items };
}

function sized(piece: BasePiece): BasePiece {
  return { ...piece, sizeBytes: piece.items.reduce((sum, { entry }) => sum + entry.size, 0) };
}

function inUsr(recipe: Recipe, items: readonly LayerItem[]): LayerItem[] {
  const last = lastOfEach(items);
  return recipe.usrMerge ? mergeItems(recipe.name, "the recipe", last) : last;
}

function hasShell(items: readonly LayerItem[]): boolean {
  return items.some(({ entry }) => entry.path === "bin/sh" || entry.path === "usr/bin/sh");
}
