/**
 * Entry, Layer, Tree (docs/architecture.md, "Words"). Trees are synchronous and read-only: metadata is in memory or one lstat away, only file
 * contents stream. Paths are `TreePath`s: one char per byte.
 */
import type { DiffId, Digest } from "../digest.ts";
import type { Descriptor } from "../oci/index.ts";
import type { TreePath } from "../paths.ts";

/** "whiteout" removes a lower path. "opaque" hides all that lower layers have below a directory that this layer has no entry for (a directory with an entry says so in `opaque`). Both are in indexes only, never in trees. */
export type EntryKind = "file" | "dir" | "symlink" | "hardlink" | "char" | "block" | "fifo" | "whiteout" | "opaque";

/** One path of a layer. Absent optional fields mean: none. */
export interface Entry {
  readonly path: TreePath;
  readonly kind: EntryKind;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for all but files. */
  readonly size: number;
  /** Seconds since the epoch, may be negative. */
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** symlink: its target as written (bytes form). hardlink: the TreePath of the first name, in the same layer or below. */
  readonly link?: string;
  /** Names and values; only what was read or set. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  readonly major?: number;
  readonly minor?: number;
  /** Files: sha256 of the content. Absent where it is not computed yet (host directories). */
  readonly digest?: Digest;
  /** Directories of an index: hides everything that lower layers have below. */
  readonly opaque?: boolean;
}

/** A modification time. */
export type EntryTime = Pick<Entry, "mtimeSec" | "mtimeNsec">;

/** Where the bytes of a file are. */
export type DataSource =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /**
   * A file of the host. `path` in bytes form is used as it is; opened without following a final symlink. `root`: the first so many characters are a folder
   * that others may change, and that is not left (`inside` of src/sys). Absent: nobody else writes where it is.
   */
  | { readonly kind: "host"; readonly path: string; readonly root?: number | undefined }
  /** Part of a file, e.g. of an uncompressed layer tar. */
  | { readonly kind: "slice"; readonly path: string; readonly offset: number };

/** The entries of a layer in `compareTreePaths` order, in one compact buffer: ≤ 300 bytes an entry. Entries are made when asked for. */
export interface LayerIndex {
  readonly count: number;
  /** Some directory has entries or an opaque mark and no entry itself, or some hard link is to a file of another layer: `layerTree` fills such gaps from the layers below. */
  readonly needsLower: boolean;
  /** The entry at a position. */
  at(position: number): Entry;
  /** The path at a position, without making the entry. */
  path(position: number): TreePath;
  /** The kind at a position, without making the entry. */
  kind(position: number): EntryKind;
  /** The size of a file at a position in bytes, without making the entry. */
  size(position: number): number;
  /** True for a directory that hides everything below, and for an "opaque" mark. */
  isOpaque(position: number): boolean;
  /** True for a file that hard links of this layer name. */
  isLinked(position: number): boolean;
  /** Where a file's content is in the uncompressed tar, or -1 when it is empty or not in one piece there. */
  dataOffset(position: number): number;
  /** The position of a path, or -1. */
  find(path: TreePath): number;
  /** [start, end) of everything strictly below `path`, whether or not `path` itself has an entry. */
  below(path: TreePath): readonly [start: number, end: number];
}

/** Numeric owner of a root directory. */
export interface RootOwner {
  readonly uid: number;
  readonly gid: number;
}

/** An immutable set of entries, with its bytes in the store. */
export interface Layer {
  /** Identity in the store. */
  readonly id: Digest;
  /** Over all entries, contents and the root's owner, without mtimes: two layers that differ in times only share it. */
  readonly contentDigest: Digest;
  /** Present once its tar exists or is known. See `layerDiffId`. */
  readonly diffId?: DiffId | undefined;
  readonly index: LayerIndex;
  /** The owner that a RUN gave the root directory: for the steps above it, as in BuildKit. No tar has it. */
  readonly rootOwner?: RootOwner | undefined;
  /** Where the bytes of a file entry (of this layer's index) are. May unpack a compressed blob first. */
  data(entry: Entry): DataSource | Promise<DataSource>;
}

/** A blob that some registry has. */
export interface RemoteBlob {
  readonly descriptor: Descriptor;
  /** "127.0.0.1:5000" */
  readonly registry: string;
  /** "library/node" */
  readonly repository: string;
}

/** A layer that may not be here yet: what build results are lists of. */
export interface LayerSource {
  /** What cache keys see: the diffId for layers of images, the content digest for layers that were built. */
  readonly key: Digest;
  readonly diffId?: DiffId | undefined;
  /** Where it came from, so that a push back to the same registry moves no bytes. */
  readonly remote?: RemoteBlob;
  /** When it was built, in RFC 3339; absent for layers of images, whose history has it. A reused layer keeps its time, so that a rebuild gives the same image. */
  readonly created?: string | undefined;
  /** What `load` gives, where it is here: a long list of layers is then had without waiting for each. */
  readonly layer?: Layer | undefined;
  /** Here already, or pulled and indexed now. Calls are joined: the options of the first count. */
  load(signal?: AbortSignal, options?: LoadOptions): Promise<Layer>;
}

/** How a layer is brought here. */
export interface LoadOptions {
  /** A step will need its directory, which is cheapest to make now. Default false. */
  readonly unpack?: boolean | undefined;
  /** The step under which a transfer is told. Default: the one that named the image. */
  readonly vertex?: string | undefined;
}

/** A read-only file system view. Two kinds: a list of layers, and a directory of the host. */
export interface Tree {
  /** The entry at exactly this path (parents must not be symlinks; nothing is followed), or undefined. Hard links come back as their file, under the path asked for. */
  lookup(path: TreePath): Entry | undefined;
  /** What is directly in a directory, sorted by `compareTreePaths`; empty when there is no such directory. Never whiteouts. */
  readdir(path: TreePath): readonly Entry[];
  /** Where a file entry's bytes are. */
  data(entry: Entry): DataSource | Promise<DataSource>;
  /** A file entry's content digest; at once where known or small. `onRead`: so many bytes more were read for it. */
  digest(entry: Entry, onRead?: (bytes: number) => void): Digest | Promise<Digest>;
  /** Identifies entries that are names of one file (hard links), within one `Tree`; undefined for a file with one name. */
  linkGroup(entry: Entry): string | undefined;
}
