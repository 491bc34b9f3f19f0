/**
 * Finds the daemon that `--load` means: the one that the environment names, else the first that answers at a usual place. One that is named and does
 * not answer is never replaced by another.
 */
import { existsSync } from "node:fs";
import { homeDirectory } from "../home-directory.ts";
import { DecantError } from "../errors.ts";
import { openContainerd } from "./containerd.ts";
import { openDockerDaemon } from "./docker-daemon.ts";
import { chosenEndpoint, endpointOf, type EndpointOptions, type Environment } from "./docker-endpoint.ts";
import { daemonError } from "./errors.ts";
import type { DaemonPlace } from "../net/index.ts";
import type { Daemon, LoadTarget } from "./types.ts";

/** Which daemon is wanted. */
interface FindDaemonOptions extends EndpointOptions {
  /** Default: DECANT_LOAD of `env`, else "auto". */
  readonly into?: LoadTarget | undefined;
  readonly signal: AbortSignal;
}

/** A daemon, or why there is none. */
type FoundDaemon = { readonly daemon: Daemon } | { readonly daemon?: never; readonly why: string };

const TARGETS: readonly LoadTarget[] = ["auto", "docker", "podman", "containerd", "store"];
const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** The target that a text means; undefined for none. */
export function loadTargetOf(text: string): LoadTarget | undefined {
  return TARGETS.find((target) => target === text);
}

/** Looks for it, in a few milliseconds. Throws `EXPORT` when one is demanded that does not answer, `USAGE` and `CONFIG_FILE` for settings. */
export async function findDaemon(options: FindDaemonOptions): Promise<FoundDaemon> {
  const { env, context } = options;
  const into = options.into ?? targetOfEnvironment(env);
  if (into === "store") return { why: "as DECANT_LOAD or the option says" };
  const isDemanded = into !== "auto" || context !== undefined;
  const kinds = into === "auto" ? (context === undefined ? (["docker", "podman", "containerd"] as const) : (["docker"] as const)) : [into];
  for (const kind of kinds) {
    const place = await placesOf(kind, options);
    for (const address of place.addresses) {
      const daemon = await place.open(address);
      if (daemon !== undefined) return { daemon };
    }
    const [named] = place.isNamed ? place.addresses : [];
    if (named !== undefined && !isDemanded) return { why: `nobody answers at ${named}` };
    if (isDemanded) throw noAnswer(kind, place.addresses);
  }
  return { why: "no Docker, Podman or containerd answers" };
}

/** Where daemons of one kind may be. */
interface Places {
  /** The user said so. */
  readonly isNamed: boolean;
  readonly addresses: readonly string[];
  open(address: string): Promise<Daemon | undefined>;
}

async function placesOf(kind: "docker" | "podman" | "containerd", options: FindDaemonOptions): Promise<Places> {
  const { env, signal } = options;
  if (kind === "containerd") {
    const named = env["CONTAINERD_ADDRESS"] ?? "";
    return {
      isNamed: named !== "",
      addresses: [named === "" ? CONTAINERD_SOCKET : named.replace(/^unix:\/\//, "")],
      open: (path) => openContainerd(path, env, signal),
    };
  }
  const chosen = kind === "docker" ? await chosenEndpoint(options) : podmanEndpoint(env);
  if (chosen !== undefined) return { isNamed: true, addresses: [chosen.address], open: () => openDockerDaemon(chosen, signal) };
  return {
    isNamed: false,
    addresses: (kind === "docker" ? dockerSockets(options) : podmanSockets(env)).map((path) => `unix://${path}`),
    open: (address) => openDockerDaemon(endpointOf(address, "the usual place"), signal),
  };
}

/** Where Docker's daemon is: the one that the user has chosen, else the first usual socket that is there. Throws as `chosenEndpoint`. */
export async function dockerEndpoint(options: EndpointOptions): Promise<DaemonPlace> {
  const chosen = await chosenEndpoint(options);
  if (chosen !== undefined) return chosen.place;
  const sockets = dockerSockets(options);
  return { socketPath: sockets.find((path) => existsSync(path)) ?? sockets[0] ?? "" };
}

function podmanEndpoint(env: Environment): ReturnType<typeof endpointOf> | undefined {
  const host = env["CONTAINER_HOST"] ?? "";
  return host === "" ? undefined : endpointOf(host, "CONTAINER_HOST");
}

function dockerSockets({ env, homeDir = homeDirectory() }: EndpointOptions): string[] {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return ["/var/run/docker.sock", ...(runtime === "" ? [] : [`${runtime}/docker.sock`]), `${homeDir}/.docker/run/docker.sock`];
}

function podmanSockets(env: Environment): string[] {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return [...(runtime === "" ? [] : [`${runtime}/podman/podman.sock`]), "/run/podman/podman.sock"];
}

function targetOfEnvironment(env: Environment): LoadTarget {
  const text = env["DECANT_LOAD"] ?? "";
  const target = text === "" ? "auto" : loadTargetOf(text);
  if (target !== undefined) return target;
  throw new DecantError("USAGE", `Cannot use DECANT_LOAD "${text}": wanted ${TARGETS.join(", ")}`);
}

function noAnswer(kind: "docker" | "podman" | "containerd", addresses: readonly string[]): DecantError {
  const name = { docker: "Docker", podman: "Podman", containerd: "containerd" }[kind];
  return daemonError(name, `nobody answers at ${addresses.join(", ")}`, { hint: "Start it, or use --load=store for Decant's own store" });
}
