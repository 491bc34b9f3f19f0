/** Events that replay from the first, also where there is no room to keep them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { smallDisk } from "../../test/support/small-disk.ts";
import { isDecantError } from "../errors.ts";
import type { BuildEvent, Emit } from "../events.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";

const LINE = "x".repeat(64 * 1024);

const PLAIN: Shape = shapeOf<Record<never, never>>("test", {});

async function printed(emit: Emit, times: number, signal: AbortSignal): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    signal.throwIfAborted();
    emit({ type: "log", vertex: "v", stream: "stdout", data: `${time} ${LINE}` });
    await Promise.resolve();
  }
}

test("X7: startRun() keeps much output in a file, and replays all of it", async () => {
  await using run = startRun(PLAIN, {}, (emit, signal) => printed(emit, 3000, signal));
  await run.result;
  const before = process.memoryUsage().rss;
  let next = 0;
  for await (const event of run) {
    assert.ok(event.type === "log" && event.data.startsWith(`${next} `));
    next += 1;
  }
  assert.equal(next, 3000);
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
});

test("X8: startRun() ends the work when the disk for its events is full, and gives the events that matter", async () => {
  await using disk = smallDisk("2m");
  const tmp = process.env["TMPDIR"];
  process.env["TMPDIR"] = disk.path;
  try {
    await using run = startRun(PLAIN, {}, async (emit, signal) => {
      await printed(emit, 1000, signal).finally(() => emit({ type: "vertex.cancelled", vertex: "v" }));
    });
    const events: BuildEvent[] = [];
    for await (const event of run) events.push(event);
    await assert.rejects(run.result, (error) => isDecantError(error, "STORE_FULL") && /events of a run/.test(error.message));
    assert.deepEqual([events.length > 30, events.at(-1)?.type], [true, "vertex.cancelled"]);
  } finally {
    if (tmp === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = tmp;
  }
});
