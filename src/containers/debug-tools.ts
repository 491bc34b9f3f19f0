/** An image with a shell and tools over it, for a look at what has none. The image itself stays as it is: the tools are one more layer. */
import { entryAt, isProgram, pathFiles, processPlace, programPaths } from "../facts/index.ts";
import { keptLayer } from "../distroless/index.ts";
import { type ContainerConfig, DEFAULT_PATH, environmentValue } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { type Layer, layerTree, writeLayer } from "../tree/index.ts";
import { mergedEnvironment } from "./command-line.ts";
import { noShell } from "./errors.ts";
import { missingTools } from "./merge-tools.ts";
import type { DebugTools } from "./types.ts";

/** What of an image a container is made of. */
interface Contents {
  readonly config: ContainerConfig;
  readonly layers: readonly Layer[];
}

/** Part of the layers' key: another number for other files of the same images. */
const FORMAT = "debug-tools 1";
const SHELLS = ["bash", "sh"];

/**
 * The image with what it lacks of the tools: PATH has the folders of both, the entry point is a shell, and CMD is empty. Throws `USAGE` for tools without
 * a shell.
 */
export async function withDebugTools(store: Store, image: Contents, tools: DebugTools, signal: AbortSignal): Promise<Contents> {
  const ids = [image.layers, tools.layers].map((layers) => layers.map(({ id }) => id).join(" "));
  const layer = await keptLayer(store, [FORMAT, ...ids], async () =>
    writeLayer(store, await missingTools(layerTree(image.layers), layerTree(tools.layers), signal), { signal }),
  );
  const layers = [...image.layers, layer];
  const folders = [image.config, tools.config].flatMap(({ Env }) => (environmentValue(Env, "PATH") ?? DEFAULT_PATH).split(":"));
  const config = {
    ...image.config,
    Env: mergedEnvironment(image.config.Env ?? [], [`PATH=${[...new Set(folders)].join(":")}`]),
  };
  const files = pathFiles(layerTree(layers));
  const shell = SHELLS.flatMap((name) => programPaths(name, processPlace(config))).find((path) => isProgram(entryAt(files, path)));
  if (shell === undefined) throw noShell(tools.name);
  return { layers, config: { ...config, Entrypoint: [shell], Cmd: [] } };
}
