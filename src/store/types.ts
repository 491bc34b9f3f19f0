/**
 * The store's interfaces (decision 4): many processes, one store, no daemon. The store knows blobs, directories, records, names and
 * locks; it does not know what a layer or an image is. Implementations are beside this file; `openStore` in `store.ts` joins them.
 */
import type { ByteStream } from "../bytes.ts";
import type { Digest, Expected } from "../digest.ts";

/**
 * Immutable bytes by digest, in `blobs/<algorithm>/<hex>`. Looking at a blob by any method but `path` tells prunes of other processes that
 * it is in use for as long as this store is open.
 */
export interface BlobStore {
  /** Size in bytes, or undefined when it is not here. One stat; the first look also sets its time of use. */
  size(digest: Digest): number | undefined;
  /** The file of a blob (that may not exist). Never write to it. */
  path(digest: Digest): string;
  /** Streams it, or `length` bytes from `start`. Opened by the first read, which throws `BLOB_MISSING`. Not checked against its digest: it was when it came. */
  open(digest: Digest, range?: { readonly start: number; readonly length?: number }): ByteStream;
  /** Reads it whole and checks its digest. Throws `BLOB_MISSING`, `BLOB_SIZE` over `maxBytes`, `STORE_CORRUPT`. */
  read(digest: Digest, maxBytes: number): Promise<Buffer>;
  /**
   * Stores a stream: temporary name → check against `expected` → fsync → rename. Idempotent: when `expected` is here, `source` is closed
   * unread. Chunks may be used anew by their owner once the next one is asked for. Throws what `verified` throws, `STORE_FULL`, `STORE_READ_ONLY`.
   */
  write(source: ByteStream, expected?: Expected): Promise<Expected>;
  /** Stores bytes at hand, by sha256. */
  put(data: Uint8Array | string): Promise<Expected>;
  /** A temporary file for a writer that hashes on its own; disposing without `commit` removes it. */
  create(): Promise<BlobFile>;
  /**
   * Brings a blob from afar: `work` writes to the file what comes after `kept`, checks all of the blob, and commits. When it fails with a `REGISTRY…` code, or
   * `signal` has ended it, what came stays for the next call, in this process or another. For any other failure with kept bytes, and for one with
   * `details.elsewhere`, `work` is called again without any.
   */
  bring<Result>(expected: Expected, work: (file: PartialBlob) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** Brings a blob from afar as it is. `open` gives all of it, `kept` first. Idempotent, as `write`. Throws what `write` throws. */
  receive(expected: Expected, open: (kept: KeptBytes | undefined) => ByteStream, signal?: AbortSignal): Promise<Expected>;
  /** Removes it; absent is fine. */
  remove(digest: Digest): void;
}

/** The first bytes of a blob, of a transfer that broke off. Not checked. */
export interface KeptBytes {
  readonly sizeBytes: number;
  readonly open: () => ByteStream;
}

/** A blob on its way from afar. Whatever is written to `fd` goes to the end of the file. */
export interface PartialBlob extends BlobFile {
  /** Are in the file already. */
  readonly kept: KeptBytes | undefined;
}

/** A blob being written by its owner through `path`. */
export interface BlobFile extends AsyncDisposable {
  readonly path: string;
  /** Open for reading and writing; closed by `commit` and by disposal. */
  readonly fd: number;
  /** fsync, then rename to its digest; once. The caller has hashed every byte that it wrote. When the blob is there already, this file goes. */
  commit(digest: Digest): Promise<void>;
}

/** What keeps what alive: the garbage collector follows these from the roots. What a ref names need not be here (yet). */
export type Ref =
  | { readonly kind: "blob"; readonly id: Digest }
  | { readonly kind: "dir"; readonly space: string; readonly id: string }
  | { readonly kind: "record"; readonly space: string; readonly id: string };

/**
 * Small JSON values by (space, id) in the database; any text is an id. Each put is one transaction: one that is lost by a power cut is
 * lost whole. Reading a record keeps it, and what it needs, from prunes of other processes for as long as this store is open.
 */
export interface Records {
  /** The value, or undefined. A few microseconds. Not checked: decode it. Throws `STORE_CORRUPT`. */
  get(space: string, id: string): unknown;
  /** Replaces value and refs. `refs`: what this record needs. Throws `STORE_FULL`, `STORE_READ_ONLY`, `STORE_LOCKED`. */
  put(space: string, id: string, value: unknown, refs?: readonly Ref[]): void;
  delete(space: string, id: string): void;
  /** When a prune or the collector removed it, in milliseconds since the epoch; undefined where none did, or long ago. Of one that is here again: stale. */
  removedAt(space: string, id: string): number | undefined;
  /** Every id of a space, unordered. */
  ids(space: string): string[];
  /** Many puts in one transaction; nothing is kept when `fn` throws. `fn` must not await. */
  batch(fn: () => void): void;
}

/**
 * Directories by (space, id), published by rename: a reader sees all of it or nothing. Space and id are file names of letters, digits,
 * "_", "." and "-"; a digest's ":" is taken as "-" (overlayfs separates paths by ":").
 */
export interface Directories {
  /** Its path, or undefined when it is not here. */
  find(space: string, id: string): string | undefined;
  /** A private directory on the same file system; disposing without `publish` removes it. */
  create(space: string): Promise<StagedDirectory>;
  /** Removes it whatever is in it; absent is fine. Throws `STORE` when something is mounted inside. */
  remove(space: string, id: string): Promise<void>;
  /** True for a directory published before the last boot and not confirmed since: its owner must check its content before use (directories are not fsynced). */
  isSuspect(space: string, id: string): boolean;
  /** Its owner has checked it. */
  confirm(space: string, id: string): void;
}

/** A directory that is not visible to others yet. */
export interface StagedDirectory extends AsyncDisposable {
  readonly path: string;
  /** Makes it (space, id) and gives its final path; once. When another process was first, ours is removed and theirs is given, unless theirs is suspect. */
  publish(id: string): Promise<string>;
}

/**
 * Locks by name (any text), between threads of work in this process and between processes (flock). They vanish with their process.
 * In this process first come is first served; between processes nobody is promised a turn. Not for a store opened with `readOnly`.
 */
export interface Locks {
  /** Waits for it. Rejects with the signal's reason. */
  acquire(name: string, options?: { readonly shared?: boolean; readonly signal?: AbortSignal | undefined }): Promise<AsyncDisposable>;
  /** Undefined when somebody else has it. */
  tryAcquire(name: string, options?: { readonly shared?: boolean }): Promise<AsyncDisposable | undefined>;
}

/** An image name of the local store: "docker.io/library/app:latest" → the descriptor of a manifest or index that is among the blobs. */
export interface NamedImage {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}

/** Names of images. These are the garbage collector's roots, with the records that were used lately. */
export interface ImageNames {
  get(name: string): NamedImage | undefined;
  /** Sets or moves a name. `refs`: everything the image needs besides the blob of `digest`. */
  set(image: Omit<NamedImage, "updatedAt">, refs: readonly Ref[]): void;
  /** What the image of this name needs, its own blob included; nothing for no such name. */
  refs(name: string): Ref[];
  /** False when there was no such name. */
  delete(name: string): boolean;
  list(): NamedImage[];
}

/** One build in the history database. */
export interface BuildRecord {
  readonly id: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly title: string;
  readonly error?: string;
  readonly isPinned?: boolean;
}

/** What a cache holds: results of steps; cache mounts; what was fetched. */
export type CacheKind = "layers" | "mounts" | "sources";

/** What the cache may hold. Images do not count, nor does what running processes use. */
export interface GcPolicy {
  /** At most so many bytes. */
  readonly maxUsedBytes?: number | undefined;
  /** The file system keeps so many bytes free. */
  readonly minFreeBytes?: number | undefined;
  /** So many bytes stay whatever the others say. Default 0. */
  readonly reservedBytes?: number | undefined;
  /** What was not used for so long goes, by kind, in milliseconds. */
  readonly keepMs?: Readonly<Partial<Record<CacheKind, number>>> | undefined;
}

/** Past builds, what they told, and the whole logs of their steps. The last 200 are kept, and those that are pinned. */
export interface History {
  /** `id`: letters and digits that no other build has; default: a new one. */
  begin(title: string, id?: string): BuildRecord;
  finish(id: string, state: "done" | "failed" | "cancelled", error?: string): void;
  /** Pinned ones stay until they are removed by name. */
  pin(id: string, isPinned: boolean): void;
  /** Newest first; default 50. A build whose process died is "failed". */
  list(limit?: number): BuildRecord[];
  /** The file that the whole log of a step goes to; made where it is missing. `name` is made safe. Throws `STORE_FULL`. */
  logFile(buildId: string, name: string): string;
  /** What that file holds now; undefined where the step wrote nothing. */
  log(buildId: string, name: string): Buffer | undefined;
  /** Keeps what a build told: one text a build. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
  keep(buildId: string, text: string): void;
  /** What was kept of a build; undefined where nothing was. */
  kept(buildId: string): string | undefined;
  /** Forgets a build with its logs; absent is fine. Throws `STORE_READ_ONLY`. */
  remove(buildId: string): void;
}

/** What living processes let others know of. It goes with its process, however that ends. */
export interface Announcements {
  /**
   * A file with this text, until it is disposed. `kind`: letters. Names that begin with its path and a "." are free for its process. Throws
   * `STORE_READ_ONLY`, `STORE_FULL`.
   */
  make(kind: string, text: string): Disposable & { readonly path: string };
  /** Those of all living processes of a kind, this one included, as far as this user may read them. */
  list(kind: string): { readonly path: string; readonly text: string }[];
}

/** Everything under one root. Disposing closes it; what is written stays. */
export interface Store extends AsyncDisposable {
  /** Absolute. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly records: Records;
  readonly dirs: Directories;
  readonly locks: Locks;
  readonly images: ImageNames;
  readonly history: History;
  readonly announcements: Announcements;
  /** A directory for this process alone, removed with it (or by the next process, when this one dies). */
  scratch(): Promise<AsyncDisposable & { readonly path: string }>;
  /**
   * Removes what no image name and no record needs. Which records go: none by default; with `olderThanMs` those not used since; with `all`
   * all that no image needs. Builds of the history go by the same ages. Never what a running process has made or looked at, this one
   * included: prune in a process (or an open store) of its own. Several prunes take turns. Freed bytes are those of blobs and directories.
   * Throws `STORE_READ_ONLY`, and the signal's reason (what is gone by then stays gone).
   */
  prune(options?: {
    readonly olderThanMs?: number;
    readonly all?: boolean;
    /** Removes what the policy says instead; nothing where all is within it. With `olderThanMs`: nothing that was used since. */
    readonly policy?: GcPolicy | undefined;
    /** Builds of the history stay. Default false. */
    readonly keepHistory?: boolean | undefined;
    /** Other records stay. */
    readonly only?: ((space: string, id: string) => boolean) | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<PruneResult>;
  /** What is on the disk, by what holds it. Looks at every file. */
  measure(signal?: AbortSignal): Promise<PruneResult["kept"]>;
  /**
   * The records that take room, the latest used first, and what each takes besides the images and the records before it. `valuesOf`: spaces whose values
   * are wanted. Reads the whole store, and uses nothing of it.
   */
  entries(options?: { readonly valuesOf?: readonly string[]; readonly signal?: AbortSignal | undefined }): Promise<StoreEntries>;
  /**
   * Reads the database, every blob and every image name, and compares them. With `repair`, what is damaged goes, and records that need it. `onBytes`:
   * is told of what was read. Directories are their owners' to check. Throws `STORE_READ_ONLY`, `STORE`, and the signal's reason.
   */
  verify(options?: {
    readonly repair?: boolean | undefined;
    readonly onBytes?: ((bytes: number) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<StoreCheck>;
}

/** What `verify` found. */
export interface StoreCheck {
  readonly blobs: number;
  /** Of blobs. */
  readonly bytes: number;
  readonly problems: readonly StoreProblem[];
}

/** Something damaged. */
export interface StoreProblem {
  readonly kind: "database" | "blob" | "image" | "directory";
  /** A digest, a name, or a path. */
  readonly id: string;
  /** What is wrong with it. */
  readonly what: string;
  /** It is gone now, and is made or fetched again when something needs it. */
  readonly repaired: boolean;
}

/** What takes room in a store. */
export interface StoreEntries {
  readonly imageBytes: number;
  /** What nothing needs any more, and the next prune removes. */
  readonly unusedBytes: number;
  readonly records: readonly StoreEntry[];
}

/** A record that takes room. */
export interface StoreEntry {
  readonly space: string;
  readonly id: string;
  readonly kind: CacheKind;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  /** By a running process. */
  readonly isInUse: boolean;
  /** Where it was asked for. */
  readonly value: unknown;
}

/** What `prune` took away. */
export interface PruneResult {
  readonly blobs: number;
  readonly dirs: number;
  readonly records: number;
  readonly freedBytes: number;
  /** What is left, as it is on the disk, by what holds it: images; records alone, which are the build cache; running processes alone. */
  readonly kept: { readonly imageBytes: number; readonly cacheBytes: number; readonly usedBytes: number };
}
