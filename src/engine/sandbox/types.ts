/** What a sandbox is asked to run, and what it says afterwards (rules S65-S69, S102-S107 of the Dockerfile reference). */
import type { DecantError } from "../../errors.ts";
import type { StepUsage } from "../../events.ts";
import type { TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import type { Tree } from "../../tree/index.ts";
import type { StopRequest } from "./process-control.ts";
import type { SandboxCgroup } from "./cgroup.ts";
import type { OwnedFiles } from "./owned-files.ts";
import type { LayersTrial } from "./try-layers.ts";
import type { Layering } from "./worker-protocol.ts";

/** Something that the step sees besides its root, for the step only. */
export type SandboxMount = MountPlace & (BindSource | OverlaySource | FileSource | TmpfsSource);

/** Where a mount goes. */
interface MountPlace {
  /** Absolute path in the image; symlinks of the image are followed, confined to its root. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Further mount options: "nosuid", "noexec", "nodev", "mode=0700", … */
  readonly options?: readonly string[];
}

/** A path of the host. */
interface BindSource {
  readonly kind: "bind";
  readonly source?: string;
  /** A path below `source` (in bytes form), whose symlinks are confined to it: for directories that steps can write to. Default: itself. */
  readonly selector?: string;
  /** The source is not a directory. Default: looked up. */
  readonly isFile?: boolean;
  /** Given to the source, by the ids of the step. Default: it stays whose it is. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** A path of stacked layers. What is written through a mount that is not read-only goes to `upper`. */
interface OverlaySource {
  readonly kind: "overlay";
  /** Directories in overlayfs form, bottom first; none: an empty directory. */
  readonly lowers: readonly string[];
  /** The merged view of `lowers`. */
  readonly tree: Tree;
  /** Path without symlinks. */
  readonly selector: TreePath;
  /** As that of the step, also on the file system. Absent: what is written is thrown away. */
  readonly upper?: string;
}

/** A file in memory: it never reaches a disk. */
interface FileSource {
  readonly kind: "file";
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Memory. */
interface TmpfsSource {
  readonly kind: "tmpfs";
  /** Default: half of the memory. */
  readonly sizeBytes?: number;
}

/** A limit of setrlimit(2), e.g. "nofile". */
export interface SandboxUlimit {
  /** Lower case, without "RLIMIT_". */
  readonly name: string;
  readonly soft: number;
  /** -1, as in `soft`: no limit. */
  readonly hard: number;
}

/** A device file of /dev. */
export interface SandboxDevice {
  readonly path: string;
  readonly type: "b" | "c" | "u" | "p";
  readonly major: number;
  readonly minor: number;
  /** Letters of "rwm", for runtimes that have a cgroup. */
  readonly access: string;
  /** Default 0666. */
  readonly fileMode?: number;
  /** Default: those of the step's user. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A program of the host that the runtime calls, as runtime-spec has it. */
export interface SandboxHook {
  readonly kind: "prestart" | "createRuntime" | "createContainer" | "startContainer" | "poststart" | "poststop";
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}

/** The network that a step is in. */
export type StepNetwork = "host" | "none" | "own";

/** A port of this machine that leads to one of the network of steps. */
export interface ForwardedPort {
  /** The address to listen at. Default: all of this machine. */
  readonly hostIp?: string | undefined;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** What a network of its own leads to, besides other machines. */
export interface NetworkWishes {
  /** Published at this machine. */
  readonly ports?: readonly ForwardedPort[];
  /** TCP ports of this machine's loopback that are on that of the network, too. */
  readonly loopbackPorts?: readonly number[];
}

/** A network that is joined to this machine. */
interface JoinedNetwork {
  /** A file of it, as runtimes reach it. */
  readonly networkPath: string;
  /** Where the host's name servers answer. Absent: each at its own address. */
  readonly nameserver?: string;
}

/** What a step without a wish gets, and why it is the host's where it should not be. */
export type UsualNetwork = ({ readonly network: "own" } & JoinedNetwork) | { readonly network: "host"; readonly lack?: DecantError };

/** One process to run over layers. */
export interface SandboxStep {
  /** Names the step for `kill`. */
  readonly id: string;
  /** Directories in overlayfs form, bottom first; none for scratch. */
  readonly lowers: readonly string[];
  /** An empty directory (made when missing, its parent exists) that receives what the step changes, and nothing else. */
  readonly upper: string;
  /** The merged view of `lowers`. */
  readonly root: Tree;
  readonly args: readonly string[];
  /** "NAME=value". HOME is added when missing (S69), and so is PATH. */
  readonly env: readonly string[];
  /** Absolute; made 0755 for the user when missing (S65). */
  readonly cwd: string;
  /** As written in USER; empty for root. */
  readonly user: string;
  /** Default "buildkitsandbox". */
  readonly hostname?: string;
  /** "own": the one at `networkPath`. */
  readonly network: StepNetwork;
  /** Of `openNetwork` or `usualNetwork`. */
  readonly networkPath?: string | undefined;
  /** Instead of the host's name servers. */
  readonly nameserver?: string | undefined;
  readonly mounts: readonly SandboxMount[];
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  /** A certificate bundle of the host that is shown to the step and named by the usual environment variables, unless `env` has them. */
  readonly caCertificates?: string;
  /** All capabilities, no seccomp filter, nothing masked (RUN --security=insecure). */
  readonly insecure?: boolean;
  /** Changes of the default set, as names without "CAP_"; "ALL": all that this process may give. */
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] };
  /** setuid programs gain nothing. Default false. */
  readonly noNewPrivileges?: boolean;
  /** Size of /dev/shm. Default 64 MiB. */
  readonly shmSizeBytes?: number;
  readonly ulimits?: readonly SandboxUlimit[];
  readonly devices?: readonly SandboxDevice[];
  readonly hooks?: readonly SandboxHook[];
  /** Besides those of the user. */
  readonly additionalGids?: readonly number[];
  readonly readOnlyRoot?: boolean;
  /** A terminal of its own, joined to ours: standard input must be one, with `stdin` and `output` "inherit". Default false. */
  readonly terminal?: boolean;
  /** What an abort sends first. Default "SIGTERM". */
  readonly stopSignal?: string;
  /** Gets the output while it comes; never called with `output: "inherit"`. Must not keep the chunk. */
  readonly onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
  /** Default "empty". */
  readonly stdin?: "empty" | "inherit";
  /** "inherit": straight to our own output. Default "pipe". */
  readonly output?: "pipe" | "inherit";
  /** False: no layer holds device files but harmless ones. Where no cgroup guards devices, no device file of the root can be opened otherwise. */
  readonly foreignDevices?: boolean;
  /** Ends the step: by `stopSignal`, and SIGKILL 3 s later; a first process that has no mind of that signal gets SIGKILL at once. */
  readonly signal?: AbortSignal | undefined;
}

/** How the program ended. */
export interface SandboxResult {
  /** 128 + the signal's number when a signal ended it. */
  readonly exitCode: number;
  /** The signal that `exitCode` stands for; a shell that passes on its child's end looks the same. */
  readonly signalName?: string;
  /** The kernel killed something for lack of memory meanwhile, and the program ended by SIGKILL. */
  readonly oomKilled: boolean;
  /** A cgroup kept it from the devices of this machine, so it could make any. */
  readonly guarded: boolean;
  /** The kernel refuses overlays here: it worked on a copy of its layers. */
  readonly copied?: boolean;
  /** Absent where nobody knows, as of steps that ran at the same time. */
  readonly usage?: StepUsage;
  /** The ids that it had, where it ran in a user namespace of the helper. */
  readonly ids?: "ranges" | "single";
}

/** Runs steps; any number at once. */
export interface Sandbox extends AsyncDisposable {
  /** Starts what the first `run` would have to start (about 50 ms). Optional; safe to call again. Throws like `run`. */
  prepare(): Promise<void>;
  /** Tries how steps see their layers as one tree, and what the environment wants. Throws like `run`. */
  tryLayers(): Promise<LayersTrial & { readonly wanted: Layering }>;
  /** Work on files that have owners. Throws like `run`, and `INTERNAL` without a store. */
  readonly files: OwnedFiles;
  /**
   * Makes a network and joins it to this machine, until the sandbox is disposed. Throws like `run`, `NOT_FOUND` without pasta and slirp4netns, and
   * `RUNTIME` when they fail.
   */
  openNetwork(wishes: NetworkWishes, signal: AbortSignal): Promise<JoinedNetwork>;
  /**
   * The network of steps that have no wish: one of their own where that can be, which they share. `loopbackPorts`: TCP ports of this machine's loopback
   * that they reach all the same. Throws like `run`.
   */
  usualNetwork(loopbackPorts: readonly number[]): Promise<UsualNetwork>;
  /**
   * Runs a step to its end. A failing program is a result. Throws `RUNTIME` when no program could be started, `RUNTIME_MISSING`,
   * `RUN_USER`, `PRIVILEGE`, `SYSCALL`, and the signal's reason.
   */
  run(step: SandboxStep): Promise<SandboxResult>;
  /** Sends a signal ("SIGINT") to the first process of a running step; false when there is none. */
  kill(stepId: string, signal: string): boolean;
  /**
   * Asks a running step to end, and ends it after `graceMs`. A first process that has no mind of the signal is ended at once; its exit code is then
   * the signal's all the same. Of several requests, the most impatient counts.
   */
  stop(stepId: string, how: StopRequest): void;
}

/** Options of `createSandbox`. */
export interface SandboxOptions {
  /** A directory for locks and work directories, on the same file system as the steps' `upper`. Made when missing. */
  readonly stateDir: string;
  /** Where layers are. Absent: there is no work on files. */
  readonly store?: Store | undefined;
  /** Default "auto": crun when it works here, otherwise runc. */
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  /** Steps have cgroups of their own. Default: those of this process. */
  readonly cgroup?: SandboxCgroup | undefined;
  /** "none": steps are kept from devices without a cgroup. Default "auto": with one, where that works. */
  readonly deviceCgroup?: "auto" | "none";
  /** Where PATH is looked up. Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}
