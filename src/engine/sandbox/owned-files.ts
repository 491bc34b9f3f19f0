/**
 * Work on files that have owners: layers as directories, and what steps changed. Root does it here; without root, the helper process does it, which
 * has the ids (`helper-files.ts`).
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { makeFolders } from "../../sys/index.ts";
import {
  copyPart,
  type Layer,
  layerFromMemory,
  layerFromUpper,
  layerTree,
  type UnpackLayersOptions,
  unpackLayers,
} from "../../tree/index.ts";

/** See above. */
export interface OwnedFiles {
  /** As `unpackLayers`. */
  unpack(layers: readonly Layer[], options?: UnpackLayersOptions): Promise<string[]>;
  /** A new directory for what a step changes. */
  stage(): Promise<StagedChanges>;
  /** Writes what is at `path` of these layers to `folder`/`name`, with its owners. */
  copy(layers: readonly Layer[], path: TreePath, to: CopyTarget, signal: AbortSignal): Promise<void>;
}

/** Where a copy goes. */
interface CopyTarget {
  readonly folder: string;
  readonly name: string;
}

/** Holds what a step changes until it is disposed. */
export interface StagedChanges extends AsyncDisposable {
  /** The `upper` of the step. */
  readonly path: string;
  /** The store is on an overlay, which can hold none. */
  readonly inMemory: boolean;
  /**
   * Makes a layer of what is there. `lower`: what the step ran on. `missing`: directories that it has besides. Throws as `layerFromUpper`.
   */
  keep(lower: readonly Layer[], missing: readonly string[], signal: AbortSignal): Promise<Layer>;
}

/** A directory in memory, gone when it is disposed. */
export interface MemoryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Does the work in this process. `memory`: gives a folder where the store cannot hold changes. */
export function ownFiles(store: Store, memory: () => Promise<MemoryFolder | undefined>): OwnedFiles {
  return {
    unpack: (layers, options) => unpackLayers(store, layers, options),
    async stage() {
      const folder = await memory();
      const staged = folder === undefined ? await store.dirs.create("layer-fs") : undefined;
      const { path } = folder ?? staged ?? { path: "" };
      return {
        path,
        inMemory: folder !== undefined,
        async keep(lower, missing, signal) {
          makeMissing(path, missing);
          const tree = layerTree(lower);
          return staged === undefined
            ? await layerFromMemory(store, path, tree, signal)
            : await layerFromUpper(store, staged, tree, signal);
        },
        async [Symbol.asyncDispose]() {
          await (folder ?? staged)?.[Symbol.asyncDispose]();
        },
      };
    },
    copy: (layers, path, { folder, name }, signal) => copyPart(layerTree(layers), path, folder, { name, signal }),
  };
}

/** Mount points that BuildKit leaves to the runtime to make stay in the layer (rule S104). */
function makeMissing(upper: string, missing: readonly string[]): void {
  for (const name of missing) {
    makeFolders(join(upper, name));
    chmodSync(join(upper, name), 0o755);
  }
}
