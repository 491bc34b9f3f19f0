/** The log of a step: every byte goes to its file, and as text to the event stream, but for secrets. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Vertex } from "../../graph/index.ts";
import { writeAll } from "../../tree/index.ts";
import type { EngineContext } from "../types.ts";

const TAIL_BYTES = 8192;
const MAX_TEXT_BYTES = 32 * 1024 * 1024;

type Stream = "stdout" | "stderr";

/** An open log. */
export interface StepLog extends Disposable {
  readonly path: string;
  readonly write: (stream: Stream, chunk: Uint8Array) => void;
  /** Shows what waited for more: it might have been the beginning of a secret. */
  readonly flush: () => void;
  /** The last bytes, as text. */
  tail(): string;
  /** All of it; of a very long log, its end. */
  text(): string;
}

/** Opens the log of a vertex; what it has stays. What its `write` throws ends the step. */
export function openLog(context: EngineContext, vertex: Vertex): StepLog {
  const path = context.store.history.logFile(context.buildId, vertex.id);
  const file = openSync(path, "a+");
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const streams = { stdout: context.guard?.maskedStream(), stderr: context.guard?.maskedStream() };
  let tail = Buffer.alloc(0);
  const show = (stream: Stream, chunk: Uint8Array): void => {
    writeAll(file, chunk, "the log of a step");
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    const data = decoders[stream].decode(chunk, { stream: true });
    if (data !== "") context.emit({ type: "log", vertex: vertex.id, stream, data });
  };
  const flush = (): void => {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = streams[stream]?.end();
      if (rest !== undefined && rest.byteLength > 0) show(stream, rest);
    }
  };
  return {
    path,
    write: (stream, chunk) => show(stream, streams[stream]?.write(chunk) ?? chunk),
    flush,
    tail: () => tail.toString("utf8"),
    text() {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, MAX_TEXT_BYTES));
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.byteLength, size - bytes.byteLength));
    },
    [Symbol.dispose]() {
      closeSync(file);
    },
  };
}
