/** The files of a subject for all checks: ranges of contents, and which layer an entry is seen from. */
import type { TreePath } from "../paths.ts";
import { pathFiles } from "../facts/index.ts";
import { type Entry, readDataRange, type Tree } from "../tree/index.ts";
import type { AuditFiles, AuditSubject } from "./types.ts";

/** `AuditFiles` with what the report tells of them. */
export interface SubjectFiles extends AuditFiles {
  /** Is the content of this entry counted under another, earlier name of the same file? */
  isFurtherName(entry: Entry): boolean;
}

/** Positions of entries in a layer's index fit below this. */
const LAYER_UNIT = 2 ** 32;

/** The files of a subject; `entries` are those of its walk. Throws what the tree throws for damage of the store. */
export function subjectFiles({ tree, layers }: AuditSubject, entries: readonly Entry[]): SubjectFiles {
  const places = placesOf(layers.map(({ layer }) => layer.index));
  const further = furtherNames();

  function furtherNames(): ReadonlySet<TreePath> {
    const seen = new Set<string>();
    const found = new Set<TreePath>();
    for (const entry of entries) {
      if (entry.kind !== "file" || !mayBeLinked(entry.path)) continue;
      const group = tree.linkGroup(entry);
      if (group === undefined) continue;
      if (seen.has(group)) found.add(entry.path);
      seen.add(group);
    }
    return found;
  }

  /** Asking a tree of layers for link groups is slow; nearly all files have one name. */
  function mayBeLinked(path: TreePath): boolean {
    const place = places.get(path);
    if (place === undefined) return true;
    const index = layers[Math.floor(place / LAYER_UNIT)]?.layer.index;
    const position = place % LAYER_UNIT;
    return index === undefined || index.isLinked(position) || index.kind(position) === "hardlink";
  }

  return {
    entries,
    layerOf(path) {
      const place = places.get(path);
      return place === undefined ? undefined : Math.floor(place / LAYER_UNIT);
    },
    isFurtherName: ({ path }) => further.has(path),
    ...fileReading(tree),
  };
}

/** What needs no walk: following links, and reading contents. */
export function fileReading(tree: Tree): Pick<AuditFiles, "resolve" | "bytes" | "read"> {
  async function bytes(entry: Entry, length: number, offset = 0): Promise<Uint8Array> {
    if (entry.kind !== "file" || entry.size === 0) return new Uint8Array(0);
    return readDataRange(await tree.data(entry), entry.size, offset, length);
  }
  return {
    ...pathFiles(tree),
    bytes,
    async read(entry, maxBytes) {
      return entry.kind === "file" && entry.size <= maxBytes ? await bytes(entry, entry.size) : undefined;
    },
  };
}

type Indexes = readonly AuditSubject["layers"][number]["layer"]["index"][];

/** Path → the topmost layer that has it, and its position there. What lower layers still have below removed directories is in it too. */
function placesOf(indexes: Indexes): ReadonlyMap<TreePath, number> {
  const places = new Map<TreePath, number>();
  for (const [layer, index] of [...indexes.entries()].reverse()) {
    for (let position = 0; position < index.count; position += 1) {
      const kind = index.kind(position);
      if (kind === "whiteout" || kind === "opaque") continue;
      const path = index.path(position);
      if (!places.has(path)) places.set(path, layer * LAYER_UNIT + position);
    }
  }
  return places;
}
