/** The log of a step: every byte goes to its file, and as text to the event stream. */
import { closeSync, openSync } from "node:fs";
import type { Vertex } from "../../graph/index.ts";
import { writeAll } from "../../tree/index.ts";
import type { EngineContext } from "../types.ts";

const TAIL_BYTES = 8192;

/** An open log. */
export interface StepLog extends Disposable {
  readonly path: string;
  readonly write: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
  /** The last bytes, as text. */
  tail(): string;
}

/** Opens the log of a vertex. What its `write` throws ends the step. */
export function openLog(context: EngineContext, vertex: Vertex): StepLog {
  const path = context.store.history.logFile(context.buildId, vertex.id);
  const file = openSync(path, "a");
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let tail = Buffer.alloc(0);
  return {
    path,
    write(stream, chunk) {
      writeAll(file, chunk, "the log of a step");
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
      const data = decoders[stream].decode(chunk, { stream: true });
      if (data !== "") context.emit({ type: "log", vertex: vertex.id, stream, data });
    },
    tail: () => tail.toString("utf8"),
    [Symbol.dispose]() {
      closeSync(file);
    },
  };
}
