/**
 * The vocabulary of the build graph: BuildKit's LLB (moby/buildkit solver/pb/ops.proto), as plain values with its fields and names
 * (design D1). What Dockerfiles cannot say yet has no field here.
 */
import type { SourceRange } from "../source.ts";

/** Where files come from: "docker-image://…", "local://NAME", "https://…", "git://…". */
export interface SourceOp {
  readonly kind: "source";
  readonly identifier: string;
  /** As LLB's attrs: "http.filename", "http.checksum", … Sorted by key when digested. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** How a step sees the network. "sandbox" is what the build's `--network` says. */
export type NetworkMode = "sandbox" | "host" | "none";

/** What a process is started with. */
export interface ExecMeta {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  /** As USER wrote it; "" is root. */
  readonly user: string;
  readonly hostname?: string;
  /** In the environment of the step only: never in the key, nor in history (rule S32). */
  readonly proxyEnv: readonly string[];
}

/** One file system of a step. The root is the mount with dest "/". */
export interface Mount {
  readonly type: "bind";
  /** Index into the vertex's inputs; -1: an empty one. */
  readonly input: number;
  /** Path inside the input. */
  readonly selector: string;
  readonly dest: string;
  readonly readonly: boolean;
  /** Index of the output that this mount's changes become; -1: thrown away. */
  readonly output: number;
}

/** Runs a process. */
export interface ExecOp {
  readonly kind: "exec";
  readonly meta: ExecMeta;
  readonly mounts: readonly Mount[];
  readonly network: NetworkMode;
}

/** `--chown`: names are looked up in the passwd and group files of the tree that is written to. */
export interface ChownOpt {
  readonly user?: string | number;
  readonly group?: string | number;
}

/** One edit of a FileOp, applied to the result of the one before. */
export type FileAction =
  | {
      readonly kind: "copy";
      /** Index into the vertex's inputs. */
      readonly input: number;
      readonly src: string;
      readonly dest: string;
      readonly owner?: ChownOpt;
      /** Octal or symbolic, as `--chmod` wrote it. */
      readonly mode?: string;
      readonly followSymlinks: boolean;
      readonly dirCopyContents: boolean;
      readonly attemptUnpack: boolean;
      readonly allowWildcard: boolean;
      readonly allowEmptyWildcard: boolean;
      readonly excludePatterns: readonly string[];
      /** `--parents`: only these of the source, with the directories on the way to them. Absent: all of it. */
      readonly includePatterns?: readonly string[];
      /** Paths in the source that must be there. */
      readonly requiredPaths?: readonly string[];
      readonly range?: SourceRange;
    }
  | { readonly kind: "mkfile"; readonly path: string; readonly mode: number; readonly data: string; readonly owner?: ChownOpt }
  | {
      readonly kind: "mkdir";
      readonly path: string;
      readonly mode: number;
      readonly makeParents: boolean;
      readonly owner?: ChownOpt;
      readonly mtimeSec?: number;
    };

/** Edits a tree; pure data, no mount. */
export interface FileOp {
  readonly kind: "file";
  /** Index into the inputs of what is edited; -1: an empty tree. */
  readonly base: number;
  readonly actions: readonly FileAction[];
}

/** Puts the layers of its inputs on top of each other. */
export interface MergeOp {
  readonly kind: "merge";
}

/** What a vertex does. */
export type Op = SourceOp | ExecOp | FileOp | MergeOp;
