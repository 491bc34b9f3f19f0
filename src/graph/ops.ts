/**
 * The vocabulary of the build graph: BuildKit's LLB (moby/buildkit solver/pb/ops.proto), as plain values with its fields and names
 * (decision 1). What Dockerfiles cannot say yet has no field here.
 */
import type { Digest } from "../digest.ts";
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
  /** Stands for `env` in the digest of the vertex: made while it grew, as each step of a long file would digest all of it anew. */
  readonly envKey?: Digest;
  /** Names of `env` that are build arguments: for people only, never part of a digest. */
  readonly argNames?: readonly string[];
  readonly cwd: string;
  /** As USER wrote it; "" is root. */
  readonly user: string;
  readonly hostname?: string;
  /** In the environment of the step only: never in the key, nor in history (rule S32). */
  readonly proxyEnv: readonly string[];
  /** For /etc/hosts; addresses are not part of the key (rule S110). */
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits: readonly Ulimit[];
  /** Exit codes that are no failure. Absent: 0 alone. */
  readonly validExitCodes?: readonly number[];
}

/** One file system of a step. The root is the bind with dest "/". */
export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

/** Files of an input. */
export interface BindMount {
  readonly type: "bind";
  /** Index into the vertex's inputs; -1: an empty one. */
  readonly input: number;
  /** Path inside the input. */
  readonly selector: string;
  readonly dest: string;
  readonly readonly: boolean;
  /** Index of the output that this mount's changes become; -1: thrown away. */
  readonly output: number;
  /** `--mount` in the Dockerfile. */
  readonly range?: SourceRange;
}

/** How steps that want the same cache at the same time share it (rule S115). */
export type CacheSharing = "shared" | "private" | "locked";

/** A directory that outlives the build, never part of a result. */
export interface CacheMount {
  readonly type: "cache";
  /** What a new cache starts with; -1: an empty directory. Different inputs have different caches (rule S114). */
  readonly input: number;
  readonly selector: string;
  readonly dest: string;
  readonly readonly: boolean;
  /** With its namespace. */
  readonly id: string;
  readonly sharing: CacheSharing;
  readonly range?: SourceRange;
}

/** Memory, for the step only. */
export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly dest: string;
  readonly readonly: boolean;
  /** Default: half of the memory. */
  readonly sizeBytes?: number;
}

/** A secret as a file. Its value is looked up when the step runs; it is in no vertex and no key. */
export interface SecretMount {
  readonly type: "secret";
  readonly id: string;
  readonly dest: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Not there: no mount, instead of an error. */
  readonly optional: boolean;
  readonly range?: SourceRange;
}

/** A secret as a variable. */
export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional: boolean;
  readonly range?: SourceRange;
}

/** The socket of an SSH agent. */
export interface SshMount {
  readonly type: "ssh";
  readonly id: string;
  readonly dest: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly optional: boolean;
  readonly range?: SourceRange;
}

/** A limit of setrlimit(2); -1: none. */
export interface Ulimit {
  /** Lower case, without "RLIMIT_". */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** A device of `--device` (LLB's CDIDevice). */
export interface DeviceRequest {
  /** As written. */
  readonly name: string;
  /** Not registered: the step runs without it, instead of an error. */
  readonly optional: boolean;
  readonly range?: SourceRange | undefined;
}

/** Runs a process. */
export interface ExecOp {
  readonly kind: "exec";
  readonly meta: ExecMeta;
  readonly mounts: readonly Mount[];
  readonly secretEnv: readonly SecretEnv[];
  readonly network: NetworkMode;
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly DeviceRequest[];
  /** Index into `mounts`: the vertex gives what the process changed there. One process has a vertex for each of its outputs. Absent: the root. */
  readonly result?: number;
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
      /** The directories of the destination must be there. Absent: they are made. */
      readonly existingDestOnly?: true;
      /** What is in the way goes, a directory for a file as well. Absent: it is an error. */
      readonly replacesOther?: true;
      /** Of all that is copied. Absent: as in the source. */
      readonly mtimeSec?: number;
      readonly range?: SourceRange;
    }
  | {
      readonly kind: "mkfile";
      readonly path: string;
      readonly mode: number;
      readonly data: string;
      /** How `data` has bytes that are no text. Absent: it is the text. */
      readonly encoding?: "base64";
      readonly owner?: ChownOpt;
      readonly mtimeSec?: number;
    }
  | {
      readonly kind: "mkdir";
      readonly path: string;
      readonly mode: number;
      readonly makeParents: boolean;
      readonly owner?: ChownOpt;
      readonly mtimeSec?: number;
    }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string; readonly owner?: ChownOpt; readonly mtimeSec?: number }
  /** A link itself goes, not what it leads to. */
  | { readonly kind: "rm"; readonly path: string; readonly allowNotFound: boolean; readonly allowWildcard: boolean };

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

/** What has to be put on top of one input so that it looks like the other. */
export interface DiffOp {
  readonly kind: "diff";
  /** Indexes into the inputs; -1: an empty tree. */
  readonly lower: number;
  readonly upper: number;
}

/** What a vertex does. */
export type Op = SourceOp | ExecOp | FileOp | MergeOp | DiffOp;
