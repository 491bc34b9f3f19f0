/** What is true of every event stream. */
import assert from "node:assert/strict";
import type { BuildEvent } from "../../src/index.ts";

/** Every step that started has ended, no step ends twice, and only planned steps do anything. */
export function stepsEnd(events: readonly BuildEvent[]): void {
  const states = new Map<string, string>();
  for (const event of events) {
    if (!("vertex" in event)) continue;
    const before = states.get(event.vertex);
    switch (event.type) {
      case "vertex.planned":
      case "vertex.missed":
      case "vertex.usage":
      case "log":
      case "transfer":
        if (before === undefined) states.set(event.vertex, "planned");
        break;
      case "vertex.started":
        assert.notEqual(before, "started", `step ${event.vertex} started twice`);
        states.set(event.vertex, "started");
        break;
      case "vertex.done":
      case "vertex.cached":
      case "vertex.failed":
      case "vertex.cancelled":
        assert.ok(
          before === "planned" || before === "started" || before === undefined,
          `step ${event.vertex} ended as ${before} and ${event.type}`,
        );
        states.set(event.vertex, "ended");
    }
  }
  const running = [...states].filter(([, state]) => state === "started").map(([vertex]) => vertex);
  assert.deepEqual(running, [], "steps that never ended");
}
