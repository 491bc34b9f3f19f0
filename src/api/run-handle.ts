/** The handle of running work: events that replay from the first, a result, and a disposal that waits for the clean-up. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildEvent, Emit } from "../events.ts";
import type { StoreOptions } from "../context/index.ts";
import { checkOptions, type Shape } from "./options/shape.ts";
import type { Run } from "./types.ts";

/** Events kept in memory; what comes after goes to a file, so that a chatty build does not grow the process. */
const MEMORY_EVENTS = 10_000;

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
  const log = createEventLog();
  const emit: Emit = (event) => log.add({ at: Date.now(), ...event });
  const result = work(emit, linked).then(
    (value) => {
      log.end();
      return value;
    },
    (error: unknown) => {
      log.end();
      throw error;
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

function createEventLog(): EventLog {
  const memory: BuildEvent[] = [];
  let spill: Spill | undefined;
  let count = 0;
  let ended = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const sleepers = waiting;
    waiting = [];
    for (const resolve of sleepers) resolve();
  };
  return {
    add(event) {
      if (memory.length < MEMORY_EVENTS) memory.push(event);
      else (spill ??= createSpill()).add(event);
      count += 1;
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *replay() {
      for (let next = 0; ; next += 1) {
        while (next >= count) {
          if (ended) return;
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
        const event = next < memory.length ? memory[next] : spill?.read(next - memory.length);
        if (event !== undefined) yield event;
      }
    },
    dispose: () => spill?.dispose(),
  };
}

interface Spill {
  add(event: BuildEvent): void;
  read(index: number): BuildEvent | undefined;
  dispose(): void;
}

function createSpill(): Spill {
  const folder = mkdtempSync(join(tmpdir(), "decant-events-"));
  const file = openSync(join(folder, "events"), "w+", 0o600);
  const ends: number[] = [];
  return {
    add(event) {
      const start = ends.at(-1) ?? 0;
      ends.push(start + writeSync(file, JSON.stringify(event), start));
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
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
