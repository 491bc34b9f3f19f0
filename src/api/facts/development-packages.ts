/** Development packages in a node_modules: by npm's own record of what it installed, else by the project's package.json. */
import * as v from "valibot";
import type { CopiedPart } from "../../dockerfile/index.ts";
import { joinTreePath, type TreePath, displayPath } from "../../paths.ts";
import { type Layer, layerTree, readTreeFile, type Tree, followPath } from "../../tree/index.ts";
import { sizeBelow } from "./sizes.ts";

const MAX_LOCK_BYTES = 32 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 1024 * 1024;
const SHOWN = 3;
const MAX_DEPTH = 50;

/** node_modules/.package-lock.json, which npm keeps since version 7. */
const HiddenLock = v.object({ packages: v.record(v.string(), v.object({ dev: v.optional(v.boolean()) })) });
const Manifest = v.object({ devDependencies: v.optional(v.record(v.string(), v.unknown())) });
/** "node_modules/@scope/name", at any depth; nothing that leads elsewhere. */
const PLACE = /^node_modules\/(?:@[\w.~-]+\/)?[\w.~-]+(?:\/node_modules\/(?:@[\w.~-]+\/)?[\w.~-]+)*$/;

/** The development packages of the project in `root`, or nothing. Records that cannot be read count as none. */
export async function developmentPackages(layer: Layer, root: TreePath): Promise<readonly CopiedPart[]> {
  const { index } = layer;
  const tree = layerTree([layer]);
  const modules = joinTreePath(root, "node_modules");
  if (index.find(modules) < 0 && index.below(modules)[0] === index.below(modules)[1]) return [];
  const places = (await fromLock(tree, modules)) ?? (await fromManifest(tree, joinTreePath(root, "package.json")));
  // Packages inside of others are in the size of those.
  const all = new Set(places);
  const outer = places.filter((place) => !parentsOf(place).some((parent) => all.has(parent)));
  const sizes = outer
    .map((place) => ({ name: place.slice("node_modules/".length), sizeBytes: sizeBelow(index, realPath(tree, joinPath(root, place))) }))
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1));
  if (sizes.length === 0) return [];
  return [
    {
      path: displayPath(modules),
      kind: "development packages",
      sizeBytes: sizes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      largest: sizes.slice(0, SHOWN),
      count: sizes.length,
      wholeBytes: sizeBelow(index, modules),
    },
  ];
}

async function fromLock(tree: Tree, modules: TreePath): Promise<string[] | undefined> {
  const lock = v.safeParse(HiddenLock, await readJson(tree, joinTreePath(modules, ".package-lock.json"), MAX_LOCK_BYTES));
  if (!lock.success) return undefined;
  return Object.entries(lock.output.packages).flatMap(([place, { dev }]) => (dev === true && PLACE.test(place) ? [place] : []));
}

async function fromManifest(tree: Tree, path: TreePath): Promise<string[]> {
  const manifest = v.safeParse(Manifest, await readJson(tree, path, MAX_MANIFEST_BYTES));
  if (!manifest.success) return [];
  return Object.keys(manifest.output.devDependencies ?? {})
    .map((name) => `node_modules/${name}`)
    .filter((place) => PLACE.test(place));
}

async function readJson(tree: Tree, path: TreePath, maxBytes: number): Promise<unknown> {
  const entry = tree.lookup(path);
  if (entry?.kind !== "file" || entry.size > maxBytes) return undefined;
  const text = (await readTreeFile(tree, path, maxBytes)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "node_modules/a" of "node_modules/a/node_modules/b". */
function parentsOf(place: string): string[] {
  const parts = place.split("/node_modules/").slice(0, MAX_DEPTH);
  return parts.slice(1).map((_, count) => parts.slice(0, count + 1).join("/node_modules/"));
}

/** pnpm has packages in node_modules/.pnpm, and links to them. */
function realPath(tree: Tree, path: TreePath): TreePath {
  return followPath(tree, path)?.path ?? path;
}

function joinPath(root: TreePath, place: string): TreePath {
  return place.split("/").reduce(joinTreePath, root);
}
