/**
 * Where archives go: a file that appears at its name only when it is complete, or the caller's stdout. Whole store files are copied
 * by the kernel where that is possible (docs/promises.md, "How fast").
 */
import { constants, createReadStream } from "node:fs";
import { access, type FileHandle, open, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../errors.ts";
import { copyRange, makeUnfinished } from "../sys/index.ts";
import { exportError, writeError } from "./errors.ts";
import { fromWorkingDirectory } from "../working-directory.ts";

/** Takes bytes in order. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  /** Appends a whole file of `size` bytes. `onBytes` hears of each piece. */
  copyFile(path: string, size: number, onBytes?: (bytes: number) => void): Promise<void>;
}

/** A file being written; disposing without `commit` leaves no trace of it. */
interface OutputFile extends AsyncDisposable, ByteSink {
  /** Absolute: where it will be. */
  readonly path: string;
  /** Puts it at its name, replacing what was there, at once. */
  commit(): Promise<void>;
}

/** Between two looks at the signal: some 20 ms of copying. */
const PIECE_BYTES = 16 << 20;

/**
 * Starts a file at `dest`. A regular file in its place stays until `commit`; a device or pipe is written directly.
 * Throws `EXPORT`.
 */
export async function createOutputFile(dest: string, signal: AbortSignal): Promise<OutputFile> {
  signal.throwIfAborted();
  const path = fromWorkingDirectory(dest);
  try {
    const found = await existing(path);
    if (found?.kind === "dir") throw exportError("write", path, "it is a directory; a file was wanted", { hint: "Name a file in it" });
    if (found?.kind === "special") return await deviceOutput(path, signal);
    const target = found?.target ?? path;
    using opening = new DisposableStack();
    const unfinished = opening.use(makeUnfinished(dirname(target), "file"));
    const file = await open(unfinished.path, "r+");
    opening.move();
    return outputFile(path, file, fileSink(file, signal), {
      commit: async () => {
        if (found !== undefined) await file.chmod(found.mode);
        // Some file systems tell of a full disk at close only.
        await file.close();
        await rename(unfinished.path, target);
        unfinished[Symbol.dispose]();
      },
      discard: async () => {
        await rm(unfinished.path, { force: true });
        unfinished[Symbol.dispose]();
      },
    });
  } catch (error) {
    throw writeError("write", path, error);
  }
}

/** Writes a whole file, as `createOutputFile` does. Throws `EXPORT`. */
export async function writeOutputFile(dest: string, content: string | Uint8Array, signal: AbortSignal): Promise<void> {
  await using file = await createOutputFile(dest, signal);
  await file.write(typeof content === "string" ? Buffer.from(content, "utf8") : content);
  await file.commit();
}

/** Can a file be written at `dest`? Tries it in its folder, because permissions do not tell all, and leaves no trace. Throws `EXPORT`. */
export async function checkOutputFile(dest: string, signal: AbortSignal): Promise<void> {
  const path = fromWorkingDirectory(dest);
  try {
    if ((await existing(path))?.kind === "special") {
      // Opening a pipe would wait for its reader, and closing it would be its end.
      await access(path, constants.W_OK);
      return;
    }
  } catch (error) {
    throw writeError("write", path, error);
  }
  await (await createOutputFile(path, signal))[Symbol.asyncDispose]();
}

/** Can files be written in the directory `dest`, which is made where it is missing? Throws `EXPORT`. */
export async function checkOutputFolder(dest: string): Promise<void> {
  const path = fromWorkingDirectory(dest);
  try {
    let place = path;
    for (let found = await existing(place); found?.kind !== "dir"; found = await existing(place)) {
      if (found !== undefined || dirname(place) === place)
        throw exportError("write to", path, place === path ? "it is not a directory" : `"${place}" is not a directory`);
      place = dirname(place);
    }
    using unfinished = makeUnfinished(place, "folder");
    await rmdir(unfinished.path);
  } catch (error) {
    throw writeError("write to", path, error);
  }
}

/** A device or a pipe: it cannot be replaced, nor written at an offset. */
async function deviceOutput(path: string, signal: AbortSignal): Promise<OutputFile> {
  const file = await open(path, "w");
  const sink = streamSink((chunk) => writeAll(file, chunk, null), signal);
  return outputFile(path, file, sink, { commit: () => file.close(), discard: async () => undefined });
}

type Existing = { readonly kind: "file" | "dir" | "special"; readonly target: string; readonly mode: number };

/** What is at `path`, links followed: replacing a link's target keeps the link. */
async function existing(path: string): Promise<Existing | undefined> {
  try {
    const info = await stat(path);
    const kind = info.isFile() ? "file" : info.isDirectory() ? "dir" : "special";
    return { kind, target: kind === "file" ? await realpath(path) : path, mode: info.mode & 0o777 };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

interface Ending {
  commit(): Promise<void>;
  discard(): Promise<void>;
}

function outputFile(path: string, file: FileHandle, sink: ByteSink, ending: Ending): OutputFile {
  let finished = false;
  const told = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw writeError("write", path, error);
    }
  };
  return {
    path,
    write: (bytes) => told(sink.write(bytes)),
    copyFile: (source, size, onBytes) => told(sink.copyFile(source, size, onBytes)),
    async commit() {
      await told(ending.commit());
      finished = true;
    },
    async [Symbol.asyncDispose]() {
      // Closing again is fine.
      await file.close();
      if (!finished) await ending.discard();
    },
  };
}

function fileSink(file: FileHandle, signal: AbortSignal): ByteSink {
  let offset = 0;
  return {
    async write(bytes) {
      signal.throwIfAborted();
      await writeAll(file, bytes, offset);
      offset += bytes.byteLength;
    },
    async copyFile(path, size, onBytes) {
      await using from = await open(path, "r");
      for (let done = 0; done < size;) {
        const moved = await copyRange({ fd: from.fd, offset: done }, { fd: file.fd, offset }, Math.min(PIECE_BYTES, size - done), signal);
        if (moved === 0) throw exportError("copy", path, `it ends after ${done} bytes; ${size} were expected`);
        done += moved;
        offset += moved;
        onBytes?.(moved);
      }
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position === null ? null : position + done);
    done += bytesWritten;
  }
}

/** The caller's stdout as a sink. */
export function streamSink(write: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal): ByteSink {
  const checked = async (bytes: Uint8Array): Promise<void> => {
    signal.throwIfAborted();
    await write(bytes);
  };
  return {
    write: checked,
    async copyFile(path, size, onBytes) {
      for await (const bytes of fileBytes(path, size)) {
        await checked(bytes);
        onBytes?.(bytes.byteLength);
      }
    },
  };
}

/** A file of the store that is to have `size` bytes. Throws `EXPORT` when it has not. */
export async function* fileBytes(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    // createReadStream without an encoding gives Buffers.
    const bytes = chunk as Buffer;
    done += bytes.byteLength;
    yield bytes;
  }
  if (done !== size) throw exportError("copy", path, `it has ${done} bytes; ${size} were expected`);
}
