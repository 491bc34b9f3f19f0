/**
 * What the main thread says to who holds the private mounts, and what it hears: the worker thread of root, or the helper process without root. Plain
 * data, copied.
 */
import type { ErrorCode } from "../../errors.ts";
import type { Digest } from "../../digest.ts";
import type { TreePath } from "../../paths.ts";
import type { MountLimits } from "../../sys/index.ts";
import type { StubEntry } from "./mount-plan.ts";
import type { StopRequest } from "./process-control.ts";
import type { LayersPlace } from "./try-layers.ts";

/** Where the worker works. */
export interface WorkerData {
  /** An empty directory of the host; the worker covers it with a tmpfs that nobody else sees. */
  readonly privateDir: string;
  /** An open /proc/self/ns/pid. */
  readonly ownPidsFd: number;
  /** In a user namespace: overlay marks are user.* attributes. */
  readonly userXattr: boolean;
  /** Cgroups that guard devices: their version, and the one that this process is in. */
  readonly devices?: { readonly version: 1 | 2; readonly own: string };
}

/** Owner and mode of a root directory. */
export interface RootEntry {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** How layers become one tree: by an overlay of the kernel, by copying them, or ("auto") by the first of these that works. */
export type Layering = "auto" | "overlay" | "copy";

/** The root of the process to run. */
export type RootRequest =
  /** `lowers` bottom first. */
  | {
      readonly kind: "overlay";
      readonly lowers: readonly string[];
      readonly upper: string;
      readonly work: string;
      /** Given to `upper`, which is the root directory of the overlay. */
      readonly rootEntry: RootEntry;
      readonly stubs: readonly StubEntry[];
      readonly limits: MountLimits;
      readonly layering: Layering;
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
  /** A path of the host as it is, that gets another owner. */
  | { readonly kind: "given"; readonly name: string; readonly path: string; readonly uid: number; readonly gid: number }
  /** The same in an overlay of `lowers` (bottom first) and `upper`, which is made, with the place for `work` beside it. */
  | {
      readonly kind: "overlay";
      readonly name: string;
      readonly lowers: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly rootEntry: RootEntry;
      readonly layering: Layering;
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

/** What the helper without root is told first. */
export interface HelperData {
  readonly type: "start";
  /** As `WorkerData.privateDir`. */
  readonly privateDir: string;
  /** Absent: it does no work on files. */
  readonly storeRoot?: string | undefined;
}

/** To the helper. Messages are taken in their order. */
export type ToHelper =
  | HelperData
  | RunRequest
  /** Makes the pipes of a step's output; we open their ends for reading by /proc. */
  | { readonly type: "pipes"; readonly request: number }
  /** These descriptors of the helper are not needed any more. */
  | { readonly type: "close-descriptors"; readonly descriptors: readonly number[] }
  | NetworkRequest
  | LayersRequest
  | { readonly type: "signal"; readonly request: number; readonly signal: string }
  | { readonly type: "stop"; readonly request: number; readonly how: StopRequest }
  | { readonly type: "files"; readonly request: number; readonly call: FilesCall }
  | { readonly type: "abort"; readonly request: number };

/** Makes a network namespace, and mounts it at a path of the private directory. */
interface NetworkRequest {
  readonly type: "network";
  readonly request: number;
  readonly path: string;
}

/** Tries an overlay. Gives a `LayersTrial`. */
interface LayersRequest {
  readonly type: "layers";
  readonly request: number;
  readonly place: LayersPlace;
}

/** Work on files that have owners. Layers are ids of the store, bottom first. */
export type FilesCall =
  /** Gives directories in overlayfs form. */
  | { readonly kind: "unpack"; readonly layers: readonly Digest[] }
  /** Gives a new directory for what a step changes. */
  | { readonly kind: "stage" }
  /** Gives the id of the layer that such a directory has become; `missing`: directories that are to be in it. */
  | { readonly kind: "keep"; readonly folder: string; readonly lower: readonly Digest[]; readonly missing: readonly string[] }
  | { readonly kind: "drop"; readonly folder: string }
  /** Writes what is at `path` of these layers to `folder`/`name`. */
  | { readonly kind: "copy"; readonly layers: readonly Digest[]; readonly path: TreePath; readonly folder: string; readonly name: string };

/** From the helper. */
export type FromHelper =
  | { readonly type: "ready" }
  | { readonly type: "broken"; readonly failure: Failure }
  | { readonly type: "pipes"; readonly request: number; readonly descriptors: readonly [number, number, number, number] }
  | { readonly type: "progress"; readonly request: number; readonly layer: string; readonly bytes: number }
  | Done
  | StepMessage;

/** The answer to what is no step. */
interface Done {
  readonly type: "done";
  readonly request: number;
  readonly value: unknown;
}

/** To the worker. `pids` answers `holder`. */
export type ToWorker =
  | RunRequest
  | NetworkRequest
  | LayersRequest
  | { readonly type: "pids"; readonly fd: number }
  | { readonly type: "close" };

/** From the worker. */
export type FromWorker =
  /** The first process of the pid namespace for all runtimes was started. */
  | { readonly type: "holder"; readonly pid: number; readonly thread: number }
  | { readonly type: "ready" }
  | { readonly type: "broken"; readonly failure: Failure }
  | { readonly type: "closed" }
  | Done
  | StepMessage;

/** How a request goes on. */
export type StepMessage =
  | { readonly type: "started"; readonly request: number; readonly pid: number | undefined }
  | {
      readonly type: "ended";
      readonly request: number;
      readonly exitCode?: number;
      readonly signal?: string | undefined;
      readonly log: string;
      /** It has worked on a copy of its layers. */
      readonly copied?: boolean;
      /** See `Stopping`. */
      readonly standsFor?: number | undefined;
    }
  | { readonly type: "failed"; readonly request: number; readonly failure: Failure };

/** An error that crosses threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}
