/** Bytes by layer: what a layer brings, what of it can still be seen, and what later layers hide. */
import type { TreePath } from "../../paths.ts";
import { toText } from "../../paths.ts";
import type { SubjectFiles } from "../files.ts";
import type { AuditLayer } from "../types.ts";

/** One layer's share. */
interface LayerSize {
  /** Counted from 0, bottom first. */
  readonly layer: number;
  readonly files: number;
  /** Bytes of its files, each hard-linked file once. */
  readonly bytes: number;
  /** Of these, what later layers replaced or removed: it is stored and sent, and nobody can see it. */
  readonly shadowedBytes: number;
}

/** A file or directory that later layers hide. */
interface ShadowedPath {
  /** "/app/node_modules": the highest directory of which nothing is left, or the file. */
  readonly path: string;
  readonly layer: number;
  readonly bytes: number;
}

/** The sums of every layer, and the largest hidden paths. */
export interface LayerSizes {
  readonly layers: readonly LayerSize[];
  /** Largest first. */
  readonly shadowed: readonly ShadowedPath[];
}

const MAX_SHADOWED = 20;

/** Goes through the index of each layer. */
export function layerSizes(layers: readonly AuditLayer[], files: SubjectFiles): LayerSizes {
  const visible = new Set<TreePath>(files.entries.map(({ path }) => path));
  const shadowed: ShadowedPath[] = [];
  const sizes = layers.map(({ layer: { index } }, layer): LayerSize => {
    let count = 0;
    let bytes = 0;
    let hidden = 0;
    const groups = new Map<TreePath, number>();
    for (let position = 0; position < index.count; position += 1) {
      if (index.kind(position) !== "file") continue;
      const { path, size } = index.at(position);
      count += 1;
      bytes += size;
      // Another name of the file may still be there.
      if (index.isLinked(position) || (visible.has(path) && files.layerOf(path) === layer)) continue;
      hidden += size;
      const top = highestGone(path, visible);
      groups.set(top, (groups.get(top) ?? 0) + size);
    }
    for (const [path, size] of groups) if (size > 0) shadowed.push({ path: `/${toText(path)}`, layer, bytes: size });
    return { layer, files: count, bytes, shadowedBytes: hidden };
  });
  return { layers: sizes, shadowed: shadowed.sort((a, b) => b.bytes - a.bytes).slice(0, MAX_SHADOWED) };
}

/** The highest directory above `path` that is not in the image any more, or the path itself. */
function highestGone(path: TreePath, visible: ReadonlySet<TreePath>): TreePath {
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const above = path.slice(0, slash) as TreePath;
    if (!visible.has(above)) return above;
  }
  return path;
}
