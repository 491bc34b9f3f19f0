import assert from "node:assert/strict";
import { test } from "node:test";
import { DecantError } from "./errors.ts";
import type { EventInput } from "./events.ts";
import { runStepLater, step } from "./step.ts";

const never = new AbortController().signal;

/** What is told, without times. */
async function told(work: (emit: (event: EventInput) => void) => Promise<unknown>): Promise<string[]> {
  const events: string[] = [];
  await work(({ type }) => events.push(type)).catch(() => events.push("rejected"));
  return events;
}

test("step() tells its plan, its start and its end", async () => {
  assert.deepEqual(await told((emit) => step(emit, { vertex: "a", name: "A" }, never, () => Promise.resolve())), [
    "vertex.planned",
    "vertex.started",
    "vertex.done",
  ]);
});

test("U2: runStepLater() starts when the work says so, once", async () => {
  const events = await told((emit) =>
    runStepLater(emit, "a", never, async (running) => {
      await Promise.resolve();
      emit({ type: "log", vertex: "b", stream: "stdout", data: "another works" });
      running.start();
      running.start();
    }),
  );
  assert.deepEqual(events, ["log", "vertex.started", "vertex.done"]);
});

test("U2: runStepLater() starts work that never said so at its end, and not what needed none", async () => {
  assert.deepEqual(await told((emit) => runStepLater(emit, "a", never, () => Promise.resolve())), ["vertex.started", "vertex.done"]);
  const cached = (emit: (event: EventInput) => void): Promise<void> =>
    runStepLater(emit, "a", never, (running) => Promise.resolve(running.cached("it was here")));
  assert.deepEqual(await told(cached), ["vertex.cached"]);
});

test("U2: runStepLater() that fails or is cancelled while it waits has not started", async () => {
  const failing = (signal: AbortSignal) => (emit: (event: EventInput) => void) =>
    runStepLater(emit, "a", signal, () => Promise.reject(new DecantError("USAGE", "no")));
  assert.deepEqual(await told(failing(never)), ["vertex.failed", "rejected"]);
  assert.deepEqual(await told(failing(AbortSignal.abort())), ["vertex.cancelled", "rejected"]);
});
