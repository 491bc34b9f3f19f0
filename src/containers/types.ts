/** What a container is asked to be, and what others see of it. */
import type { SandboxResources, SandboxUlimit } from "../engine/index.ts";
import type { ContainerConfig } from "../oci/index.ts";
import type { Layer } from "../tree/index.ts";

/** Something that a container sees besides its image. `target`: an absolute path of the container. */
export type ContainerMount =
  /** A file or folder of this machine; relative to the working directory. */
  | { readonly kind: "bind"; readonly source: string; readonly target: string; readonly readOnly?: boolean | undefined }
  /** Memory. Default: half of this machine's, mode 1777, no programs. */
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly?: boolean | undefined;
      readonly sizeBytes?: number | undefined;
      readonly mode?: number | undefined;
      readonly exec?: boolean | undefined;
    }
  /** A folder of its own, which begins as what the image has there, and goes with the container. */
  | { readonly kind: "volume"; readonly target: string };

/** A device file for a container. */
export interface ContainerDevice {
  /** On this machine. */
  readonly source: string;
  /** In the container. Default: `source`. */
  readonly target?: string | undefined;
  /** Letters of "rwm". Default all. */
  readonly access?: string | undefined;
}

/** A port of this machine that leads to one of a container. */
export interface PortMapping {
  /** The address to listen at. Default: all of this machine. */
  readonly hostIp?: string | undefined;
  /** Default: a free one. */
  readonly hostPort?: number | undefined;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** One whose port of this machine is known. */
export interface PublishedPort extends PortMapping {
  readonly hostPort: number;
}

/** Options of a container: as docker run, what is supported. */
export interface ContainerOptions {
  readonly image: string;
  /** Which of an index's images. Default: that for this machine. Programs for another processor need an emulator. */
  readonly platform?: string | undefined;
  /** Replaces Cmd. */
  readonly args?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  /** `KEY=VALUE` lines, over those of the image. */
  readonly environment?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Default "host", and with published ports a network of its own behind this machine. */
  readonly network?: "host" | "none" | undefined;
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  readonly readOnly?: boolean | undefined;
  /** What `ps` shows and `stop` takes besides the ID. */
  readonly name?: string | undefined;
  /** Default: the first 12 digits of the ID. */
  readonly hostname?: string | undefined;
  readonly mounts?: readonly ContainerMount[] | undefined;
  /** Lines of /etc/hosts. */
  readonly addHosts?: readonly { readonly host: string; readonly ip: string }[] | undefined;
  readonly ulimits?: readonly SandboxUlimit[] | undefined;
  /** Default 64 MiB. */
  readonly shmSizeBytes?: number | undefined;
  /** Ports of this machine that lead to ports of the container. Needs pasta or slirp4netns. Default: none. */
  readonly ports?: readonly PortMapping[] | undefined;
  /** Publishes what the image exposes, too, at free ports. Default false. */
  readonly publishAll?: boolean | undefined;
  /** What it may use. Default: no limits. */
  readonly resources?: SandboxResources | undefined;
  readonly devices?: readonly ContainerDevice[] | undefined;
  /** Besides docker's default set, or without parts of it: "NET_ADMIN", "ALL". */
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  /** setuid programs gain nothing. Default false. */
  readonly noNewPrivileges?: boolean | undefined;
  /** All capabilities, all devices, no seccomp filter, nothing masked. Default false. */
  readonly privileged?: boolean | undefined;
  /** A terminal of its own, joined to that of this process. Needs one as standard input, and no `onOutput`. Default false. */
  readonly terminal?: boolean | undefined;
  /** Runs an init of this machine (tini, catatonit) as first process: it passes signals on, and buries orphans. Default false. */
  readonly init?: boolean | undefined;
  /** What asks it to end: "SIGQUIT", "QUIT" or "3". Default: the image's, else SIGTERM. */
  readonly stopSignal?: string | undefined;
  /** How long it may take to end, in milliseconds; Infinity: for ever. Default 10,000. */
  readonly stopTimeoutMs?: number | undefined;
  /** Where output goes: "inherit" (default) or callbacks. */
  readonly onOutput?: ((stream: "stdout" | "stderr", chunk: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A shell and tools for a look at an image that has none. */
export interface DebugTools {
  /** As it was named. */
  readonly name: string;
  readonly config: ContainerConfig;
  readonly layers: readonly Layer[];
}

/** How a container is asked to end, where not as it was told when it began. */
export interface StopOptions {
  /** "SIGTERM", "TERM" or "15". */
  readonly signal?: string | undefined;
  /** From the signal to SIGKILL, in milliseconds; 0: SIGKILL at once. Infinity: never. */
  readonly timeoutMs?: number | undefined;
}

/** A running container. */
export interface RunningContainer extends AsyncDisposable {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Its published ports. */
  readonly ports: readonly PublishedPort[];
  /** Sends a signal to its first process, e.g. "SIGTERM". Throws `USAGE` for a signal that does not exist. */
  kill(signal: string): void;
  /**
   * Asks it to end: by the signal, and by SIGKILL after the time. A first process that neither handles nor ignores the signal ends at once, as any
   * other process would. Of several calls, the most impatient counts. Throws `USAGE` for a signal that does not exist.
   */
  stop(options?: StopOptions): void;
  /** The exit code, 128 + n for a signal. */
  readonly exit: Promise<number>;
}

/** One line of `decant ps`. */
export interface ContainerSummary {
  readonly id: string;
  /** Empty where it has none. */
  readonly name: string;
  /** As it was named. */
  readonly image: string;
  readonly command: readonly string[];
  /** Absent where none is published. */
  readonly ports?: readonly PublishedPort[] | undefined;
  /** RFC 3339. */
  readonly created: string;
}
