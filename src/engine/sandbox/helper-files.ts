/** The helper's work on files that have owners, by calls of the builder (`owned-files.ts`). */
import { rmSync } from "node:fs";
import { mkdirSync } from "node:fs";
import type { Digest } from "../../digest.ts";
import { InternalError } from "../../errors.ts";
import type { Store } from "../../store/index.ts";
import { isOnOverlay } from "../../sys/index.ts";
import { type Layer, layerTar, openLayer } from "../../tree/index.ts";
import { type OwnedFiles, ownFiles, type StagedChanges } from "./owned-files.ts";
import type { FilesCall } from "./worker-protocol.ts";

/** Answers calls. Disposing gives back what was staged, and the store. */
export interface HelperFiles extends AsyncDisposable {
  call(call: FilesCall, signal: AbortSignal, onProgress: (layer: string, bytes: number) => void): Promise<unknown>;
}

/** `privateDir`: a tmpfs. */
export function createHelperFiles(store: Store, privateDir: string): HelperFiles {
  let last = 0;
  const files: OwnedFiles = ownFiles(store, () => {
    if (!isOnOverlay(store.root)) return Promise.resolve(undefined);
    last += 1;
    const path = `${privateDir}/changes-${last}`;
    mkdirSync(path, { mode: 0o755 });
    const remove = (): Promise<void> => Promise.resolve(rmSync(path, { recursive: true, force: true }));
    return Promise.resolve({ path, [Symbol.asyncDispose]: remove });
  });
  const staged = new Map<string, StagedChanges>();
  const opened = (ids: readonly Digest[]): Layer[] =>
    ids.map((id) => {
      const layer = openLayer(store, id);
      if (layer === undefined) throw new InternalError(`the helper does not find layer ${id}`);
      return layer;
    });
  const taken = (folder: string): StagedChanges => {
    const found = staged.get(folder);
    if (found === undefined) throw new InternalError(`the helper does not know "${folder}"`);
    staged.delete(folder);
    return found;
  };
  return {
    async call(call, signal, onProgress) {
      switch (call.kind) {
        case "unpack":
          return await files.unpack(opened(call.layers), {
            signal,
            around: (_, unpack) => unpack((layer, bytes) => onProgress(layer.id, bytes)),
          });
        case "stage": {
          const changes = await files.stage();
          staged.set(changes.path, changes);
          return { path: changes.path, inMemory: changes.inMemory };
        }
        case "keep": {
          await using changes = taken(call.folder);
          const layer = await changes.keep(opened(call.lower), call.missing, signal);
          // Who has no ids reads the layer from its tar: not all files of the directory are open to him.
          await layerTar(store, layer, signal);
          return layer.id;
        }
        case "drop":
          await taken(call.folder)[Symbol.asyncDispose]();
          return undefined;
        case "copy":
          await files.copy(opened(call.layers), call.path, call, signal);
          return undefined;
        default:
          return call satisfies never;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const [, changes] of staged) await changes[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
