import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventInput } from "./events.ts";
import { startProgress } from "./transfer.ts";

test("startProgress() tells at most ten times a second, and the end always", () => {
  const told: EventInput[] = [];
  let now = 0;
  const progress = startProgress((event) => told.push(event), { vertex: "v", id: "x", action: "push", totalBytes: 300, now: () => now });
  for (now = 0; now < 300; now += 1) progress.add(1);
  progress.end();
  assert.deepEqual(
    told.map((event) => (event.type === "transfer" ? [event.currentBytes, event.done] : event)),
    [
      [1, false],
      [101, false],
      [201, false],
      [300, true],
    ],
  );
});
