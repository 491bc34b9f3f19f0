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

/** One stage of a Dockerfile. */
export interface StageFact {
  /** Its name, or "stage-0". `vertex.planned` has the same, but where the Dockerfile has one stage only. */
  readonly name: string;
  /** What its FROM names: an image, "scratch" or another stage. */
  readonly base: string;
  /** Positions, in the list of stages, of those that it is from, copies from or mounts. Known of stages that are needed. */
  readonly needs: readonly number[];
  /** False: the target does without it, so none of it is looked at. */
  readonly isNeeded: boolean;
  readonly isTarget: boolean;
  readonly source?: EventSource;
}
/** What will be built, before the first step: the stages of the Dockerfile. Comes once for each platform. */
interface BuildPlanned extends EventBase {
  readonly type: "plan";
  readonly platform: string;
  /** Processors that this process may use. */
  readonly cores: number;
  readonly stages: readonly StageFact[];
}
/** A step of the graph is known; `name` is what progress shows, e.g. "[build 2/5] RUN npm ci". */
interface VertexPlanned extends EventBase {
  readonly type: "vertex.planned";
  readonly vertex: string;
  readonly name: string;
  readonly stage?: string;
  readonly source?: EventSource;
  /** The steps that it waits for. Absent: none. */
  readonly inputs?: readonly string[];
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
  /** What the step is made of: the name of its record in the store. Absent for steps that are not of a Dockerfile. */
  readonly key?: string;
}
/** What is not as it was of one path. */
export interface PathChange {
  readonly path: string;
  /** "link" is where a symlink leads, "hard links" which other path is the same file. */
  readonly change: "new" | "gone" | "content" | "mode" | "owner" | "type" | "link" | "hard links" | "attributes";
  /** As text: "644", "0:0". Absent where one word says it all. */
  readonly from?: string;
  readonly to?: string;
}
/** An input of a step that is not what it was when the step ran before. */
export interface InputChange {
  readonly input: "files" | "ARG" | "ENV" | "base image" | "parent step" | "instruction" | "setting";
  /** The variable, the setting, the source of the files. */
  readonly name: string;
  /** Absent for what is new, and for secrets, digests and lists of files: see `state`. */
  readonly from?: string;
  readonly to?: string;
  readonly state: "new" | "gone" | "changed";
  /** Its name sounds like that of a secret: its values are not told. */
  readonly isSecret?: boolean;
  /** Of files: the paths, at most twenty of them. Absent where only their digest is known. */
  readonly paths?: readonly PathChange[];
  /** Of files: how many more paths changed. */
  readonly morePaths?: number;
}
/** Why the cache had no result for a step. */
export interface MissReason {
  /** "no-cache": an option says so. "first": it never ran. "removed": its result was there. "changed": an input is another one. */
  readonly kind: "no-cache" | "first" | "removed" | "changed";
  /** Against the nearest earlier record of the step. */
  readonly changes?: readonly InputChange[];
  /** When that record was made, in milliseconds since the epoch. */
  readonly recordedAt?: number;
  /** When a prune removed its result ("removed"), or all that was known of it ("first"). Absent where no prune did, or nobody knows. */
  readonly prunedAt?: number;
}
/** The cache has no result for a step, so that it must run: told before it starts. */
interface VertexMissed extends EventBase {
  readonly type: "vertex.missed";
  readonly vertex: string;
  readonly reason: MissReason;
  /** What the step is made of, and the record that it was compared with: names of records of the store. */
  readonly key: string;
  readonly nearest?: string;
}
/** What the process of a step used, as far as this machine tells. */
export interface StepUsage {
  /** Of all its processes, in user and kernel mode. */
  readonly cpuMs?: number;
  /** The most memory that one of its processes had, where that is more than Decant itself has and than any step before. */
  readonly memoryBytes?: number;
  /** From and to disks; what the page cache gave and took is not in it. */
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}
/** What the process of a step used: told when it has ended, also when it has failed. */
interface VertexUsage extends EventBase {
  readonly type: "vertex.usage";
  readonly vertex: string;
  readonly usage: StepUsage;
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

/** What a build is made with: for the history. */
interface VersionsEvent extends EventBase {
  readonly type: "versions";
  /** By what has it: "decant", "node", "linux", "dockerfile" (the frontend that is followed). */
  readonly versions: Readonly<Record<string, string>>;
}
/** How large the image is: the files of its layers, unpacked. Told before it is written. Not told where a layer would have to be fetched for it. */
export interface SizeEvent extends EventBase {
  readonly type: "size";
  /** Of the build. */
  readonly name: string;
  /** Only in a build of several targets. */
  readonly target?: string;
  /** Only in a build for several. */
  readonly platform?: string;
  readonly sizeBytes: number;
  /** Of the last build of this name, target and platform that was written. */
  readonly previousBytes?: number;
}

/** Every event. */
export type BuildEvent =
  | BuildPlanned
  | VertexPlanned
  | VertexStarted
  | VertexCached
  | VertexMissed
  | VertexUsage
  | VertexDone
  | VertexFailed
  | VertexCancelled
  | LogEvent
  | TransferEvent
  | WarningEvent
  | ResultEvent
  | SizeEvent
  | VersionsEvent;

type WithoutTime<Event> = Event extends BuildEvent ? Omit<Event, "at"> : never;
/** An event before it got its time. */
export type EventInput = WithoutTime<BuildEvent>;

/** Takes events; never throws, never blocks. */
export type Emit = (event: EventInput) => void;

/** An `Emit` that forgets everything. */
export const noEvents: Emit = () => undefined;
