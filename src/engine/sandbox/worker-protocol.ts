/** What the main thread and the worker thread with the private mounts say to each other. Plain data, copied. */
import type { ErrorCode } from "../../errors.ts";
import type { MountLimits } from "../../sys/index.ts";
import type { StubEntry } from "./mount-plan.ts";

/** Where the worker works. */
export interface WorkerData {
  /** An empty directory of the host; the worker covers it with a tmpfs that nobody else sees. */
  readonly privateDir: string;
  /** An open /proc/self/ns/pid. */
  readonly ownPidsFd: number;
  /** In a user namespace: overlay marks are user.* attributes. */
  readonly userXattr: boolean;
  /** Steps share a network namespace of their own. */
  readonly ownNetwork: boolean;
  /** Cgroups that guard devices: their version, and the one that this process is in. */
  readonly devices?: { readonly version: 1 | 2; readonly own: string };
}

/** The root of the process to run. */
export type RootRequest =
  /** `lowers` bottom first. */
  | {
      readonly kind: "overlay";
      readonly lowers: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly stubs: readonly StubEntry[];
      readonly limits: MountLimits;
    }
  /** The host's own root, to try a runtime out. */
  | { readonly kind: "host" };

/** Something to make at `name` in the bundle, for a mount of the step. */
export type SourceRequest =
  | {
      readonly kind: "file";
      readonly name: string;
      readonly content: Uint8Array;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** `selector` (in bytes form) below `source`; its symlinks are confined to that. */
  | { readonly kind: "path"; readonly name: string; readonly source: string; readonly selector: string; readonly isFile: boolean }
  /** The same in an overlay of `lowers` (bottom first) and the existing directory `upper`; `work` is an existing empty one. */
  | {
      readonly kind: "overlay";
      readonly name: string;
      readonly lowers: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly selector: string;
      readonly isFile: boolean;
    };

/** A process to run. Paths are absolute. */
export interface RunRequest {
  readonly type: "run";
  readonly request: number;
  /** A new directory below `privateDir`: the bundle, with `rootfs`. */
  readonly bundle: string;
  readonly root: RootRequest;
  /** Small files of the bundle: name → content. */
  readonly files: readonly (readonly [name: string, content: string])[];
  /** What the step's mounts show, made in the bundle. */
  readonly sources: readonly SourceRequest[];
  /** Directories to make in the root for the user, outermost first, relative to it, in bytes form. */
  readonly directories: readonly { readonly path: string; readonly uid: number; readonly gid: number }[];
  /** Read-only views of directories, made in the bundle. */
  readonly readOnlyViews: readonly { readonly name: string; readonly source: string }[];
  /** The runtime's command line. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The cgroup that keeps it from devices. Absent: that of this process. */
  readonly deviceCgroup?: string;
  /** "empty": a pipe that nobody writes to. */
  readonly stdin: "empty" | "inherit";
  readonly stdout: "inherit" | number;
  readonly stderr: "inherit" | number;
  /** A process group of its own: signals of our terminal are not for it. */
  readonly ownGroup: boolean;
  /** Name of the runtime's log in the bundle. */
  readonly logFile: string;
}

/** To the worker. `pids` answers `holder`. */
export type ToWorker = RunRequest | { readonly type: "pids"; readonly fd: number } | { readonly type: "close" };

/** From the worker. */
export type FromWorker =
  /** The first process of the pid namespace for all runtimes was started. */
  | { readonly type: "holder"; readonly pid: number; readonly thread: number }
  | { readonly type: "ready" }
  | { readonly type: "broken"; readonly failure: Failure }
  | { readonly type: "started"; readonly request: number; readonly pid: number | undefined }
  | {
      readonly type: "ended";
      readonly request: number;
      readonly exitCode?: number;
      readonly signal?: string | undefined;
      readonly log: string;
    }
  | { readonly type: "failed"; readonly request: number; readonly failure: Failure }
  | { readonly type: "closed" };

/** An error that crosses threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}
