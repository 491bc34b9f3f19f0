/** A file system in a few words: what checks want to know of a base image or of a finished stage. */
import type { TreeFacts } from "../../dockerfile/index.ts";
import { type TreePath, treePath } from "../../paths.ts";
import { type Layer, layerTree, readTreeFile, type Tree } from "../../tree/index.ts";
import { findLibcs, findLoaders } from "./libc.ts";
import { findTools, follow, shownPath } from "./tools.ts";

const SHELL = treePath("bin/sh");
const OS_RELEASE = ["etc/os-release", "usr/lib/os-release"].map(treePath);
const MAX_OS_RELEASE_BYTES = 64 * 1024;
const MAX_NAME = 100;

/** Reads the facts of `layers`, bottom first; `path` is the PATH of the image. Never throws for what a hostile image may hold. */
export async function readTreeFacts(layers: readonly Layer[], path: string | undefined): Promise<TreeFacts> {
  const tree = layerTree(layers);
  const os = await osName(tree);
  return {
    ...(os === undefined ? {} : { os }),
    hasShell: follow(tree, SHELL)?.entry?.kind === "file",
    libcs: await findLibcs(tree),
    loaders: findLoaders(tree),
    tools: findTools(tree, path).map((tool) => ({
      name: tool.name,
      kind: tool.kind,
      path: shownPath(tool.path),
      layer: layerOf(layers, tool.real),
    })),
  };
}

/** The topmost layer that has an entry for it. */
function layerOf(layers: readonly Layer[], path: TreePath): number {
  return Math.max(
    0,
    layers.findLastIndex(({ index }) => index.find(path) >= 0),
  );
}

async function osName(tree: Tree): Promise<string | undefined> {
  for (const place of OS_RELEASE) {
    const file = follow(tree, place);
    if (file?.entry?.kind !== "file" || file.entry.size > MAX_OS_RELEASE_BYTES) continue;
    const text = (await readTreeFile(tree, file.path, MAX_OS_RELEASE_BYTES)).toString("utf8");
    const name = /^PRETTY_NAME=(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"'\n]+))/m.exec(text);
    const shown = name?.[1] ?? name?.[2] ?? name?.[3];
    if (shown !== undefined) return shown.slice(0, MAX_NAME);
  }
  return undefined;
}
