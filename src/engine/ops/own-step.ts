/** Work that a step needs first and that may be long is a step of its own, so that its time is told and the step itself only waits. */
import { InternalError } from "../../errors.ts";
import type { Vertex } from "../../graph/index.ts";
import { step } from "../../step.ts";
import { startProgress } from "../../transfer.ts";
import { type Entry, type Layer, type LayerIndex, type LayerItem, writeLayer } from "../../tree/index.ts";
import type { EngineContext } from "../types.ts";

/** Less than this takes no time that anybody would see. */
const MANY_ENTRIES = 1000;
const MANY_BYTES = 16 * 1024 * 1024;

/** `unpackLayers` for a vertex. */
export async function unpackedFor(
  { id, meta }: Vertex,
  layers: readonly Layer[],
  { emit, sandbox }: Pick<EngineContext, "emit" | "sandbox">,
  signal: AbortSignal,
): Promise<string[]> {
  const { files } = await sandbox();
  return await files.unpack(layers, {
    signal,
    around(missing, unpack) {
      const [first] = missing;
      if (first === undefined) throw new InternalError("there is nothing to unpack");
      if (!isMuch(missing.map(({ index }) => entriesOf(index)))) return unpack();
      const vertex = `unpack ${first.id} for ${id}`;
      const progress = new Map(
        missing.map((layer) => [layer.id, startProgress(emit, { vertex, id: layer.id, action: "unpack", totalBytes: bytesOf(layer) })]),
      );
      return step(emit, { vertex, name: `[internal] unpack layers for ${meta.name}` }, signal, async () => {
        const paths = await unpack((layer, bytes) => progress.get(layer.id)?.at(bytes));
        for (const { end } of progress.values()) end();
        return paths;
      });
    },
  });
}

/** `writeLayer` for a vertex: a layer that takes a while to write is a transfer of it. */
export async function writtenFor(
  { id: vertex }: Vertex,
  items: Iterable<LayerItem> | AsyncIterable<LayerItem>,
  { store, emit }: Pick<EngineContext, "store" | "emit">,
  signal: AbortSignal,
): Promise<Layer> {
  const progress = startProgress(emit, { vertex, id: "the layer", action: "write" });
  const layer = await writeLayer(store, items, { signal, onProgress: (bytes) => (bytes < MANY_BYTES ? undefined : progress.at(bytes)) });
  progress.end();
  return layer;
}

/** Copies files of the context for a vertex that mounts them. */
export async function copiedFor<Result>(
  { id, meta }: Vertex,
  files: { readonly name: string; readonly entries: Iterable<Entry> },
  { emit }: Pick<EngineContext, "emit">,
  signal: AbortSignal,
  copy: () => Promise<Result>,
): Promise<Result> {
  if (!isMuch([files.entries])) return await copy();
  return await step(emit, { vertex: `${files.name} for ${id}`, name: `[internal] copy ${files.name} for ${meta.name}` }, signal, copy);
}

function isMuch(parts: readonly Iterable<Entry>[]): boolean {
  let entries = 0;
  let bytes = 0;
  for (const part of parts) {
    for (const { size } of part) {
      entries += 1;
      bytes += size;
      if (entries >= MANY_ENTRIES || bytes >= MANY_BYTES) return true;
    }
  }
  return false;
}

function bytesOf({ index }: Layer): number {
  let bytes = 0;
  for (const { kind, size } of entriesOf(index)) if (kind === "file") bytes += size;
  return bytes;
}

function* entriesOf(index: LayerIndex): Generator<Entry> {
  for (let position = 0; position < index.count; position += 1) yield index.at(position);
}
