/** Every file of every layer, those that later layers hide included: whoever has the image has them too. */
import { type DataSource, type Entry, readDataRange } from "../tree/index.ts";
import type { AuditFiles, AuditSubject } from "./types.ts";

/** A file of a layer, or of a directory of the host. */
export interface LayerFile {
  readonly entry: Entry;
  /** Absent for directories of the host. */
  readonly layer?: number;
  /** False: a later layer replaced or removed it. */
  readonly isVisible: boolean;
  /** Up to `length` bytes from `offset`. */
  readonly bytes: (length: number, offset?: number) => Promise<Uint8Array>;
}

/** Goes through layers bottom first, in the order of their indexes. `wanted` sees paths only, before entries are made. */
export function* layerFiles(
  { layers }: AuditSubject,
  files: AuditFiles,
  wanted: (path: Entry["path"], layer: number | undefined) => boolean,
): Generator<LayerFile, void, undefined> {
  if (layers.length === 0) {
    for (const entry of files.entries) {
      if (entry.kind !== "file" || !wanted(entry.path, undefined)) continue;
      yield { entry, isVisible: true, bytes: (length, offset) => files.bytes(entry, length, offset) };
    }
    return;
  }
  const visible = new Set<string>();
  for (const { path } of files.entries) visible.add(path);
  for (const [number, { layer }] of layers.entries()) {
    const { index } = layer;
    for (let position = 0; position < index.count; position += 1) {
      if (index.kind(position) !== "file") continue;
      const path = index.path(position);
      if (!wanted(path, number)) continue;
      const entry = index.at(position);
      let source: DataSource | Promise<DataSource> | undefined;
      yield {
        entry,
        layer: number,
        isVisible: visible.has(path) && files.layerOf(path) === number,
        bytes: async (length, offset = 0) =>
          entry.size === 0 ? new Uint8Array(0) : readDataRange(await (source ??= layer.data(entry)), entry.size, offset, length),
      };
    }
  }
}
