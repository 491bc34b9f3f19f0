/** Makes the subject of an audit: of loaded layers, or of a directory of the host. */
import { layerTree, rebaseLayers, type Tree } from "../tree/index.ts";
import type { Platform } from "../oci/index.ts";
import { type IsMounted, readableTree } from "./readable-tree.ts";
import type { AuditLayer, AuditSubject } from "./types.ts";

/** What is known of an image whose layers are loaded, bottom first. */
type ImageFacts = Omit<AuditSubject, "tree">;

/** The subject of an image. Layers are as they are on top of each other: a file that a layer puts below a link of a lower one is where the link leads. */
export function imageSubject(image: ImageFacts): AuditSubject {
  const rebased = rebaseLayers(image.layers.map(({ layer }) => layer));
  const layers = image.layers.map((one, index): AuditLayer => ({ ...one, layer: rebased[index] ?? one.layer }));
  return { ...image, layers, tree: layerTree(rebased) };
}

/** The subject of a root file system that `hostTree` shows. */
export function directorySubject(name: string, tree: Tree, platform: Platform, isMounted: IsMounted): AuditSubject {
  return { name, platform, config: {}, layers: [], history: [], isDirectory: true, ...readableTree(tree, isMounted) };
}
