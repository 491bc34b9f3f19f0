/**
 * The files of an image archive, by their paths: of a tar, read once and plain or compressed, or of a folder. What a tar holds goes to the store as it
 * comes, because it may come from a pipe and its table of contents is at its end. Every blob of a layout is checked against its name.
 */
import { posix } from "node:path";
import type { ByteStream } from "../bytes.ts";
import { type Digest, type Expected, isDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import type { Store } from "../store/index.ts";
import { openNamedFile, readNamedFile } from "../sys/index.ts";
import { decompress, readTar } from "../tree/index.ts";

/** See the top of this file. */
export interface ArchiveFiles {
  /** For messages: the path of the archive. */
  readonly name: string;
  /** A file whole; undefined where there is none. Throws `BLOB_SIZE`, `MANIFEST` for what is no file. */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>;
  /** Brings a file into the store; undefined where there is none. Throws `BLOB_SIZE`, `BLOB_DIGEST`. */
  keep(path: string, expected?: Expected): Promise<Expected | undefined>;
}

const BLOB = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/;
const MAX_FILES = 100_000;
/** What is larger goes to the store at once. */
const MAX_SMALL_BYTES = 64 * 1024;
const MAX_ALL_SMALL_BYTES = 32 * 1024 * 1024;
const MAX_LINKS = 16;

/** Where a layout has a blob: "blobs/sha256/…". */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Reads a whole tar. Throws `TAR`, `ARCHIVE`, `BLOB_*`, `LIMIT`, `STORE_FULL`. */
export async function tarFiles(store: Store, tar: ByteStream, name: string, signal?: AbortSignal): Promise<ArchiveFiles> {
  const small = new Map<string, Buffer>();
  const kept = new Map<string, Expected>();
  const links = new Map<string, string>();
  let smallBytes = 0;
  for await (const { entry, data } of readTar(decompress(tar, { signal }), { signal })) {
    if (small.size + kept.size + links.size >= MAX_FILES)
      throw new DecantError("LIMIT", `Cannot read "${name}": it has more than ${MAX_FILES} files`);
    const { path, link = "", size } = entry;
    if (entry.kind === "hardlink") links.set(path, link);
    if (entry.kind === "symlink") links.set(path, posix.join(posix.dirname(path), link));
    if (entry.kind !== "file") continue;
    const expected = expectedOf(path, size);
    if (expected === undefined && size <= MAX_SMALL_BYTES && smallBytes + size <= MAX_ALL_SMALL_BYTES) {
      smallBytes += size;
      small.set(path, Buffer.concat(await Array.fromAsync(data)));
    } else kept.set(path, await store.blobs.write(data, expected));
  }
  /** Where a path leads; links of archives lead from one layer to the same one of another image. */
  const target = (path: string): string => {
    let at = path;
    for (let step = 0; step < MAX_LINKS; step += 1) {
      const next = links.get(at);
      if (next === undefined) return at;
      at = next;
    }
    return at;
  };
  return {
    name,
    async read(path, maxBytes) {
      const real = target(posix.normalize(path));
      const blob = kept.get(real);
      const bytes = small.get(real) ?? (blob === undefined ? undefined : await store.blobs.read(blob.digest, maxBytes));
      if (bytes !== undefined && bytes.byteLength > maxBytes) throw tooLarge(name, path, bytes.byteLength);
      return bytes;
    },
    async keep(path, expected) {
      const real = target(posix.normalize(path));
      const bytes = small.get(real);
      const found = bytes === undefined ? kept.get(real) : await store.blobs.put(bytes);
      if (found !== undefined && expected !== undefined && (found.digest !== expected.digest || found.size !== expected.size))
        throw new DecantError("BLOB_DIGEST", `Cannot read "${path}" of "${name}": it has ${found.size} bytes of digest ${found.digest}`);
      return found;
    },
  };
}

/** The files of a folder, which links do not leave. */
export function folderFiles(store: Store, folder: string): ArchiveFiles {
  return {
    name: folder,
    async read(path, maxBytes) {
      const read = await readNamedFile({ path, within: folder }, { maxBytes });
      if ("bytes" in read) return read.bytes;
      if (read.isMissing) return undefined;
      throw new DecantError("MANIFEST", `Cannot read "${path}" of "${folder}": ${read.problem}`);
    },
    async keep(path, expected) {
      const opened = openNamedFile({ path, within: folder });
      if (!("problem" in opened)) return await store.blobs.write(opened.chunks(), expected);
      if (opened.isMissing) return undefined;
      throw new DecantError("MANIFEST", `Cannot read "${path}" of "${folder}": ${opened.problem}`);
    },
  };
}

function expectedOf(path: string, size: number): Expected | undefined {
  const [, algorithm = "", hex = ""] = BLOB.exec(path) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? { digest, size } : undefined;
}

function tooLarge(name: string, path: string, size: number): DecantError {
  return new DecantError("BLOB_SIZE", `Cannot read "${path}" of "${name}": it has ${size} bytes`);
}
