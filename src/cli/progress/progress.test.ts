/** Golden tests of the renderers: the same build in each of them. Update with `node --test --test-update-snapshots`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { BuildEvent } from "../../events.ts";
import { createProgress, reduceProgress } from "../../progress.ts";
import { createPlainRenderer } from "./plain.ts";
import { createQuietRenderer } from "./quiet.ts";
import { createScreen } from "./screen.ts";
import { createTerminalRenderer } from "./terminal.ts";
import type { Renderer } from "./types.ts";
import { formatDuration } from "./format-event.ts";

const START = 1_700_000_000_000;
const GOLDEN = join(import.meta.dirname, "../testdata");

/** Seconds since the start, and the event. */
const BUILD: readonly BuildEvent[] = [
  { at: START, type: "vertex.planned", vertex: "a", name: "[internal] load build context" },
  { at: START, type: "vertex.planned", vertex: "b", name: "[build 1/4] FROM docker.io/library/node:18" },
  { at: START, type: "vertex.planned", vertex: "c", name: "[build 2/4] WORKDIR /app" },
  { at: START, type: "vertex.planned", vertex: "d", name: "[build 3/4] RUN npm install" },
  { at: START, type: "vertex.planned", vertex: "e", name: "[build 4/4] RUN npm run build" },
  { at: START + 5, type: "vertex.started", vertex: "a" },
  { at: START + 10, type: "vertex.started", vertex: "b" },
  {
    at: START + 20,
    type: "transfer",
    vertex: "b",
    id: `sha256:${"ab".repeat(32)}`,
    action: "pull",
    currentBytes: 1_000_000,
    totalBytes: 45_000_000,
    done: false,
  },
  { at: START + 400, type: "vertex.done", vertex: "a", durationMs: 395 },
  {
    at: START + 1020,
    type: "transfer",
    vertex: "b",
    id: `sha256:${"ab".repeat(32)}`,
    action: "pull",
    currentBytes: 23_000_000,
    totalBytes: 45_000_000,
    done: false,
  },
  {
    at: START + 1100,
    type: "warning",
    code: "StageNameCasing",
    message: "Stage name 'Build' should be lowercase",
    source: { file: "Dockerfile", line: 1, column: 1, endLine: 1 },
    excerpt: "Dockerfile:1:16\n> 1 | FROM node:18 AS Build\n    |                 ^^^^^\n  2 | WORKDIR /app",
  },
  {
    at: START + 2000,
    type: "transfer",
    vertex: "b",
    id: `sha256:${"ab".repeat(32)}`,
    action: "pull",
    currentBytes: 45_000_000,
    totalBytes: 45_000_000,
    done: true,
  },
  { at: START + 2010, type: "vertex.done", vertex: "b", durationMs: 2000 },
  { at: START + 2020, type: "vertex.cached", vertex: "c", why: "same inputs" },
  { at: START + 2030, type: "vertex.started", vertex: "d" },
  { at: START + 2040, type: "vertex.started", vertex: "e" },
  { at: START + 2442, type: "log", vertex: "d", stream: "stdout", data: "added 230 packages in 4s\nfound " },
  { at: START + 2500, type: "log", vertex: "e", stream: "stdout", data: "compiling 漢字 \u001b[31mred\u001b[0m\r\n" },
  { at: START + 2600, type: "log", vertex: "d", stream: "stderr", data: "0 vulnerabilities\n10%\r20%\u0007" },
];
const END: readonly BuildEvent[] = [
  { at: START + 4000, type: "vertex.done", vertex: "d", durationMs: 1970 },
  { at: START + 4200, type: "vertex.failed", vertex: "e", code: "RUN_FAILED", message: "exit code 1" },
];
const RESULT: BuildEvent = {
  at: START + 4300,
  type: "result",
  kind: "image",
  name: "docker.io/library/app:latest",
  digest: `sha256:${"cd".repeat(32)}`,
  sizeBytes: 45_100_000,
};

/** A renderer with the state that it draws from. */
function fed(renderer: Renderer): {
  readonly event: (event: BuildEvent) => string;
  readonly frame: (nowMs: number, size: { readonly columns: number; readonly rows: number }) => string;
  readonly end: (nowMs: number, isError?: boolean) => string;
} {
  const state = createProgress();
  return {
    event: (event) => renderer.event(event, reduceProgress(state, event)),
    frame: (nowMs, size) => renderer.frame?.(state, nowMs, size) ?? "",
    end: (nowMs, isError = true) => renderer.end(state, nowMs, { isError }),
  };
}

function golden(context: TestContext, name: string, text: string): void {
  context.assert.fileSnapshot(text, join(GOLDEN, name), { serializers: [(value: unknown) => String(value)] });
}

test("createPlainRenderer() prints blocks of one step as buildx does", (context) => {
  const renderer = fed(createPlainRenderer());
  golden(context, "plain.txt", [...BUILD, ...END, RESULT].map((event) => renderer.event(event)).join("") + renderer.end(START + 4300));
});

test("createPlainRenderer() gives the floor to a waiting step when the one that has it is silent", () => {
  const renderer = fed(createPlainRenderer());
  const lines = [...BUILD, { at: START + 9000, type: "log", vertex: "e", stream: "stdout", data: "still here\n" } as const].map((event) =>
    renderer.event(event),
  );
  assert.match(
    lines.at(-1) ?? "",
    /^#4 \.\.\.\n\n#5 \[build 4\/4\] RUN npm run build\n#5 0\.460 compiling 漢字 red\n#5 6\.960 still here\n$/,
  );
});

for (const [columns, rows] of [
  [80, 24],
  [30, 24],
  [80, 5],
] as const) {
  test(`createTerminalRenderer() draws ${columns} columns and ${rows} rows`, (context) => {
    const renderer = fed(createTerminalRenderer({ color: false }));
    const size = { columns, rows };
    const frames = [];
    for (const [at, event] of BUILD.entries()) {
      renderer.event(event);
      if (at === 9) frames.push(renderer.frame(START + 1200, size));
    }
    frames.push(renderer.frame(START + 3000, size));
    for (const event of [...END, RESULT]) renderer.event(event);
    frames.push(renderer.end(START + 4300));
    const shown = frames.map((frame) => frame.replaceAll("\u001b", "␛"));
    for (const line of frames.join("").split("\n"))
      // oxlint-disable-next-line no-control-regex
      assert.ok(line.replace(/\u001b\[\d*[A-Z]|\r/g, "").length < Math.max(columns, 21), line);
    golden(context, `terminal-${columns}x${rows}.txt`, shown.join("-- frame --\n"));
  });
}

test("createQuietRenderer() prints warnings only", () => {
  const renderer = fed(createQuietRenderer());
  assert.equal(
    [...BUILD, ...END].map((event) => renderer.event(event)).join(""),
    "WARNING StageNameCasing: Stage name 'Build' should be lowercase (Dockerfile:1)\n",
  );
});

test("createScreen() rewrites only the lines that changed", () => {
  const screen = createScreen();
  const draw = (finished: readonly string[], live: readonly string[]): string =>
    screen.draw(finished, live, { columns: 80, rows: 24 }, () => assert.fail("nothing is drawn anew"));
  assert.equal(draw([], ["a", "b", "c"]), "\u001b[Ka\n\u001b[Kb\n\u001b[Kc\n");
  assert.equal(draw([], ["a", "b", "c"]), "");
  assert.equal(draw([], ["a", "B", "c"]), "\u001b[3A\r\n\u001b[KB\n\n");
  assert.equal(draw(["done"], ["c"]), "\u001b[3A\r\u001b[Kdone\n\u001b[Kc\n\u001b[J");
  assert.equal(draw([], []), "\u001b[1A\r\u001b[J");
});

test("U2: createScreen() draws all anew in a terminal that became narrower, and whenever the size changes from then on", () => {
  const screen = createScreen();
  const past = ["p1", "p2", "p3", "p4"];
  const draw = (finished: readonly string[], live: readonly string[], columns: number, rows: number): string =>
    screen.draw(finished, live, { columns, rows }, (count) => past.slice(-count));
  draw([], ["a", "b"], 20, 5);
  assert.equal(draw([], ["a", "b"], 200, 5), "\u001b[2A\r\u001b[J\u001b[Ka\n\u001b[Kb\n");
  assert.equal(draw(["p4"], ["a"], 40, 5), "\u001b[H\u001b[Jp2\np3\np4\na\n");
  assert.equal(draw([], ["a"], 40, 5), "");
  assert.equal(draw([], ["a"], 50, 4), "\u001b[H\u001b[Jp3\np4\na\n");
  // What has finished is written all the same.
  assert.equal(draw(["p2", "p3", "p4"], ["a"], 50, 2), "\u001b[H\u001b[Jp2\np3\np4\na\n");
});

test("U2: createScreen() draws all anew where the live lines have more rows than the terminal has now", () => {
  const screen = createScreen();
  screen.draw([], ["a", "b", "c"], { columns: 20, rows: 5 }, () => []);
  assert.equal(
    screen.draw([], ["a", "b"], { columns: 20, rows: 3 }, () => []),
    "\u001b[H\u001b[Ja\nb\n",
  );
});

test("U2: createTerminalRenderer() uses all columns, and says how many steps there are", () => {
  const renderer = fed(createTerminalRenderer({ color: false }));
  const name = `RUN ${"x".repeat(300)}`;
  renderer.event({ at: START, type: "vertex.planned", vertex: "a", name });
  renderer.event({ at: START, type: "vertex.planned", vertex: "b", name: "RUN b" });
  renderer.event({ at: START, type: "vertex.started", vertex: "a" });
  const lines = renderer.frame(START, { columns: 200, rows: 24 }).split("\n");
  assert.equal(lines[0]?.replace("\u001b[K", "").length, 199);
  assert.equal(lines[1], "\u001b[K1 running · 0/2 done · 0.0s");
});

test("U2: an empty line comes before an error, and only then", () => {
  const started: readonly BuildEvent[] = [
    { at: START, type: "vertex.planned", vertex: "a", name: "one" },
    { at: START, type: "vertex.started", vertex: "a" },
    { at: START, type: "vertex.done", vertex: "a", durationMs: 0 },
  ];
  for (const make of [createPlainRenderer, () => createTerminalRenderer({ color: false })]) {
    for (const isError of [true, false]) {
      const renderer = fed(make());
      const said = started.map((event) => renderer.event(event)).join("") + renderer.end(START, isError);
      assert.equal(stripVTControlCharacters(said).endsWith("\n\n"), isError, said);
      assert.equal(fed(make()).end(START, isError), "");
    }
  }
});

test("U2: createPlainRenderer() tells of a first step that fails before it starts, and of cancelled ones", () => {
  const renderer = fed(createPlainRenderer());
  const events: readonly BuildEvent[] = [
    { at: START, type: "vertex.planned", vertex: "a", name: "one" },
    { at: START, type: "vertex.planned", vertex: "b", name: "two" },
    { at: START, type: "vertex.planned", vertex: "c", name: "three" },
    { at: START, type: "vertex.started", vertex: "b" },
    { at: START, type: "vertex.failed", vertex: "a", code: "CONTEXT", message: "no" },
    { at: START, type: "vertex.cancelled", vertex: "b" },
    { at: START, type: "vertex.cancelled", vertex: "c" },
  ];
  const said = events.map((event) => renderer.event(event)).join("") + renderer.end(START);
  assert.equal(said, "#2 two\n#2 CANCELED\n\n#1 one\n#1 ERROR CONTEXT\n\n#3 three\n#3 CANCELED\n\n");
});

test("formatDuration() rounds to a tenth of a second, then to seconds", () => {
  assert.deepEqual([0, 49, 1234, 99_900, 100_000, 3_599_900].map(formatDuration), ["0.0s", "0.0s", "1.2s", "99.9s", "1m 40s", "60m 00s"]);
});

test("G3: renderers tell in one line why a step runs, when they are to explain", () => {
  const reason = { kind: "changed", changes: [{ input: "ARG", name: "V", state: "changed", from: "1\n2", to: "3" }] } as const;
  const events: readonly BuildEvent[] = [
    { at: START, type: "vertex.planned", vertex: "a", name: "RUN a" },
    { at: START, type: "vertex.missed", vertex: "a", reason, key: "sha256:1" },
    { at: START, type: "vertex.started", vertex: "a" },
  ];
  const done: BuildEvent = { at: START + 1000, type: "vertex.done", vertex: "a", durationMs: 1000 };
  const plain = fed(createPlainRenderer({ explain: true }));
  assert.equal([...events, done].map((event) => plain.event(event)).join(""), "#1 RUN a\n#1 why: ARG V: 1 2 → 3\n#1 DONE 1.0s\n");
  const silent = fed(createPlainRenderer());
  assert.equal([...events, done].map((event) => silent.event(event)).join(""), "#1 RUN a\n#1 DONE 1.0s\n");
  const terminal = fed(createTerminalRenderer({ color: false, explain: true }));
  for (const event of events) terminal.event(event);
  const frame = stripVTControlCharacters(terminal.frame(START, { columns: 80, rows: 24 })).split("\n");
  assert.match(frame[0] ?? "", /^. RUN a /);
  assert.equal(frame[1]?.trim(), "│ why: ARG V: 1 2 → 3");
  terminal.event(done);
  assert.match(stripVTControlCharacters(terminal.end(START + 1000)), /✔ RUN a +1\.0s\n {2}why: ARG V: 1 2 → 3\n/);
});
