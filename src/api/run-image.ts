/** `runImage`: a container of an image, in the foreground. */
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { createSandbox, sweepSandboxes } from "../engine/index.ts";
import { type DecantError, usageError } from "../errors.ts";
import { callbackFailed } from "./callbacks.ts";
import { loadImage } from "../image/index.ts";
import { layerTree, loadLayers, unpackLayers } from "../tree/index.ts";
import { openSession } from "../context/index.ts";
import { given } from "../given.ts";
import { RUN } from "./options/images.ts";
import { checkOptions } from "./options/shape.ts";
import type { RunImageOptions, RunningContainer } from "./types.ts";

/** Starts a container of a local image. Its files live as long as it does. Throws `IMAGE_NOT_FOUND`, `RUNTIME*`, `RUN_USER`, `PRIVILEGE`, `USAGE`. */
export async function runImage(options: RunImageOptions): Promise<RunningContainer> {
  checkOptions(RUN, options);
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await openSession(options));
  const { store } = session;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const image = await loadImage(store, options.image, session.platform);
  const config = image.config.config ?? {};
  const args = commandOf(options, config.Entrypoint ?? [], config.Cmd ?? []);
  const layers = await loadLayers(image.layers, signal);
  const lowers = await unpackLayers(store, layers, signal);

  const stateDir = join(store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const scratch = stack.use(await store.scratch());
  const sandbox = stack.use(createSandbox({ stateDir, runtime: options.runtime ?? "auto", env: session.env }));
  const id = randomUUID();
  const { onOutput } = options;
  const running = sandbox.run({
    id,
    lowers,
    upper: join(scratch.path, "upper"),
    root: layerTree(layers),
    args,
    env: mergedEnvironment(config.Env ?? [], options.environment ?? []),
    cwd: options.workdir ?? (config.WorkingDir === undefined || config.WorkingDir === "" ? "/" : config.WorkingDir),
    user: options.user ?? config.User ?? "",
    hostname: id.slice(0, 12),
    network: options.network ?? "host",
    mounts: [],
    readOnlyRoot: options.readOnly ?? false,
    ...given({ stopSignal: config.StopSignal }),
    onOutput: guarded(onOutput, (reason) => stop.abort(reason)),
    ...(onOutput === undefined ? { stdin: "inherit", output: "inherit" } : {}),
    signal,
  });
  const resources = stack.move();
  const exit = running.then(({ exitCode }) => exitCode);
  exit.catch(() => undefined);
  return {
    kill: (name) => void sandbox.kill(id, name),
    exit,
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("The container was disposed", "AbortError"));
      await running.catch(() => undefined);
      await resources.disposeAsync();
    },
  };
}

type OnOutput = NonNullable<RunImageOptions["onOutput"]>;

/** What the caller's function throws ends the container, and `exit` rejects with it: nobody else could catch it. */
function guarded(onOutput: OnOutput | undefined, end: (reason: DecantError) => void): OnOutput {
  let failed = false;
  return (stream, chunk) => {
    if (failed) return;
    try {
      onOutput?.(stream, chunk);
    } catch (cause) {
      failed = true;
      end(callbackFailed("onOutput", cause));
    }
  };
}

/** Entrypoint and arguments as docker run joins them: `--entrypoint` drops the image's CMD. */
function commandOf(options: RunImageOptions, entrypoint: readonly string[], cmd: readonly string[]): string[] {
  const own = options.entrypoint === undefined ? entrypoint : options.entrypoint === "" ? [] : [options.entrypoint];
  const rest = options.args ?? (options.entrypoint === undefined ? cmd : []);
  const args = [...own, ...rest];
  if (args.length === 0)
    throw usageError(`Cannot run "${options.image}": it has neither ENTRYPOINT nor CMD`, "Name a command after the image");
  return args;
}

function mergedEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const line of [...image, ...own]) merged.set(line.split("=", 1)[0] ?? line, line);
  return [...merged.values()];
}
