/** From an image of the store and what a container is asked to be to what the sandbox runs. */
import { platformOf, type Session } from "../context/index.ts";
import { emulationOf, isHarmlessDevice, type Sandbox, type SandboxMount, type SandboxStep } from "../engine/index.ts";
import { given } from "../given.ts";
import { loadImage } from "../image/index.ts";
import type { ContainerConfig, Platform } from "../oci/index.ts";
import { deviceFiles, type Layer, layerTree, loadLayers, type Tree } from "../tree/index.ts";
import { mergedEnvironment } from "./command-line.ts";
import { withDebugTools } from "./debug-tools.ts";
import { containerDevices } from "./devices.ts";
import { INIT_PATH } from "./init.ts";
import { containerMounts } from "./mounts.ts";
import type { ContainerOptions, DebugTools } from "./types.ts";

/** An image of the store. */
interface OpenedImage {
  readonly config: ContainerConfig;
  readonly layers: readonly Layer[];
  /** What its programs are for. */
  readonly platform: Platform;
}

/** An image whose files can be run. */
interface UnpackedImage extends OpenedImage {
  readonly lowers: readonly string[];
  readonly root: Tree;
}

/** What belongs to this start alone. */
interface StepOfStart {
  readonly id: string;
  readonly args: readonly string[];
  /** A program of this machine that is to be the first process. */
  readonly init: string | undefined;
  readonly mounts: readonly SandboxMount[];
  /** What changes is there. */
  readonly upper: string;
  readonly stopSignal: string;
  /** A network of its own; undefined: it has none. */
  readonly network: Pick<SandboxStep, "networkPath" | "nameserver"> | undefined;
  readonly signal: AbortSignal;
}

/** Opens an image, with `tools` over it. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, `USAGE`. */
export async function openImage(
  session: Session,
  { image: name, platform }: Pick<ContainerOptions, "image" | "platform">,
  { tools, signal }: { readonly tools: DebugTools | undefined; readonly signal: AbortSignal },
): Promise<OpenedImage> {
  const image = await loadImage(session.store, name, platformOf(session, platform));
  const layers = await loadLayers(image.layers, signal);
  const own = { config: image.config.config ?? {}, layers, platform: image.config };
  return tools === undefined ? own : { ...own, ...(await withDebugTools(session.store, own, tools, signal)) };
}

/** Unpacks its layers. Throws what unpacking throws. */
export async function unpackImage(image: OpenedImage, { files }: Pick<Sandbox, "files">, signal: AbortSignal): Promise<UnpackedImage> {
  return { ...image, lowers: await files.unpack(image.layers, { signal }), root: layerTree(image.layers) };
}

/** Its mounts: those asked for, volumes of the image, and an emulator that its root must have. Throws `USAGE`, `NOT_FOUND`. */
export async function mountsOf(options: ContainerOptions, { config, root, lowers, platform }: UnpackedImage): Promise<SandboxMount[]> {
  const wanted = await containerMounts(options.mounts ?? [], { image: { root, lowers }, volumes: Object.keys(config.Volumes ?? {}) });
  // Without an emulator the program may run all the same: what an image says of itself can be wrong.
  return [...((await emulationOf(platform))?.mounts ?? []), ...wanted];
}

/** The step. Throws `USAGE` and `NOT_FOUND` for devices. */
export function containerStep(options: ContainerOptions, image: UnpackedImage, start: StepOfStart): SandboxStep {
  const { config, layers, lowers, root } = image;
  const { id, args, init, upper, stopSignal, network, signal } = start;
  const { onOutput, addHosts: extraHosts, ulimits, shmSizeBytes } = options;
  const initMounts = init === undefined ? [] : [{ kind: "bind", source: init, target: INIT_PATH, readOnly: true } as const];
  return {
    id,
    lowers,
    upper,
    root,
    args: init === undefined ? args : [INIT_PATH, "--", ...args],
    env: mergedEnvironment(config.Env ?? [], options.environment ?? []),
    cwd: options.workdir ?? (config.WorkingDir === undefined || config.WorkingDir === "" ? "/" : config.WorkingDir),
    user: options.user ?? config.User ?? "",
    hostname: options.hostname ?? id.slice(0, 12),
    ...(network === undefined ? { network: options.network ?? "host" } : { network: "own", ...network }),
    mounts: [...start.mounts, ...initMounts],
    ...given({ extraHosts, ulimits, shmSizeBytes }),
    devices: containerDevices(options.devices ?? []),
    capabilities: { add: options.capAdd ?? [], drop: options.capDrop ?? [] },
    noNewPrivileges: options.noNewPrivileges ?? false,
    insecure: options.privileged ?? false,
    terminal: options.terminal ?? false,
    readOnlyRoot: options.readOnly ?? false,
    foreignDevices: !deviceFiles(layers).every(isHarmlessDevice),
    stopSignal,
    onOutput: onOutput ?? (() => undefined),
    ...(onOutput === undefined ? { stdin: "inherit", output: "inherit" } : {}),
    signal,
  };
}
