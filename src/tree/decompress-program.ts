/** xz and bzip2: by their programs, xz in WebAssembly where there is no program or little to do. Both take any number of streams. */
import { createRequire } from "node:module";
import type * as XzDecompress from "xz-decompress";
import { bytesOf, type ByteStream, collect } from "../bytes.ts";
import { findTool, startProcess } from "../sys/index.ts";
import { archiveDamaged, decompressorMissing } from "./errors.ts";

/** Below this, starting the program xz takes longer than WebAssembly takes for the whole. */
const SMALL_XZ_BYTES = 64 * 1024;
/** "XZ_OPTIONS_ERROR": what xz-embedded was not built for, e.g. SHA-256 as check. */
const NOT_BUILT_IN = /error code 6$/;

/** Who waits, and how much it is, where that is known. */
interface ProgramOptions {
  readonly signal?: AbortSignal | undefined;
  readonly sizeBytes?: number | undefined;
}

/** The plain bytes of xz streams. Throws `ARCHIVE`. */
export async function* unxz(source: ByteStream, options: ProgramOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, sizeBytes } = options;
  const tool = findTool("xz");
  if (tool !== undefined && (sizeBytes === undefined || sizeBytes > SMALL_XZ_BYTES)) {
    yield* throughProgram("xz", tool, source, signal);
    return;
  }
  const small = tool === undefined ? undefined : await collect(source, SMALL_XZ_BYTES);
  let givenBytes = 0;
  try {
    for await (const chunk of inWasm(small === undefined ? source : bytesOf(small))) {
      givenBytes += chunk.byteLength;
      yield chunk;
    }
    return;
  } catch (error) {
    if (!isWasmError(error)) throw error;
    if (!NOT_BUILT_IN.test(error.message)) throw archiveDamaged("xz", "it is damaged or cut off", error);
  }
  if (tool === undefined || small === undefined) throw decompressorMissing("xz", "xz");
  for await (const chunk of throughProgram("xz", tool, bytesOf(small), signal)) {
    const rest = chunk.subarray(givenBytes);
    givenBytes -= chunk.byteLength - rest.byteLength;
    if (rest.byteLength > 0) yield rest;
  }
}

/** The plain bytes of bzip2 streams. Throws `ARCHIVE`, also where there is no program bzip2. */
export function unbzip2(source: ByteStream, { signal }: ProgramOptions): ByteStream {
  const tool = findTool("bzip2");
  if (tool === undefined) throw decompressorMissing("bzip2", "bzip2");
  return throughProgram("bzip2", tool, source, signal);
}

async function* throughProgram(
  format: string,
  tool: string,
  input: ByteStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = startProcess({ argv: [tool, "-dc"], input, stdio: { stderr: "ignore" }, signal });
  let ended = false;
  try {
    yield* child.stdout;
    ended = true;
    const { exitCode } = await child.exit;
    if (exitCode !== 0) throw archiveDamaged(format, "it is damaged or cut off", `exit code ${exitCode}`);
  } finally {
    if (!ended) child.kill("SIGKILL");
  }
}

async function* inWasm(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  // Both on use: this runs for small files, and where there is no program xz. The package is CommonJS whose names an import cannot see.
  const { XzReadableStream } = createRequire(import.meta.url)("xz-decompress") as typeof XzDecompress;
  const { ReadableStream } = await import("node:stream/web");
  yield* new XzReadableStream(ReadableStream.from(source));
}

/** Errors of the source pass through the same stream. */
function isWasmError(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("get_next_output failed");
}
