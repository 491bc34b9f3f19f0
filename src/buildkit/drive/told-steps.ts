/** What a builder tells of a build, as steps of ours: with our names and places, each ended once. */
import { DecantError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { reachable, type Vertex as GraphVertex } from "../../graph/index.ts";
import { planStep, runStepLater } from "../../step.ts";
import { startProgress } from "../../transfer.ts";
import type { StatusResponse, Vertex, VertexStatus } from "../wire/control_pb.ts";
import type { ToldVertices } from "./told-vertices.ts";

/** The steps of one target. */
export interface ToldSteps {
  /** From now on this builder tells: after a lost one what has ended stays so, and the rest goes on. */
  follow(told: ToldVertices): void;
  take(status: StatusResponse): void;
  /**
   * Ends what is open. After a build that is done that was not needed. After an error what is at work is cancelled where another step has failed, and
   * fails with the error where none has; what has not begun stays so. Gives how many steps ran, and how many were reused.
   */
  end(error?: unknown): Promise<{ readonly executed: number; readonly cached: number }>;
  /** The step that failed first, if one did. */
  readonly failed: { readonly vertex: GraphVertex; readonly message: string; readonly log: string } | undefined;
  /** Steps that have started and not ended. */
  running(): readonly GraphVertex[];
}

interface OpenStep {
  /** In the stream of events. */
  readonly id: string;
  readonly vertex: GraphVertex;
  readonly started: () => void;
  /** Has it been told to start? */
  readonly hasBegun: () => boolean;
  readonly cancelled: () => void;
  readonly ended: (outcome: { readonly error?: unknown; readonly cached?: boolean }) => void;
  /** At once for a step that nobody told anything. */
  readonly settled: () => Promise<void>;
  state: "planned" | "running" | "done" | "cached" | "failed";
  log: string;
}

const MAX_LOG_CHARS = 4096;
const CANCELLED = /context canceled|canceled: /;

/** Announces the steps below `target`, and follows what the builder says of them. */
export function toldSteps(
  target: GraphVertex,
  {
    idOf,
    emit,
    mask,
    signal,
  }: {
    readonly idOf: (vertex: GraphVertex) => string;
    readonly emit: Emit;
    readonly mask: (text: string) => string;
    readonly signal: AbortSignal;
  },
): ToldSteps {
  const steps = new Map<string, OpenStep>();
  for (const vertex of reachable(target)) {
    if (vertex.op.kind === "merge") continue;
    const { name, stage, source } = vertex.meta;
    planStep(emit, { vertex: idOf(vertex), name, stage, source });
    steps.set(vertex.id, openStep(vertex, { id: idOf(vertex), emit, signal }));
  }
  const transfers = toldTransfers(emit);
  let graph: ToldVertices | undefined;
  let failed: ToldSteps["failed"];
  const stepOf = (digest: string): OpenStep | undefined => steps.get(graph?.find(digest)?.id ?? "");

  const takeVertex = (told: Vertex): void => {
    const step = stepOf(told.digest);
    if (step === undefined || step.state === "failed" || step.state === "cached") return;
    if (told.error !== "") {
      if (CANCELLED.test(told.error)) return;
      failed ??= { vertex: step.vertex, message: told.error, log: step.log };
      step.state = "failed";
      step.started();
      step.ended({ error: failure(step, told.error) });
      return;
    }
    if (told.cached) {
      step.state = "cached";
      step.ended({ cached: true });
      return;
    }
    if (told.started !== undefined && step.state === "planned") {
      step.started();
      endInputs(step.vertex);
    }
    // One may start again: first its key is worked out, then it runs.
    if (told.completed !== undefined) step.state = "done";
    else if (told.started !== undefined) step.state = "running";
  };
  /** A step that works has all of its inputs: they do not start again. */
  const endInputs = ({ inputs }: GraphVertex): void => {
    for (const input of inputs) {
      const step = steps.get(input.id);
      if (step === undefined) endInputs(input);
      else if (step.state === "done") step.ended({});
    }
  };

  const endUnfinished = (step: OpenStep, error: unknown): void => {
    if (!step.hasBegun() || step.state === "failed") return;
    if (failed === undefined) step.ended({ error });
    else step.cancelled();
  };

  return {
    follow(told) {
      graph = told;
      for (const step of steps.values()) if (step.state === "running") step.state = "planned";
    },
    take({ vertexes, statuses, logs, warnings }) {
      for (const vertex of vertexes) graph?.learn(vertex);
      for (const vertex of vertexes) takeVertex(vertex);
      for (const status of statuses) transfers.take(stepOf(status.vertex)?.id, status);
      for (const { vertex, stream, msg } of logs) {
        const step = stepOf(vertex);
        if (step === undefined) continue;
        const data = mask(Buffer.from(msg).toString("utf8"));
        step.log = `${step.log}${data}`.slice(-MAX_LOG_CHARS);
        emit({ type: "log", vertex: step.id, stream: stream === 2n ? "stderr" : "stdout", data });
      }
      for (const { short } of warnings) emit({ type: "warning", code: "Builder", message: Buffer.from(short).toString("utf8") });
    },
    async end(error) {
      let executed = 0;
      let cached = 0;
      for (const step of steps.values()) {
        const isStep = step.vertex.op.kind !== "source" && !step.vertex.meta.internal;
        if (error !== undefined && step.state !== "done" && step.state !== "cached") endUnfinished(step, error);
        else if (step.state === "planned") step.ended({ cached: true });
        else step.ended({});
        if (isStep && step.state === "done") executed += 1;
        if (isStep && (step.state === "cached" || step.state === "planned")) cached += 1;
        await step.settled();
      }
      return { executed, cached };
    },
    get failed() {
      return failed;
    },
    running: () => [...steps.values()].flatMap(({ state, vertex }) => (state === "running" ? [vertex] : [])),
  };
}

/** Bytes on their way at the builder. */
function toldTransfers(emit: Emit): { take(step: string | undefined, status: VertexStatus): void } {
  const open = new Map<string, ReturnType<typeof startProgress>>();
  return {
    take(step, { id, current, total, completed }) {
      // Others have no bytes: they only say that something is going on.
      if (step === undefined || (current === 0n && total === 0n)) return;
      const key = `${step} ${id}`;
      const totalBytes = total > 0n ? { totalBytes: Number(total) } : {};
      const progress =
        open.get(key) ?? startProgress(emit, { vertex: step, id: id.trim().replace(/:$/, ""), action: "fetch", ...totalBytes });
      open.set(key, progress);
      progress.at(Number(current));
      if (completed !== undefined) progress.end();
    },
  };
}

function openStep(
  vertex: GraphVertex,
  { id, emit, signal }: { readonly id: string; readonly emit: Emit; readonly signal: AbortSignal },
): OpenStep {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<{ readonly error?: unknown; readonly cached?: boolean }>();
  const stop = new AbortController();
  let hasBegun = false;
  let work: Promise<void> | undefined;
  const follow = (): void => {
    work ??= runStepLater(emit, id, AbortSignal.any([signal, stop.signal]), async (step) => {
      void started.promise.then(() => step.start());
      const { error, cached = false } = await ended.promise;
      if (error !== undefined) throw error;
      if (cached) step.cached("result of an earlier build on the builder");
      // What failed is told by the build.
    }).catch(() => undefined);
  };
  return {
    id,
    vertex,
    started() {
      hasBegun = true;
      follow();
      started.resolve();
    },
    hasBegun: () => hasBegun,
    cancelled() {
      stop.abort();
      ended.resolve({ error: stop.signal.reason });
    },
    ended(outcome) {
      follow();
      ended.resolve(outcome);
    },
    settled: () => work ?? Promise.resolve(),
    state: "planned",
    log: "",
  };
}

/** An error of a step on a builder, in our words. */
export function failure({ vertex, log }: Pick<OpenStep, "vertex" | "log">, message: string): DecantError {
  const { name, source } = vertex.meta;
  const [, exitCode] = /exit code:? (\d+)/.exec(message) ?? [];
  const code = vertex.op.kind === "exec" ? "RUN_FAILED" : /not found|no such file/i.test(message) ? "COPY_SOURCE_MISSING" : "BUILDER";
  const own = `${name} failed: `;
  const why = message.startsWith(own)
    ? message.slice(own.length)
    : exitCode !== undefined && /^process ".*" did not complete/s.test(message)
      ? `exit code ${exitCode}`
      : message;
  const details = { step: name, ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }), logTail: log };
  return new DecantError(code, `${name} failed: ${why}`, { details, source: source && [source] });
}
