/** A file system in a few words: what checks want to know of a base image or of a finished stage. */
import type { TreeFacts } from "../../dockerfile/index.ts";
import { type TreePath, treePath, displayPath } from "../../paths.ts";
import { type Layer, layerTree, readTreeFile, type Tree, followPath } from "../../tree/index.ts";
import { findLibcs, findLoaders } from "./libc.ts";
import { findTools } from "./tools.ts";

const SHELL = treePath("bin/sh");
const OS_RELEASE = ["etc/os-release", "usr/lib/os-release"].map(treePath);
const MAX_OS_RELEASE_BYTES = 64 * 1024;
const MAX_NAME = 100;

/** What is known besides the layers. */
export interface TreeFactsOptions {
  /** PATH of the image. */
  readonly path: string | undefined;
  /** Layers whose files can be read; of others only names are known. */
  readonly readable: ReadonlySet<Layer>;
}

/** Reads the facts of `layers`, bottom first. */
export async function readTreeFacts(layers: readonly Layer[], { path, readable }: TreeFactsOptions): Promise<TreeFacts> {
  const tree = layerTree(layers);
  const canRead = (file: TreePath): boolean => {
    const layer = layers[layerOf(layers, file)];
    return layer !== undefined && readable.has(layer);
  };
  const os = await osName(tree, canRead);
  return {
    ...(os === undefined ? {} : { os }),
    hasShell: followPath(tree, SHELL)?.entry?.kind === "file",
    libcs: await findLibcs(tree, canRead),
    loaders: findLoaders(tree),
    tools: findTools(tree, path).map((tool) => ({
      name: tool.name,
      kind: tool.kind,
      path: displayPath(tool.path),
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

async function osName(tree: Tree, canRead: (path: TreePath) => boolean): Promise<string | undefined> {
  for (const place of OS_RELEASE) {
    const file = followPath(tree, place);
    if (file?.entry?.kind !== "file" || file.entry.size > MAX_OS_RELEASE_BYTES || !canRead(file.path)) continue;
    const text = (await readTreeFile(tree, file.path, MAX_OS_RELEASE_BYTES)).toString("utf8");
    const name = /^PRETTY_NAME=(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"'\n]+))/m.exec(text);
    const shown = name?.[1] ?? name?.[2] ?? name?.[3];
    if (shown !== undefined) return shown.slice(0, MAX_NAME);
  }
  return undefined;
}
