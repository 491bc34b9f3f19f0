/** What a build tells, as the stream of its status: kept for as long as somebody may ask for it. */
import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { BuildEvent, Emit, EventSource } from "../../events.ts";
import type { StatusResponse, StatusResponseSchema, VertexWarning, VertexWarningSchema } from "../wire/control_pb.ts";

/** Takes what is nobody's business out of a text. */
export type Hide = (text: string) => string;

/** A piece of the stream. */
export type StatusPiece = Exclude<MessageInitShape<typeof StatusResponseSchema>, StatusResponse>;

/** As BuildKit has it: what a step writes after so much is not shown. The whole log is in the history. */
const MAX_LOG_BYTES = 2 * 1024 * 1024;

/** How clients know a step of a build. */
export function vertexDigest(ref: string, vertex: string): string {
  return `sha256:${createHash("sha256").update(`${ref}\0${vertex}`).digest("hex")}`;
}

/** The status of one build. */
export interface StatusLog {
  readonly emit: Emit;
  /** A text of the user's that warnings are about. */
  setSource(name: string, bytes: Uint8Array): void;
  /** The build is over: readers get the rest, and end. */
  end(): void;
  /** From the first piece on. */
  read(signal: AbortSignal): AsyncGenerator<StatusPiece, void, undefined>;
}

/** Digests of vertices contain `ref`, as a client shows the builds of several targets in one list. */
export function createStatusLog(ref: string, hide: Hide): StatusLog {
  const pieces: StatusPiece[] = [];
  const toPiece = createTranslator(ref, hide);
  let hasEnded = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const sleepers = waiting;
    waiting = [];
    for (const resolve of sleepers) resolve();
  };
  return {
    emit(event) {
      const piece = toPiece.piece({ at: Date.now(), ...event });
      if (piece === undefined || hasEnded) return;
      pieces.push(piece);
      wake();
    },
    setSource: (name, bytes) => toPiece.setSource(name, bytes),
    end() {
      hasEnded = true;
      wake();
    },
    async *read(signal) {
      const stop = (): void => wake();
      signal.addEventListener("abort", stop);
      try {
        for (let next = 0; ;) {
          signal.throwIfAborted();
          const piece = pieces[next];
          if (piece !== undefined) {
            next += 1;
            yield piece;
          } else if (hasEnded) return;
          else await new Promise<void>((resolve) => waiting.push(resolve));
        }
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

/** Events of a build as pieces of its status; also for builds of the history. */
export function createTranslator(
  ref: string,
  hide: Hide,
): {
  readonly setSource: (name: string, bytes: Uint8Array) => void;
  readonly piece: (event: BuildEvent) => StatusPiece | undefined;
} {
  const names = new Map<string, string>();
  const started = new Map<string, number>();
  const logged = new Map<string, number>();
  let source: { readonly name: string; readonly bytes: Uint8Array } | undefined;
  const digestOf = (vertex: string): string => vertexDigest(ref, vertex);
  const vertex = (id: string, more: NonNullable<StatusPiece["vertexes"]>[number] = {}): StatusPiece => {
    const at = started.get(id);
    const times = at === undefined ? {} : { started: timestampFromMs(at) };
    return { vertexes: [{ digest: digestOf(id), name: names.get(id) ?? id, ...times, ...more }] };
  };
  const log = (id: string, at: number, stream: "stdout" | "stderr", text: string): StatusPiece | undefined => {
    const before = logged.get(id) ?? 0;
    if (before > MAX_LOG_BYTES) return undefined;
    const bytes = Buffer.from(text);
    logged.set(id, before + bytes.byteLength);
    const isLast = before + bytes.byteLength > MAX_LOG_BYTES;
    const msg = isLast ? Buffer.concat([bytes, Buffer.from("\n[output clipped, log limit 2MiB reached]\n")]) : bytes;
    return { logs: [{ vertex: digestOf(id), timestamp: timestampFromMs(at), stream: stream === "stderr" ? 2n : 1n, msg }] };
  };
  return {
    setSource: (name, bytes) => (source = { name, bytes }),
    piece(event) {
      switch (event.type) {
        case "vertex.planned":
          names.set(event.vertex, hide(event.name));
          return vertex(event.vertex);
        case "vertex.started":
          started.set(event.vertex, event.at);
          return vertex(event.vertex);
        case "vertex.cached":
          if (!started.has(event.vertex)) started.set(event.vertex, event.at);
          return vertex(event.vertex, { completed: timestampFromMs(event.at), cached: true });
        case "vertex.done":
          return vertex(event.vertex, { completed: timestampFromMs(event.at) });
        case "vertex.failed":
          return vertex(event.vertex, { completed: timestampFromMs(event.at), error: hide(event.message) });
        case "vertex.cancelled":
          if (!started.has(event.vertex)) return undefined;
          return vertex(event.vertex, { completed: timestampFromMs(event.at), error: "context canceled" });
        case "log":
          return log(event.vertex, event.at, event.stream, event.data);
        case "transfer": {
          const { id, action, currentBytes, totalBytes = 0, done, at } = event;
          const time = timestampFromMs(at);
          const ends = done ? { completed: time } : {};
          const numbers = { current: BigInt(currentBytes), total: BigInt(totalBytes) };
          return {
            statuses: [
              {
                id: id.startsWith("/") ? "writing" : id,
                vertex: digestOf(event.vertex),
                name: action,
                ...numbers,
                timestamp: time,
                started: time,
                ...ends,
              },
            ],
          };
        }
        case "warning": {
          const place = event.source === undefined ? {} : placeOf(event.source, source);
          const line = event.source === undefined ? "" : ` (line ${event.source.line})`;
          const short = Buffer.from(`${event.code}: ${hide(event.message)}${line}`);
          return { warnings: [{ vertex: digestOf("warnings"), level: 1n, short, url: event.url ?? "", ...place }] };
        }
        // What the protocol has no words for.
        case "result":
        case "plan":
        case "vertex.missed":
        case "vertex.usage":
        case "versions":
        case "size":
          return undefined;
        default:
          return event satisfies never;
      }
    },
  };
}

function placeOf(
  { file, line, endLine }: EventSource,
  source: { readonly name: string; readonly bytes: Uint8Array } | undefined,
): Pick<Exclude<MessageInitShape<typeof VertexWarningSchema>, VertexWarning>, "info" | "ranges"> {
  if (source === undefined) return {};
  return {
    info: { filename: file, data: source.bytes, language: "Dockerfile" },
    ranges: [{ start: { line }, end: { line: Math.max(line, endLine) } }],
  };
}
