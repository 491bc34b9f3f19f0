/**
 * The one way to open a file that somebody names: an option, a file of a context, a configuration. It is looked at before it is opened, so that
 * no device is touched and no pipe waits; it is read to a bound; and one that belongs into a folder is not found outside of it, whatever
 * links and ".." say. Reading what Decant itself has written needs none of this (scripts/check-layers.ts lists who may do it).
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, read, readlinkSync, readSync, realpathSync, type Stats } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { ByteStream } from "../bytes.ts";
import { DecantError, errnoOf, isDecantError } from "../errors.ts";
import { fromText } from "../paths.ts";
import { openByWalking } from "./confined.ts";
import { fromWorkingDirectory } from "../working-directory.ts";

/** Where a file is. */
export interface FilePlace {
  /** Relative to `within`, else to the working directory. */
  readonly path: string;
  /** A folder that the file must be in: for its links and "..", this folder is "/". Absent: it may be anywhere. */
  readonly within?: string;
}

/** What may be opened. */
interface FileLimits {
  /** More is a problem. Default: no bound, for what is read as a stream. */
  readonly maxBytes?: number;
  /** Also a pipe, as a shell's `<(command)` is: for what the user names himself. Default false. */
  readonly pipes?: boolean;
}

/** Why there is no file, as the end of a sentence: "it is a directory; wanted a file". */
export interface FileProblem {
  readonly problem: string;
  /** Nothing is there at all, not even a link. */
  readonly isMissing: boolean;
  /** "ENOENT", … where the kernel said so. */
  readonly errno?: string;
}

/** An open file. Dispose it to close it. */
interface NamedFile extends Disposable {
  /** 0 for pipes. */
  readonly sizeBytes: number;
  readonly isPipe: boolean;
  /** Where it really is, all links followed; while it is open. */
  readonly realPath: string;
  /** Its bytes, once, at most `maxBytes` + 1; then the file is closed. Throws `NOT_FOUND` for a pipe that nothing is written to. */
  chunks(signal?: AbortSignal): ByteStream;
}

const O_PATH = 0o10000000;
const OPEN = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const CHUNK = 256 * 1024;
const PIPE_PAUSE_MS = 10;
/** How long the other end of a pipe may take to begin. */
const PIPE_START_MS = 2000;
const IDLE_PIPE = "it is a pipe that nothing is written to";
const readAt = promisify(read);

/** Opens a file. */
export function openNamedFile(place: FilePlace, limits: FileLimits = {}): NamedFile | FileProblem {
  const looked = look(place, limits);
  if ("problem" in looked) return looked;
  let fd: number;
  try {
    fd = openSync(`/proc/self/fd/${looked.fd}`, OPEN);
  } catch (error) {
    return problemOf(place, error);
  } finally {
    closeSync(looked.fd);
  }
  const isPipe = looked.stats.isFIFO();
  const limit = (limits.maxBytes ?? Infinity) + 1;
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  return {
    sizeBytes: looked.stats.size,
    isPipe,
    get realPath() {
      return readlinkSync(`/proc/self/fd/${fd}`);
    },
    async *chunks(signal) {
      try {
        yield* isPipe ? pipeChunks(fd, limit, pathOfPlace(place), signal) : fileChunks(fd, limit, signal);
      } finally {
        close();
      }
    },
    [Symbol.dispose]: close,
  };
}

/** Looks whether a file could be opened, without opening it; undefined when it could. */
export function checkNamedFile(place: FilePlace, limits: FileLimits = {}): FileProblem | undefined {
  const looked = look(place, limits);
  if ("problem" in looked) return looked;
  closeSync(looked.fd);
  return undefined;
}

/** Reads a file of at most `maxBytes` whole. Throws Node's errors of reading, and the signal's reason. */
export async function readNamedFile(
  place: FilePlace,
  limits: FileLimits & { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly bytes: Buffer; readonly isPipe: boolean } | FileProblem> {
  const file = openNamedFile(place, limits);
  if ("problem" in file) return file;
  let bytes: Buffer;
  try {
    bytes = Buffer.concat(await Array.fromAsync(file.chunks(limits.signal)));
  } catch (error) {
    if (isDecantError(error, "NOT_FOUND")) return { problem: IDLE_PIPE, isMissing: false };
    throw error;
  }
  // What the kernel makes up on reading says that it has no size.
  if (bytes.byteLength > limits.maxBytes) return tooLarge(`more than ${limits.maxBytes}`, limits.maxBytes);
  return { bytes, isPipe: file.isPipe };
}

/** The same at once, for small files; never a pipe. */
export function readNamedFileSync(place: FilePlace, limits: { readonly maxBytes: number }): { readonly bytes: Buffer } | FileProblem {
  const looked = look(place, limits);
  if ("problem" in looked) return looked;
  let fd = -1;
  try {
    fd = openSync(`/proc/self/fd/${looked.fd}`, OPEN);
    const buffer = Buffer.alloc(limits.maxBytes + 1);
    let size = 0;
    for (let count = 1; count > 0 && size < buffer.byteLength; size += count)
      count = readSync(fd, buffer, size, buffer.byteLength - size, null);
    return size > limits.maxBytes ? tooLarge(`more than ${limits.maxBytes}`, limits.maxBytes) : { bytes: buffer.subarray(0, size) };
  } catch (error) {
    return problemOf(place, error);
  } finally {
    closeSync(looked.fd);
    if (fd >= 0) closeSync(fd);
  }
}

/**
 * The place of a path that the user names himself: anywhere; but when its directory is in one of `folders`, which are somebody else's, the file
 * must be in that folder.
 */
export function placeOf(path: string, folders: readonly string[]): FilePlace {
  return placeIn(join(realPath(dirname(fromWorkingDirectory(path))), basename(path)), folders, realPath) ?? { path };
}

/** The place of a path that was found, or named by a file: in the first of `folders` that it is in by its name; undefined when it is in none. */
export function placeWithin(path: string, folders: readonly string[]): FilePlace | undefined {
  return placeIn(fromWorkingDirectory(path), folders, fromWorkingDirectory);
}

function placeIn(path: string, folders: readonly string[], real: (folder: string) => string): FilePlace | undefined {
  for (const folder of folders) {
    const inside = relative(real(folder), path);
    if (inside !== "" && !/^\.\.(?:\/|$)/.test(inside)) return { path: inside, within: folder };
  }
  return undefined;
}

/** The path of a place on this machine, for messages and for what lies beside. */
export function pathOfPlace({ path, within }: FilePlace): string {
  return within === undefined ? fromWorkingDirectory(path) : join(within, path);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return fromWorkingDirectory(path);
  }
}

function look(place: FilePlace, limits: FileLimits): { readonly fd: number; readonly stats: Stats } | FileProblem {
  let fd = -1;
  try {
    fd = openPath(place);
    const stats = fstatSync(fd);
    const problem = unusable(stats, limits);
    if (problem === undefined) return { fd, stats };
    closeSync(fd);
    return problem;
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    return problemOf(place, error);
  }
}

function openPath({ path, within }: FilePlace): number {
  if (within === undefined) return openSync(path, O_PATH);
  const root = openSync(within, O_PATH | constants.O_DIRECTORY);
  try {
    return openByWalking(root, fromText(path), { flags: O_PATH });
  } finally {
    closeSync(root);
  }
}

function unusable(stats: Stats, { maxBytes, pipes = false }: FileLimits): FileProblem | undefined {
  if (stats.isFIFO() && pipes) return undefined;
  if (!stats.isFile()) return { problem: `it is ${kindOf(stats)}; wanted a file`, isMissing: false };
  if (maxBytes !== undefined && stats.size > maxBytes) return tooLarge(String(stats.size), maxBytes);
  return undefined;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return stats.isSymbolicLink() ? "a link" : "a device";
}

function tooLarge(size: string, maxBytes: number): FileProblem {
  return { problem: `it has ${size} bytes; at most ${maxBytes} are read`, isMissing: false };
}

function problemOf(place: FilePlace, error: unknown): FileProblem {
  const errno = isDecantError(error, "SYSCALL") ? String(error.details["errno"]) : errnoOf(error);
  if (errno === undefined) throw error;
  const target = errno === "ENOENT" || errno === "ENOTDIR" ? linkTarget(place) : undefined;
  if (target !== undefined) {
    const where = place.within === undefined ? "where nothing is" : `and nothing is there in "${place.within}", which links do not leave`;
    return { problem: `no such file: it is a link to "${target}", ${where}`, isMissing: false, errno };
  }
  return { problem: PHRASES.get(errno) ?? errno, isMissing: errno === "ENOENT" || errno === "ENOTDIR", errno };
}

const PHRASES: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file"],
  ["ENOTDIR", "no such file"],
  ["ELOOP", "too many links lead to it"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
]);

/** What the path itself is a link to. */
function linkTarget(place: FilePlace): string | undefined {
  try {
    const path = pathOfPlace(place);
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

async function* fileChunks(fd: number, limit: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = limit; left > 0;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
    const { bytesRead } = await readAt(fd, buffer, 0, buffer.byteLength, null);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* pipeChunks(
  fd: number,
  limit: number,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const startedAt = performance.now();
  for (let left = limit; left > 0;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
    let count: number | undefined;
    try {
      count = (await readAt(fd, buffer, 0, buffer.byteLength, null)).bytesRead;
    } catch (error) {
      // Somebody has the other end, and writes nothing just now.
      if (errnoOf(error) !== "EAGAIN") throw error;
    }
    if (count !== undefined && count > 0) {
      left -= count;
      yield buffer.subarray(0, count);
      continue;
    }
    // The end; but before the first byte, nobody may have opened the other end yet.
    if (count === 0 && left < limit) return;
    if (count === 0 && performance.now() - startedAt > PIPE_START_MS)
      throw new DecantError("NOT_FOUND", `Cannot read "${path}": ${IDLE_PIPE}`);
    await setTimeout(PIPE_PAUSE_MS);
  }
}
