/** The handle of running work: events that replay from the first, a result, and a disposal that waits for the clean-up. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { BuildEvent, Emit } from "../events.ts";
import { machineError } from "../machine-error.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../sys/index.ts";
import { writeAll, writeFailure } from "../tree/index.ts";
import type { StoreOptions } from "../context/index.ts";
import { checkOptions, type Shape } from "./options/shape.ts";
import type { Run } from "./types.ts";

/** Events kept in memory; what comes after goes to a file, so that a chatty build does not grow the process. */
const MEMORY_EVENTS = 10_000;
/** What they may hold of the output of steps. */
const MEMORY_LOG_CHARS = 1024 * 1024;

/**
 * Checks `options`, starts `work` at once and gives its handle. The options' signal cancels it, as `cancel` and disposal do. Wrong options are told
 * as everything else: `result` rejects with `USAGE`.
 */
export function startRun<Result>(
  shape: Shape,
  options: StoreOptions,
  work: (emit: Emit, signal: AbortSignal) => Promise<Result>,
): Run<Result> {
  return runWork(signalOf(options), async (emit, signal) => {
    checkOptions(shape, options);
    return await work(emit, signal);
  });
}

/** Of options that are not checked yet. */
function signalOf(options: unknown): AbortSignal | undefined {
  const signal: unknown = typeof options === "object" && options !== null ? Reflect.get(options, "signal") : undefined;
  return signal instanceof AbortSignal ? signal : undefined;
}

function runWork<Result>(signal: AbortSignal | undefined, work: (emit: Emit, signal: AbortSignal) => Promise<Result>): Run<Result> {
  const stop = new AbortController();
  const linked = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  // A full disk must not end the process: whoever emits is in the middle of something.
  const log = createEventLog((error) => stop.abort(error));
  const emit: Emit = (event) => log.add({ at: Date.now(), ...event });
  const result = work(emit, linked).then(
    (value) => {
      log.end();
      return value;
    },
    (error: unknown) => {
      log.end();
      throw machineError(error);
    },
  );
  // A caller who ignores the result must not lose its process.
  result.catch(() => undefined);
  return {
    result,
    cancel: (reason) => stop.abort(reason),
    [Symbol.asyncIterator]: () => log.replay(),
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("The run was disposed", "AbortError"));
      await result.catch(() => undefined);
      log.dispose();
    },
  };
}

interface EventLog {
  add(event: BuildEvent): void;
  end(): void;
  replay(): AsyncGenerator<BuildEvent, void, undefined>;
  dispose(): void;
}

/** `onFailure` gets the error when events cannot be kept any more: from then on output is lost, and nothing else. */
function createEventLog(onFailure: (error: unknown) => void): EventLog {
  const memory: BuildEvent[] = [];
  /** What came after the failure. */
  const late: BuildEvent[] = [];
  let logChars = 0;
  let spill: Spill | undefined;
  let hasFailed = false;
  let ended = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const sleepers = waiting;
    waiting = [];
    for (const resolve of sleepers) resolve();
  };
  const count = (): number => memory.length + (spill?.count ?? 0) + late.length;
  const at = (index: number): BuildEvent | undefined => {
    const inSpill = index - memory.length;
    if (inSpill < 0) return memory[index];
    return spill?.read(inSpill) ?? late[inSpill - (spill?.count ?? 0)];
  };
  const keep = (event: BuildEvent): void => {
    if (hasFailed) {
      if (event.type !== "log") late.push(event);
    } else if (spill === undefined && memory.length < MEMORY_EVENTS && logChars < MEMORY_LOG_CHARS) memory.push(event);
    else (spill ??= createSpill()).add(event);
  };
  return {
    add(event) {
      if (event.type === "log") logChars += event.data.length;
      try {
        keep(event);
      } catch (error) {
        hasFailed = true;
        keep(event);
        onFailure(error);
      }
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *replay() {
      for (let next = 0; ; next += 1) {
        while (next >= count()) {
          if (ended) return;
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
        const event = at(next);
        if (event !== undefined) yield event;
      }
    },
    dispose: () => spill?.dispose(),
  };
}

interface Spill {
  readonly count: number;
  /** Throws `STORE_FULL`. */
  add(event: BuildEvent): void;
  read(index: number): BuildEvent | undefined;
  dispose(): void;
}

const WHAT = "the events of a run to a temporary file";

function createSpill(): Spill {
  const { folder, file } = openTemporary();
  const ends: number[] = [];
  return {
    get count() {
      return ends.length;
    },
    add(event) {
      const bytes = Buffer.from(JSON.stringify(event));
      writeAll(file, bytes, WHAT);
      ends.push((ends.at(-1) ?? 0) + bytes.byteLength);
    },
    read(index) {
      const start = index === 0 ? 0 : (ends[index - 1] ?? 0);
      const end = ends[index];
      if (end === undefined) return undefined;
      const buffer = Buffer.alloc(end - start);
      readSync(file, buffer, 0, buffer.byteLength, start);
      // Written by `add` above.
      return JSON.parse(buffer.toString("utf8")) as BuildEvent;
    },
    dispose() {
      closeSync(file);
      folder[Symbol.dispose]();
    },
  };
}

function openTemporary(): { readonly folder: TemporaryFolder; readonly file: number } {
  try {
    const folder = makeTemporaryFolder("events");
    return { folder, file: openSync(join(folder.path, "events"), "w+", 0o600) };
  } catch (error) {
    throw writeFailure(error, WHAT);
  }
}
