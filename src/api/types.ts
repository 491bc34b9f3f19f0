/** The public handles and results that are not of a build (decision 10). The command line uses nothing else. */
import type { ContainerOptions } from "../containers/index.ts";
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
  readonly name: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly created?: string;
  /** Sum of the layer blobs as stored. */
  readonly sizeBytes: number;
}

/** What the demo and `decant inspect` show of an image. */
export interface ImageDetails {
  readonly name: string;
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
export interface RunImageOptions extends StoreOptions, ContainerOptions {}
