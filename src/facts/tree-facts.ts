/** A file system in a few words: what checks want to know of a base image or of a finished stage. */
import { baseName, compareTreePaths, displayPath, parentOf, type TreePath, treePath } from "../paths.ts";
import { followPath, type Layer, layerTree, rebaseLayers } from "../tree/index.ts";
import type { ProcessConfig } from "./find-program.ts";
import { isProgram } from "./is-program.ts";
import { findLibcs, findLoaders } from "./libc.ts";
import { readOsRelease } from "./os-release.ts";
import { entriesAt, findPrograms, type FoundProgram, namedPaths, programFolders, type ProgramPlaces } from "./programs.ts";
import { smallFiles } from "./small-file.ts";
import type { BuildTool, TreeFacts } from "./types.ts";

const SHELL = treePath("bin/sh");
const MAX_NAME = 100;

/** What is known besides the layers. */
export interface TreeFactsOptions {
  /** PATH and the working directory of the image. */
  readonly config: ProcessConfig;
  /** Layers whose files can be read; of others only names are known. */
  readonly readable: ReadonlySet<Layer>;
  /** Gives `namedPaths` of a layer, or remembers them. Default: reads the index. */
  readonly names?: ((layer: Layer) => readonly TreePath[]) | undefined;
}

/** Reads the facts of `layers`, bottom first. */
export async function readTreeFacts(layers: readonly Layer[], options: TreeFactsOptions): Promise<TreeFacts> {
  const { config, readable, names = ({ index }) => namedPaths(index) } = options;
  const stack = rebaseLayers(layers);
  const tree = layerTree(stack);
  const canRead = (file: TreePath): boolean => {
    const layer = layers[layerOf(stack, file)];
    return layer !== undefined && readable.has(layer);
  };
  const read = smallFiles(tree);
  const os = await readOsRelease(async (path, maxBytes) => {
    const file = followPath(tree, path)?.path;
    return file !== undefined && canRead(file) ? await read(path, maxBytes) : undefined;
  });
  return {
    ...(os?.prettyName === undefined ? {} : { os: os.prettyName.slice(0, MAX_NAME) }),
    hasShell: isProgram(followPath(tree, SHELL)?.entry),
    libcs: await findLibcs(tree, canRead),
    loaders: findLoaders(tree),
    tools: toolsOf(findPrograms(entriesAt(tree, stack.flatMap(names)), { tree, config }), { tree, config }, (file) => layerOf(stack, file)),
  };
}

/** The topmost layer that has an entry for it. */
function layerOf(layers: readonly Layer[], path: TreePath): number {
  return Math.max(
    0,
    layers.findLastIndex(({ index }) => index.find(path) >= 0),
  );
}

/** Every tool once, compilers first, in the order of the alphabet: by the program that a shell would find first, and there by the one with the tool's own name. */
function toolsOf(programs: readonly FoundProgram[], places: ProgramPlaces, layerAt: (file: TreePath) => number): readonly BuildTool[] {
  const folders = [...programFolders(places)];
  const rank = ({ path }: FoundProgram): number => {
    const at = folders.indexOf(parentOf(path));
    return at < 0 ? folders.length : at;
  };
  const isOther = ({ path, tool }: FoundProgram): number => (baseName(path) === tool ? 0 : 1);
  const first = new Map<string, BuildTool>();
  const inOrder = programs.toSorted((a, b) => rank(a) - rank(b) || isOther(a) - isOther(b) || compareTreePaths(a.path, b.path));
  for (const { kind, tool, path, file } of inOrder) {
    if (kind === "shell" || first.has(tool)) continue;
    first.set(tool, { name: tool, kind, path: displayPath(path), layer: layerAt(file.path) });
  }
  return [...first.values()].toSorted((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1));
}
