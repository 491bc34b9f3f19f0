import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildEvent } from "../events.ts";
import { buildData } from "./build-data.ts";

const SOURCE = { file: "Dockerfile", line: 2, column: 1, endLine: 2 };
const EVENTS: readonly BuildEvent[] = [
  {
    at: 10,
    type: "plan",
    platform: "linux/amd64",
    cores: 4,
    stages: [
      { name: "build", base: "debian", needs: [], isNeeded: true, isTarget: false, source: SOURCE },
      { name: "docs", base: "debian", needs: [], isNeeded: false, isTarget: false },
      { name: "app", base: "scratch", needs: [0], isNeeded: true, isTarget: true },
    ],
  },
  { at: 11, type: "vertex.planned", vertex: "a", name: "[build 1/1] RUN make", stage: "build", source: SOURCE },
  { at: 12, type: "vertex.planned", vertex: "b", name: "[app 1/1] COPY . .", stage: "app", inputs: ["a"] },
  { at: 20, type: "vertex.started", vertex: "a" },
  { at: 30, type: "transfer", vertex: "a", id: "x", action: "pull", currentBytes: 7, done: true },
  { at: 120, type: "vertex.done", vertex: "a", durationMs: 100 },
  { at: 121, type: "vertex.cached", vertex: "b", why: "result of an earlier build" },
  { at: 122, type: "warning", code: "X", message: "odd", source: SOURCE },
  { at: 123, type: "result", kind: "image", name: "app", digest: "sha256:1" },
];

describe("buildData()", () => {
  it("G8: tells stages, steps with their inputs, reasons, times and logs", () => {
    const record = { id: "b1", title: "app", state: "done", startedAt: 5, finishedAt: 130 } as const;
    const data = buildData({ record, events: EVENTS, logOf: (vertex) => (vertex === "a" ? "made\n" : undefined) });
    assert.deepEqual(data, {
      id: "b1",
      title: "app",
      state: "done",
      startedAt: 5,
      finishedAt: 130,
      cores: 4,
      platforms: ["linux/amd64"],
      stages: [
        { name: "build", base: "debian", needs: [], isNeeded: true, isTarget: false, place: { file: "Dockerfile", line: 2 } },
        { name: "docs", base: "debian", needs: [], isNeeded: false, isTarget: false },
        { name: "app", base: "scratch", needs: [0], isNeeded: true, isTarget: true },
      ],
      steps: [
        {
          name: "[build 1/1] RUN make",
          stage: "build",
          place: { file: "Dockerfile", line: 2 },
          inputs: [],
          state: "ran",
          startedAt: 20,
          endedAt: 120,
          plannedAt: 11,
          transfers: [{ action: "pull", id: "x", bytes: 7 }],
          log: "made\n",
        },
        {
          name: "[app 1/1] COPY . .",
          stage: "app",
          inputs: [0],
          state: "hit",
          why: "result of an earlier build",
          endedAt: 121,
          plannedAt: 12,
          transfers: [],
        },
      ],
      warnings: [{ code: "X", message: "odd", place: { file: "Dockerfile", line: 2 } }],
      results: [{ kind: "image", name: "app", digest: "sha256:1" }],
    });
  });

  it("G8: of several targets, a stage counts that one of them needs, and a platform counts once", () => {
    const record = { id: "b1", title: "a, b", state: "done", startedAt: 5 } as const;
    const none = { base: "scratch", needs: [], isNeeded: false, isTarget: false };
    const plan = { type: "plan", platform: "linux/amd64", cores: 4 } as const;
    const [base, a] = [
      { ...none, name: "base", isNeeded: true },
      { ...none, name: "a", needs: [0], isNeeded: true, isTarget: true },
    ];
    const b = { ...a, name: "b" };
    const events: readonly BuildEvent[] = [
      { ...plan, at: 1, stages: [base, a, { ...none, name: "b" }] },
      { ...plan, at: 2, stages: [base, { ...none, name: "a" }, b] },
    ];
    const { platforms, stages } = buildData({ record, events, logOf: () => undefined });
    assert.deepEqual({ platforms, stages }, { platforms: ["linux/amd64"], stages: [base, a, b] });
  });

  it("G8: a build that failed before it had a plan has its failure, and no stages", () => {
    const record = { id: "b2", title: "app", state: "failed", startedAt: 5, finishedAt: 9, error: "no" } as const;
    const events: readonly BuildEvent[] = [
      { at: 6, type: "vertex.planned", vertex: "a", name: "load" },
      { at: 6, type: "vertex.started", vertex: "a" },
      { at: 8, type: "vertex.failed", vertex: "a", code: "REGISTRY_UNREACHABLE", message: "no", hint: "look", source: [SOURCE] },
    ];
    const { stages, steps, cores } = buildData({ record, events, logOf: () => undefined });
    assert.deepEqual([stages, cores], [[], undefined]);
    assert.deepEqual(steps[0]?.failure, {
      code: "REGISTRY_UNREACHABLE",
      message: "no",
      hint: "look",
      places: [{ file: "Dockerfile", line: 2 }],
    });
    assert.equal(steps[0]?.state, "failed");
  });
});
