/**
 * The digests of files in the order of a walk, 32 bytes each: what a COPY hashed for its key is what it must write. Very many are in a file
 * without a name.
 */
import { closeSync, readSync } from "node:fs";
import { type Digest, hexOf } from "../../digest.ts";
import { writeAll } from "../../tree/index.ts";

/** A list that grows. */
export interface HashedFiles {
  add(digest: Digest): void;
  /** Are there so many that the rest had better go to a file? */
  readonly isLarge: boolean;
  /** Writes what comes from now on to an open file, which it takes over: it is closed when nobody has the list any more. Call once. */
  spillTo(fd: number): void;
  /** The digest at a position, or undefined past the end. */
  at(position: number): Digest | undefined;
}

const DIGEST_BYTES = 32;
/** A build may have thousands of steps that copy a file each. */
const FIRST_BYTES = 32 * DIGEST_BYTES;
const CHUNK_BYTES = 2048 * DIGEST_BYTES;
/** 65,536 digests. */
const LARGE_BYTES = 32 * CHUNK_BYTES;

/** Lists end where no step looks at them any more, which nobody is told of. */
const closing = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** Makes an empty list. Digests are sha256. */
export function createHashedFiles(): HashedFiles {
  const none = Buffer.alloc(0);
  const chunks = [Buffer.allocUnsafeSlow(FIRST_BYTES)];
  let used = 0;
  /** The file has the chunks from `first` on, but for the last one, which is in memory until it is full. */
  let file: { readonly fd: number; readonly first: number } | undefined;
  const last = { number: -1, bytes: none };
  const read = { number: -1, bytes: none };

  /** The chunk of a position in bytes, which is there or begins there. */
  const chunkFor = (start: number): Buffer => {
    const number = Math.floor(start / CHUNK_BYTES);
    if (file !== undefined && number >= file.first) return number < last.number ? chunkOfFile(file, number) : lastChunk(file, number);
    const chunk = chunks[number];
    if (chunk !== undefined && start % CHUNK_BYTES < chunk.byteLength) return chunk;
    const made = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    chunk?.copy(made);
    chunks[number] = made;
    return made;
  };
  const lastChunk = ({ fd }: { readonly fd: number }, number: number): Buffer => {
    if (last.number < 0) last.bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    else if (last.number !== number) writeAll(fd, last.bytes, "digests of files");
    last.number = number;
    return last.bytes;
  };
  const chunkOfFile = ({ fd, first }: { readonly fd: number; readonly first: number }, number: number): Buffer => {
    if (read.number < 0) read.bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    if (read.number !== number) readSync(fd, read.bytes, 0, CHUNK_BYTES, (number - first) * CHUNK_BYTES);
    read.number = number;
    return read.bytes;
  };
  const list: HashedFiles = {
    add(digest) {
      used += chunkFor(used).write(hexOf(digest), used % CHUNK_BYTES, "hex");
    },
    at(position) {
      const start = position * DIGEST_BYTES;
      const at = start % CHUNK_BYTES;
      return start < used ? (`sha256:${chunkFor(start).toString("hex", at, at + DIGEST_BYTES)}` as Digest) : undefined;
    },
    get isLarge() {
      return used >= LARGE_BYTES && file === undefined;
    },
    spillTo(fd) {
      file = { fd, first: Math.ceil(used / CHUNK_BYTES) };
      closing.register(list, fd);
    },
  };
  return list;
}
