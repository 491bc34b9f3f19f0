/** What flows between vertices, and what the solver needs from its surroundings. */
import type { Digest } from "../digest.ts";
import type { DecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { BindMount, CacheMount, FileAction, SourceOp, Vertex } from "../graph/index.ts";
import type { Platform } from "../oci/index.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { SourceRange } from "../source.ts";
import type { Store } from "../store/index.ts";
import type { Layer, LayerSource, Tree } from "../tree/index.ts";
import type { DeviceAccess } from "./devices/index.ts";
import type { MountedDigest } from "./file/mounted.ts";
import type { PathLines } from "./file/selection-lines.ts";
import type { SelectionDigest } from "./file/selection.ts";
import type { Sandbox } from "./sandbox/index.ts";
import type { SshAgent } from "./ssh/index.ts";

/** What a vertex gives: layers (bottom first), or a directory of the host that is not a layer yet. */
export type VertexResult =
  /** `name` is for messages, where the vertex itself has no good one. `materials` are what it was made of, for provenance. */
  | { readonly kind: "layers"; readonly layers: readonly LayerSource[]; readonly name?: string; readonly materials?: readonly Material[] }
  /** `name` is for messages: "the build context". `path` is where its files are, for bind mounts. */
  | {
      readonly kind: "directory";
      readonly tree: Tree;
      readonly name: string;
      readonly path: string;
      readonly ignored: (path: string) => boolean;
      /** Called when what steps select was hashed: the digests are written, and need no memory from then on. It may fail: they only save time. */
      readonly flush?: (() => Promise<void>) | undefined;
      /** Opens a file without a name for what does not belong into memory; who calls it closes it. */
      readonly scratch?: (() => Promise<number>) | undefined;
      /** Added by the solver. */
      readonly selections?: Selections | undefined;
    };

/** What steps select of one directory, as it is hashed. A rejection is that of the step: `COPY_SOURCE_MISSING`, `CONTEXT`. */
export interface Selections {
  /** What a COPY selects. Given once, because its list of files may be long; with `look` it can be taken later. */
  take(action: Extract<FileAction, { kind: "copy" }>, options?: { readonly look?: boolean }): Promise<SelectionDigest>;
  /** What a mount shows. Its list is given once as well. */
  mounted(mount: BindMount | CacheMount, options?: { readonly look?: boolean }): Promise<MountedDigest>;
  /** Resolves when all is hashed, or could not be. */
  readonly ended: Promise<void>;
  /** What was hashed so far, by the action or the mount. */
  readonly seen: ReadonlyMap<object, ReadFiles>;
}

/** Files that a step has selected. */
export interface ReadFiles {
  readonly digest: Digest;
  /** A line for each path: see `pathChanges`. Absent for long lists. */
  readonly lines?: string;
}

/** Files that a step has selected of a directory of the host. */
export interface ReadSelection extends ReadFiles {
  /** "context", or the name of a named context. */
  readonly context: string;
  readonly step: Vertex;
}

/** What a source op took from outside: the same bytes can be had again with it. */
export interface Material {
  /** Without credentials. */
  readonly uri: string;
  /** By algorithm, in hexadecimal: "sha256", "sha1" for commits. */
  readonly digest: Readonly<Record<string, string>>;
}

/** Gives what a source op names. One implementation a scheme; chosen by the caller of the solver. */
export interface SourceProvider {
  /** "docker-image", "local", "http" … */
  readonly schemes: readonly string[];
  /** `resolve` only opens what it gives: the step is to read it, as far as other steps need it. */
  readonly isLazy?: boolean;
  resolve(op: SourceOp, platform: Platform, signal: AbortSignal, vertexId: string): Promise<VertexResult>;
}

/** A cache mount that a step of the build has used. */
export interface UsedMount {
  readonly id: string;
  /** The directory that the step had: see `heldCacheMount`. */
  readonly slot: string;
}

/** What other machines have found, and what this build finds, by the same keys: for caches that travel. */
export interface SharedResults {
  /** The result of an op elsewhere. Its layer comes when something needs its files. */
  action(key: Digest): LayerSource | undefined;
  /** What a selection of files of layers was found to be elsewhere. */
  selection(memo: Digest): Digest | undefined;
  /** Is told of the result of each op, found or made. */
  tookAction(key: Digest, layer: LayerSource): void;
  /** Is told of each selection, found or made. */
  tookSelection(memo: Digest, digest: Digest): void;
  /** What a cache mount had elsewhere, as layers on each other: a new one starts with it. */
  mount(key: Digest): readonly LayerSource[] | undefined;
  /** Is told of each cache mount of a step that runs. */
  usedMount(key: Digest, mount: UsedMount): void;
}

/** A RUN that failed, with its mounts still there. */
export interface FailedStep {
  readonly error: DecantError;
  /**
   * Runs a shell at the terminal of this process, in the state before the step; gives its exit code. What it changes is thrown away. Throws `RUNTIME` for
   * a stage without a shell, and `USAGE` without a terminal.
   */
  readonly shell: () => Promise<number>;
}

/** A solve that does all steps anew, to be compared with another: one at a time, and no result goes into the cache. */
export interface SolveAgain {
  /** Of RUN steps whose Dockerfile gives none. Default: as in every build. */
  readonly hostname?: string | undefined;
}

/** What ops work with. */
export interface EngineContext {
  readonly store: Store;
  /** Absent: only this store's results count. */
  readonly shared?: SharedResults | undefined;
  readonly emit: Emit;
  readonly providers: readonly SourceProvider[];
  /** Started when the first step must run. */
  readonly sandbox: () => Promise<Sandbox>;
  /** What "sandbox" network means in this build. */
  readonly defaultNetwork: "default" | "host" | "none";
  /** A PEM bundle of the host for RUN steps, or none. */
  readonly caCertificates?: string;
  /** Knows the secrets of the build, and refuses layers that have one. Default: none are known. */
  readonly guard?: SecretGuard | undefined;
  /** The value of a secret of `--secret`, or undefined when there is none of this id. Never kept. */
  readonly secret: (id: string, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** What stands for the value of a secret in keys, where the user wants a new value to run its steps anew; undefined for all others. */
  readonly secretKey?: ((id: string, signal: AbortSignal) => Promise<Digest | undefined>) | undefined;
  /** An agent of `--ssh`, or undefined. */
  readonly sshAgent: (id: string) => SshAgent | undefined | Promise<SshAgent | undefined>;
  /** Devices of this machine that steps may ask for. */
  readonly devices: DeviceAccess;
  /** Warnings about what the user wrote, and about this machine. The same one may come from several steps. */
  readonly warn: (code: string, message: string, range: SourceRange | undefined) => void;
  /** SOURCE_DATE_EPOCH in seconds: the time of what has none of its own, as directories that a step writes into. Absent: the step's. */
  readonly epochSec?: number;
  readonly noCache: boolean;
  /** Cache mounts of steps that must not use the cache start anew, once a build. Default false: they stay. */
  readonly noCacheMounts?: boolean | undefined;
  /** The layers of all stages are wanted, and not only those of the targets. Default false. */
  readonly allStages?: boolean | undefined;
  /** Keys name what steps select of layers, and do not look at it: see chains.ts. Default false. */
  readonly byDescent?: boolean | undefined;
  readonly explain: boolean;
  /** A step that would have to run is an error: `NOT_CACHED`. */
  readonly expectCached: boolean;
  /** How often a RUN step is run anew that has failed. Default 0. */
  readonly retries?: number | undefined;
  /** How long a RUN step may take, each time that it is run. Default: any time. */
  readonly stepTimeoutMs?: number | undefined;
  readonly again?: SolveAgain | undefined;
  readonly buildId: string;
  /** Is told of a RUN that failed; the step ends when it resolves. */
  readonly onStepFailed?: ((failed: FailedStep) => Promise<void>) | undefined;
  /** Is told when a step has left a result: the cache has grown. */
  readonly grew?: (() => Promise<void>) | undefined;
}

/** Is told of a result that the same work gives to another op, by the parts of its key. */
export type TakeBesides = (ingredients: readonly Ingredient[], layer: Layer) => Promise<void>;
/** Layers on each other, as the steps of a chain share them. */
export interface LayerStack {
  readonly count: number;
  /** What cache keys see of it: one digest for all layers, or "" for none. */
  readonly key: Digest | "";
  readonly below: LayerStack | undefined;
  /** What lies on `below`. */
  readonly tops: readonly LayerSource[];
}

/** How an op is run: its key is computed from data first, its work is done only when the cache has nothing. */
export interface OpRun {
  /** Readable parts of the key, in order; their framed digest is the key. */
  readonly ingredients: readonly Ingredient[];
  /** Does the work and gives the new layer, which goes on top of `below`. Calls `start` when all that it works on is here. */
  execute(signal: AbortSignal, start: () => void, besides: TakeBesides): Promise<Layer>;
  readonly below: LayerStack;
  /** Ops with the same one come one after the other, as the work of one may be that of the next. Default: the key. */
  readonly turnKey?: Digest;
}

/** One named part of a cache key: what explanations compare. The key has name and value only. */
export interface Ingredient {
  readonly name: string;
  readonly value: string;
  /** What it is for people. Absent: a setting. */
  readonly kind?: "files" | "arg" | "env" | "base" | "parent" | "instruction" | undefined;
  /** What people see in the place of `value`, or of files and instructions in that of `name`. */
  readonly shown?: string | undefined;
  /** Its name sounds like that of a secret: the value goes into no record. */
  readonly isSecret?: boolean | undefined;
  /** For selections of files: one line a path, so that a change can be named. */
  readonly detail?: PathLines | undefined;
}
