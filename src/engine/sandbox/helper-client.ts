/**
 * The builder's side of the helper process, where this process may not make mounts itself: starts it in a user namespace, joins requests and
 * answers, and ends it. It takes the place of the worker thread (`worker-client.ts`).
 */
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Digest } from "../../digest.ts";
import { InternalError, isDecantError } from "../../errors.ts";
import type { Store } from "../../store/index.ts";
import { type IdMaps, isRootHere, makeFolders, type NamespaceProcess, type Pipe, startInUserNamespace } from "../../sys/index.ts";
import { type Layer, layersToUnpack, type OnUnpacked, openLayer, type UnpackLayersOptions } from "../../tree/index.ts";
import { noNamespace, noProc } from "./errors.ts";
import type { OwnedFiles } from "./owned-files.ts";
import type { Stopping } from "./process-control.ts";
import { errorOf, insideRequest, layersPlace, type RuntimeExit, type StepControl, type WorkerClient } from "./worker-client.ts";
import type { LayersTrial } from "./try-layers.ts";
import type { FilesCall, FromHelper, HelperData, ToHelper } from "./worker-protocol.ts";

/** The helper as a place for steps, and for work on files. */
interface HelperClient extends WorkerClient {
  readonly files: OwnedFiles;
  readonly ids: IdMaps;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly started?: (control: StepControl) => void;
  readonly onUnpacked?: ((layer: string, bytes: number) => void) | undefined;
  readonly stopping: { standsFor: number | undefined }[];
}

/** Starts the helper. `privateDir` is made, and stays empty for everybody else. Throws `PRIVILEGE`, `SYSCALL`, `NOT_FOUND`. */
export async function startHelper(privateDir: string, store: Store | undefined): Promise<HelperClient> {
  makeFolders(privateDir, { mode: 0o700 });
  const program = await startInUserNamespace({ argv: [process.execPath, "--max-semi-space-size=8", helperPath()], messages: true }).catch(
    (error: unknown) => {
      throw isDecantError(error, "PRIVILEGE") ? noNamespace(isRootHere(), error) : error;
    },
  );
  const calls = createCalls(program);
  const data: HelperData = { type: "start", privateDir, storeRoot: store?.root };
  program.send(data);
  try {
    await calls.ready;
  } catch (error) {
    program.kill();
    await program.exit;
    throw isDecantError(error, "SYSCALL") && /\bmount proc\b/.test(error.message) ? noProc(error) : error;
  }
  program.unref();
  const root = `/proc/${program.pid}/root`;
  const insideDir = `${root}${privateDir}`;
  let networks = 0;
  /** The helper has no /proc of ours. */
  const inside = (path: string): string => (path.startsWith(`${root}/`) ? path.slice(root.length) : path);
  return {
    insideDir,
    inUserNamespace: true,
    async makeNetwork() {
      networks += 1;
      const inside = `${privateDir}/network-${networks}`;
      await calls.ask((request) => ({ type: "network", request, path: inside }));
      return { path: root + inside, inside, users: `/proc/${program.pid}/ns/user` };
    },
    async tryLayers(wanted) {
      const place = layersPlace(wanted, inside, privateDir);
      return (await calls.ask((request) => ({ type: "layers", request, place }))) as LayersTrial;
    },
    ids: program.ids,
    files: helperFiles(store, calls, root),
    async openPipes() {
      const value = await calls.ask((request) => ({ type: "pipes", request }));
      return openedPipes(program, value as readonly [number, number, number, number]);
    },
    async run(request, started) {
      const value = await calls.ask((number) => ({ ...insideRequest(request, inside), type: "run", request: number }), { started });
      return value as RuntimeExit;
    },
    async [Symbol.asyncDispose]() {
      program.ref();
      program.disconnect();
      await program.exit;
    },
  };
}

interface AskOptions {
  readonly started?: (control: StepControl) => void;
  readonly onUnpacked?: ((layer: string, bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests and their answers. */
interface Calls {
  readonly ready: Promise<void>;
  ask(message: (request: number) => ToHelper, options?: AskOptions): Promise<unknown>;
}

function createCalls(program: NamespaceProcess): Calls {
  const pending = new Map<number, Pending>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  let last = 0;
  let gone: unknown;
  const fail = (error: unknown): void => {
    gone = error;
    ready.reject(error);
    for (const [, { reject }] of pending) reject(error);
    pending.clear();
  };
  const settle = (request: number): Pending | undefined => {
    const found = pending.get(request);
    pending.delete(request);
    if (pending.size === 0) program.unref();
    return found;
  };
  void program.exit.then(({ exitCode, signal }) =>
    fail(new InternalError(`the helper process ended (${signal ?? `exit code ${exitCode ?? "unknown"}`})`)),
  );
  program.onMessage((value) => {
    // The boundary: our own helper sent it.
    const message = value as FromHelper;
    switch (message.type) {
      case "ready":
        ready.resolve();
        return;
      case "broken":
        fail(errorOf(message.failure));
        return;
      case "started":
        pending.get(message.request)?.started?.(controlOf(program, message.request, pending.get(message.request)));
        return;
      case "pipes":
        settle(message.request)?.resolve(message.descriptors);
        return;
      case "progress":
        pending.get(message.request)?.onUnpacked?.(message.layer, message.bytes);
        return;
      case "done":
        settle(message.request)?.resolve(message.value);
        return;
      case "ended": {
        const found = settle(message.request);
        for (const each of found?.stopping ?? []) each.standsFor = message.standsFor;
        found?.resolve(message);
        return;
      }
      case "failed":
        settle(message.request)?.reject(errorOf(message.failure));
        return;
      default:
        message satisfies never;
    }
  });
  return {
    ready: ready.promise,
    async ask(message, { signal, ...options } = {}) {
      signal?.throwIfAborted();
      if (gone !== undefined) throw gone;
      last += 1;
      const request = last;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      pending.set(request, { ...options, resolve, reject, stopping: [] });
      program.ref();
      program.send(message(request));
      const abort = (): void => program.send({ type: "abort", request });
      signal?.addEventListener("abort", abort, { once: true });
      try {
        return await promise;
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
  };
}

function controlOf(program: NamespaceProcess, request: number, pending: Pending | undefined): StepControl {
  return {
    signal(name) {
      program.send({ type: "signal", request, signal: name });
      return true;
    },
    stop(how): Stopping {
      const state: { standsFor: number | undefined } = { standsFor: undefined };
      pending?.stopping.push(state);
      program.send({ type: "stop", request, how });
      return {
        get standsFor() {
          return state.standsFor;
        },
        // The helper stops to do so when the step has ended.
        [Symbol.dispose]() {},
      };
    },
  };
}

/** The ends for reading are opened here, by /proc; the helper closes its own, and those for writing when a step has them. */
function openedPipes(
  program: NamespaceProcess,
  [outRead, outWrite, errRead, errWrite]: readonly [number, number, number, number],
): [Pipe, Pipe] {
  const pipes = [
    [outRead, outWrite],
    [errRead, errWrite],
  ].map(([read = -1, write = -1]): Pipe => {
    const fd = openSync(`/proc/${program.pid}/fd/${read}`, "r");
    let isOpen = true;
    const closeRead = (): void => {
      if (isOpen) closeSync(fd);
      isOpen = false;
    };
    return { read: fd, write, closeRead, closeWrite() {}, [Symbol.dispose]: closeRead };
  });
  program.send({ type: "close-descriptors", descriptors: [outRead, errRead] });
  const [out, err] = pipes;
  if (out === undefined || err === undefined) throw new InternalError("two pipes are fewer than two");
  return [out, err];
}

function helperFiles(store: Store | undefined, calls: Calls, root: string): OwnedFiles {
  const ask = (call: FilesCall, options: AskOptions = {}): Promise<unknown> =>
    calls.ask((request) => ({ type: "files", request, call }), options);
  const idsOf = (layers: readonly Layer[]): Digest[] => layers.map(({ id }) => id);
  return {
    async unpack(layers, { signal, around = (_, unpack) => unpack() }: UnpackLayersOptions = {}) {
      const missing = store === undefined ? [] : layersToUnpack(store, layers);
      const unpack = async (onProgress?: OnUnpacked): Promise<string[]> => {
        const byId = new Map(missing.map((layer) => [String(layer.id), layer]));
        const onUnpacked = (id: string, bytes: number): void => {
          const layer = byId.get(id);
          if (layer !== undefined) onProgress?.(layer, bytes);
        };
        return (await ask({ kind: "unpack", layers: idsOf(layers) }, { signal, onUnpacked })) as string[];
      };
      return missing.length === 0 ? await unpack() : await around(missing, unpack);
    },
    async stage() {
      const { path: folder, inMemory } = (await ask({ kind: "stage" })) as { readonly path: string; readonly inMemory: boolean };
      let isKept = false;
      return {
        path: inMemory ? root + folder : folder,
        inMemory,
        async keep(lower, missing, signal) {
          isKept = true;
          const id = await ask({ kind: "keep", folder, lower: idsOf(lower), missing }, { signal });
          const layer = store === undefined ? undefined : openLayer(store, id as Digest);
          if (layer === undefined) throw new InternalError(`the helper's layer ${String(id)} is not in the store`);
          return layer;
        },
        async [Symbol.asyncDispose]() {
          if (!isKept) await ask({ kind: "drop", folder });
        },
      };
    },
    async copy(layers, path, { folder, name }, signal) {
      await ask({ kind: "copy", layers: idsOf(layers), path, folder, name }, { signal });
    },
  };
}

/** Beside this file: as source, as compiled library, and beside the bundled command, for which scripts/bundle.ts emits it too. */
function helperPath(): string {
  return fileURLToPath(new URL(`./helper-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url));
}
