/** The public handles and results that are not of a build (decision 10). The command line uses nothing else. */
import type { StoreOptions } from "../context/index.ts";
import type { Digest } from "../digest.ts";
import type { BuildEvent } from "../events.ts";

/**
 * A running piece of work: iterate it for events (replayed from the first), await `result`. Iterating ends with the work and never throws what
 * `result` rejects with. Disposing cancels and waits for the clean-up.
 */
export interface Run<Result> extends AsyncIterable<BuildEvent>, AsyncDisposable {
  readonly result: Promise<Result>;
  cancel(reason?: unknown): void;
}

/** One line of `decant images`. */
export interface ImageSummary {
  /** Absent for an untagged image. */
  readonly name?: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly created?: string;
  /** Sum of the layer blobs as stored. */
  readonly sizeBytes: number;
}

/** What the demo and `decant inspect` show of an image. */
export interface ImageDetails {
  /** As it was asked for. */
  readonly name: string;
  /** The name that was asked for, or all names of an ID or digest. */
  readonly names: readonly string[];
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly manifest: unknown;
  readonly config: unknown;
  /** What is attached to it: "https://spdx.dev/Document", "https://slsa.dev/provenance/v1". */
  readonly attestations: readonly string[];
  readonly layers: readonly { readonly digest: Digest; readonly diffId: Digest; readonly sizeBytes: number; readonly createdBy?: string }[];
  readonly contents: {
    /** Sum of gzip-compressed layers; only with `sizes: true`. */
    readonly compressedBytes?: number;
    /** Sum of file sizes of the merged tree, each hard-linked file once. */
    readonly unpackedBytes: number;
    readonly files: number;
    readonly shells: readonly string[];
    readonly packageManagers: readonly string[];
  };
}

/** Options of `runImage`: as docker run, what is supported. */
export interface RunImageOptions extends StoreOptions {
  readonly image: string;
  /** Replaces Cmd. */
  readonly args?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  readonly environment?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  readonly network?: "host" | "none" | undefined;
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  readonly readOnly?: boolean | undefined;
  /** Where output goes: "inherit" (default) or callbacks. */
  readonly onOutput?: ((stream: "stdout" | "stderr", chunk: Uint8Array) => void) | undefined;
}

/** A running container. */
export interface RunningContainer extends AsyncDisposable {
  /** Sends a signal to its first process, e.g. "SIGTERM". */
  kill(signal: string): void;
  /** The exit code, 128 + n for a signal. */
  readonly exit: Promise<number>;
}
