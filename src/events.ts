/**
 * The event stream: what a build (and a pull, push, assembly …) tells while it works. Data only, JSON-safe;
 * `--progress=rawjson` prints exactly these, one a line. The terminal, the history, the report and library users fold the same events.
 */
import { type ErrorCode, isDecantError } from "./errors.ts";
import { machineError } from "./machine-error.ts";
import type { SourceRange } from "./source.ts";

/** A place in a file, without the text, so that it can be sent. */
export interface EventSource {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
}

/** The place of a range, as events carry it. */
export function eventSource(range: SourceRange): EventSource {
  return { file: range.file.name, line: range.start.line, column: range.start.column, endLine: range.end.line };
}

/** An error as a failed step carries it. */
export function failureOf(failure: unknown): Pick<VertexFailed, "code" | "message" | "hint" | "source" | "details"> {
  const error = machineError(failure);
  if (!isDecantError(error)) return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
  const { code, message, hint, source, details } = error;
  return {
    code,
    message,
    hint,
    ...(source.length === 0 ? {} : { source: source.map(eventSource) }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

interface EventBase {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A step of the graph is known; `name` is what progress shows, e.g. "[build 2/5] RUN npm ci". */
interface VertexPlanned extends EventBase {
  readonly type: "vertex.planned";
  readonly vertex: string;
  readonly name: string;
  readonly stage?: string;
  readonly source?: EventSource;
}
/** Work on a step began. */
interface VertexStarted extends EventBase {
  readonly type: "vertex.started";
  readonly vertex: string;
}
/** A step needed no work. `why`: what was reused. */
interface VertexCached extends EventBase {
  readonly type: "vertex.cached";
  readonly vertex: string;
  readonly why: string;
}
/** A step was done. */
interface VertexDone extends EventBase {
  readonly type: "vertex.done";
  readonly vertex: string;
  readonly durationMs: number;
}
/** A step failed; the work that it is part of ends with the same error, unless it can do without. */
interface VertexFailed extends EventBase {
  readonly type: "vertex.failed";
  readonly vertex: string;
  /** Stable: see docs/errors.md. "INTERNAL" for a bug of Decant. */
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do. */
  readonly hint?: string | undefined;
  /** Places in the user's text, the most important first. */
  readonly source?: readonly EventSource[];
  /** What programs may want to know. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}
/** A step was stopped, because another one failed or the user wanted it. */
interface VertexCancelled extends EventBase {
  readonly type: "vertex.cancelled";
  readonly vertex: string;
}
/** What a RUN wrote. `data` is decoded text, as it came. */
interface LogEvent extends EventBase {
  readonly type: "log";
  readonly vertex: string;
  readonly stream: "stdout" | "stderr";
  readonly data: string;
}
/** Bytes on their way: a pull, a push, an export, a context. Sent at most ten times a second for each id, and once at the end. */
export interface TransferEvent extends EventBase {
  readonly type: "transfer";
  /** The step that this belongs to. */
  readonly vertex: string;
  /** What is moved: a digest, a file name … */
  readonly id: string;
  readonly action: "pull" | "push" | "unpack" | "compress" | "write" | "read" | "fetch";
  readonly currentBytes: number;
  /** Unknown where absent. */
  readonly totalBytes?: number;
  readonly done: boolean;
}
/** Something that is allowed and probably not meant. */
export interface WarningEvent extends EventBase {
  readonly type: "warning";
  /** The check's name, e.g. "StageNameCasing". */
  readonly code: string;
  readonly message: string;
  readonly url?: string;
  readonly source?: EventSource;
  /** The lines around it with the words marked, as text. */
  readonly excerpt?: string;
}
/** An image or a file is finished. */
export interface ResultEvent extends EventBase {
  readonly type: "result";
  /** "image" with a digest, and a name or, where it has none, its image ID. Or "file" with a path. */
  readonly kind: "image" | "file";
  readonly name: string;
  readonly digest?: string;
  readonly sizeBytes?: number;
}

/** Every event. */
export type BuildEvent =
  | VertexPlanned
  | VertexStarted
  | VertexCached
  | VertexDone
  | VertexFailed
  | VertexCancelled
  | LogEvent
  | TransferEvent
  | WarningEvent
  | ResultEvent;

type WithoutTime<Event> = Event extends BuildEvent ? Omit<Event, "at"> : never;
/** An event before it got its time. */
export type EventInput = WithoutTime<BuildEvent>;

/** Takes events; never throws, never blocks. */
export type Emit = (event: EventInput) => void;

/** An `Emit` that forgets everything. */
export const noEvents: Emit = () => undefined;
