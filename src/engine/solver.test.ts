/** The solver over a real store and steps that are functions: what runs, what does not, and how a build ends. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { stepsEnd } from "../../test/support/events.ts";
import { solve } from "./solver.ts";
import { fakeEngine, dump, writes, type FakeEngine, type Program } from "./testdata/fake-engine.ts";
import { copy, merge, run, source } from "./testdata/vertices.ts";
import { DecantError, InternalError } from "../errors.ts";
import type { Mount, Vertex } from "../graph/index.ts";
import { vertex } from "../graph/vertex.ts";
import { formatReason } from "../reasons.ts";
import { emptyTree, type LayerSource } from "../tree/index.ts";

const IMAGE = { "etc/name": "file 644 0:0 base" };

/** A program that ends when the test says so, or when its step is stopped; `atRest` is set once it is gone. */
function held(): { readonly program: Program; readonly started: Promise<void>; readonly release: () => void; atRest: boolean } {
  const started = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const hold = {
    started: started.promise,
    release: () => done.resolve(),
    atRest: false,
    async program({ signal }: Parameters<Program>[0]) {
      signal?.addEventListener("abort", () => done.reject(signal.reason), { once: true });
      started.resolve();
      try {
        await done.promise;
      } finally {
        // Clean-up takes a while, as it does for a process.
        await new Promise((resolve) => setImmediate(resolve));
        hold.atRest = true;
      }
    },
  };
  return hold;
}

/** A layer that may not be touched. */
/** As one of a registry: the store does not know it by its diffId. */
function untouchable(layer: LayerSource, loads: string[]): LayerSource {
  const { diffId: _known, layer: _here, ...rest } = layer;
  return {
    ...rest,
    load(_signal, options) {
      loads.push(options?.unpack === true ? "unpack" : "read");
      return layer.load();
    },
  };
}

async function whysOf(engine: FakeEngine, target: Vertex, fields: Parameters<FakeEngine["solve"]>[1] = {}): Promise<string[]> {
  engine.events.length = 0;
  await engine.solve(target, { explain: true, ...fields });
  return engine.events.flatMap((event) => (event.type === "vertex.missed" ? [formatReason(event.reason)] : []));
}

describe("solve()", () => {
  it("gives the layers of the target bottom first, counts steps, and tells how each ended", async () => {
    await using engine = await fakeEngine({ build: writes({ "out/app": "app" }), late: writes({ "etc/late": "late" }) });
    await engine.image("base", IMAGE);
    const build = run("build", { on: source("base") });
    const target = run("late", { on: merge(source("base"), copy(build, "out", "srv")) });
    const solution = await engine.solve(target);
    assert.equal(
      await dump(solution.layers),
      [
        "/etc: dir 0755 0:0",
        "/etc/late: file 0644 0:0 089001a3",
        "/etc/name: file 0644 0:0 cae66217",
        "/srv: dir 0755 0:0",
        "/srv/app: file 0644 0:0 a172cedc",
        "",
      ].join("\n"),
    );
    assert.deepEqual([solution.executed, solution.cached, solution.layers.length], [3, 0, 3]);
    assert.equal(solution.layersOf(build.id)?.length, 2);
    assert.equal(solution.layersOf(run("never").id), undefined);
    assert.deepEqual(engine.ends(), ["FROM base: cached", "RUN build: done", "COPY out srv: done", "RUN late: done"]);
    stepsEnd(engine.events.map((event) => ({ ...event, at: 0 })));
  });

  it("F128: solves several targets at once, and does what they share once", async () => {
    await using engine = await fakeEngine({ shared: writes({ a: "a" }), one: writes({ b: "b" }), two: writes({ c: "c" }) });
    const shared = run("shared");
    const targets = [run("one", { on: shared }), undefined, run("two", { on: shared }), shared];
    const { solutions, executed } = await solve(targets, engine.context, new AbortController().signal);
    assert.deepEqual(
      solutions.map(({ layers }) => layers.length),
      [2, 0, 2, 1],
    );
    assert.deepEqual([executed, engine.ran.toSorted()], [3, ["one", "shared", "two"]]);
  });

  it("runs nothing that is known, and opens no layer for a chain of hits", async () => {
    await using engine = await fakeEngine({ build: writes({ "out/app": "app" }) });
    const loads: string[] = [];
    engine.sources.set("base", { kind: "layers", layers: [untouchable(await engine.layer(IMAGE), loads)] });
    const target = copy(run("build", { on: source("base") }), "out/app", "app");
    const first = await engine.solve(target);
    assert.deepEqual([first.executed, first.cached, engine.ran], [2, 0, ["build"]]);
    loads.length = 0;
    engine.events.length = 0;
    const second = await engine.solve(target, {
      sandbox: () => assert.fail("a sandbox was started"),
    });
    assert.deepEqual([second.executed, second.cached, engine.ran, loads], [0, 2, ["build"], []]);
    assert.deepEqual(engine.ends(), ["RUN build: cached", "COPY out/app app: cached", "FROM base: cached"]);
    assert.deepEqual(
      engine.events.flatMap((event) => (event.type === "vertex.cached" ? [event.why] : [])),
      ["result of an earlier build", "result of an earlier build", "no step needed its files"],
    );
    assert.equal(await dump(second.layers), await dump(first.layers));
  });

  it("reads the layers below a RUN and unpacks them in one pass, and those of a COPY it only reads", async () => {
    await using engine = await fakeEngine({ build: writes({}) });
    const loads: Record<string, string[]> = { below: [], from: [] };
    for (const [name, list] of Object.entries(loads))
      engine.sources.set(name, { kind: "layers", layers: [untouchable(await engine.layer({ [name]: "file 644 0:0 x" }), list)] });
    await engine.solve(run("build", { on: merge(source("below"), copy(source("from"), "from", "to")) }));
    assert.ok(loads["below"]?.length);
    assert.ok(loads["from"]?.length);
    assert.ok(loads["below"].every((how) => how === "unpack"));
    assert.ok(loads["from"].every((how) => how === "read"));
  });

  it("cuts off early: what depends on a stage that came out the same is not built again", async () => {
    await using engine = await fakeEngine({ compile: writes({ "out/app": "the same" }), check: writes({ ok: "yes" }) });
    const target = run("check", { on: copy(run("compile", { on: source("code") }), "out", "app") });
    await engine.image("code", { "main.c": "file 644 0:0 one" });
    await engine.solve(target);
    await engine.image("code", { "main.c": "file 644 0:0 two // only a comment" });
    engine.ran.length = 0;
    const solution = await engine.solve(target);
    assert.deepEqual([engine.ran, solution.executed, solution.cached], [["compile"], 1, 2]);
  });

  it("builds again what depends on a stage that came out another", async () => {
    let output = "one";
    await using engine = await fakeEngine({ compile: (step) => writes({ "out/app": output })(step), check: writes({ ok: "yes" }) });
    const target = run("check", { on: copy(run("compile", { on: source("code") }), "out", "app") });
    await engine.image("code", { "main.c": "file 644 0:0 one" });
    await engine.solve(target);
    await engine.image("code", { "main.c": "file 644 0:0 two" });
    output = "two";
    engine.ran.length = 0;
    assert.equal((await engine.solve(target)).executed, 3);
    assert.deepEqual(engine.ran, ["compile", "check"]);
  });

  it("stops everything with the first failure, and throws it when all has come to rest", async () => {
    const other = held();
    await using engine = await fakeEngine({
      other: other.program,
      async bad() {
        await other.started;
        return { exitCode: 3 };
      },
    });
    const target = run("after", { on: merge(run("bad"), run("other")) });
    await assert.rejects(
      engine.solve(target),
      (error) => error instanceof DecantError && error.code === "RUN_FAILED" && /exit code 3/.test(error.message),
    );
    assert.ok(other.atRest, "a step still ran");
    assert.deepEqual(engine.ran.toSorted(), ["bad", "other"]);
    assert.deepEqual(engine.ends().toSorted(), ["RUN bad: failed", "RUN other: cancelled"]);
    stepsEnd(engine.events.map((event) => ({ ...event, at: 0 })));
  });

  it("keeps the results of steps that were done before the failure", async () => {
    let code = 1;
    await using engine = await fakeEngine({ good: writes({ good: "" }), bad: () => ({ exitCode: code }) });
    const target = run("bad", { on: run("good") });
    await assert.rejects(engine.solve(target));
    code = 0;
    await engine.solve(target);
    assert.deepEqual(engine.ran, ["good", "bad", "bad"]);
  });

  it("ends with the reason of an abort, once all steps have come to rest", async () => {
    const step = held();
    await using engine = await fakeEngine({ slow: step.program });
    const stop = new AbortController();
    const solving = engine.solve(run("after", { on: run("slow") }), {}, stop.signal);
    await step.started;
    const reason = new Error("enough");
    stop.abort(reason);
    await assert.rejects(solving, reason);
    assert.ok(step.atRest, "the step still ran");
    assert.deepEqual([engine.ran, engine.ends()], [["slow"], ["RUN slow: cancelled"]]);
  });

  it("ends with the reason of an abort, too, when a step ends by itself then", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    await using engine = await fakeEngine({
      ending() {
        stop.abort(reason);
        return { exitCode: 143 };
      },
    });
    await assert.rejects(engine.solve(run("ending"), {}, stop.signal), reason);
    assert.deepEqual(engine.ends(), ["RUN ending: cancelled"]);
  });

  it("starts nothing when it is aborted already", async () => {
    await using engine = await fakeEngine();
    const reason = new Error("enough");
    await assert.rejects(engine.solve(run("never"), {}, AbortSignal.abort(reason)), reason);
    assert.deepEqual(engine.ran, []);
  });

  it("lets two builds of one store build a step once", async () => {
    const step = held();
    await using one = await fakeEngine({ slow: step.program });
    await using two = await fakeEngine({}, join(one.path, "store"));
    const target = run("slow");
    const first = one.solve(target);
    await step.started;
    const waits = Promise.withResolvers<void>();
    const { locks } = two.store;
    const store = {
      ...two.store,
      locks: {
        ...locks,
        acquire(...asked: Parameters<typeof locks.acquire>) {
          waits.resolve();
          return locks.acquire(...asked);
        },
      },
    };
    const second = two.solve(target, { store });
    await waits.promise;
    step.release();
    assert.equal(await dump((await second).layers), await dump((await first).layers));
    assert.deepEqual([one.ran, two.ran], [["slow"], []]);
    const whys = two.events.flatMap((event) => (event.type === "vertex.cached" ? [event.why] : []));
    assert.deepEqual(whys, ["result of a build that ran at the same time"]);
  });

  it("builds what a build that failed at the same time did not give", async () => {
    await using one = await fakeEngine({ flaky: () => ({ exitCode: 1 }) });
    await using two = await fakeEngine({ flaky: writes({ ok: "" }) }, join(one.path, "store"));
    const [first, second] = await Promise.allSettled([one.solve(run("flaky")), two.solve(run("flaky"))]);
    // Whoever came first: the failing build fails unless the other one was done before it looked.
    assert.equal(second.status, "fulfilled");
    assert.equal(first.status === "rejected", one.ran.length === 1);
  });

  describe("without the cache", () => {
    const rows: readonly {
      readonly name: string;
      readonly noCache?: boolean;
      readonly ignoreCache?: boolean;
      readonly want: readonly string[];
    }[] = [
      { name: "of a build, runs all again", noCache: true, want: ["low", "high"] },
      { name: "of a step, runs that one again; what stands on it is the same", ignoreCache: true, want: ["high"] },
      { name: "in use, runs nothing", want: [] },
    ];
    for (const { name, noCache = false, ignoreCache = false, want } of rows)
      it(name, async () => {
        await using engine = await fakeEngine({ low: writes({ low: "" }), high: writes({ high: "" }) });
        const target = copy(run("high", { on: run("low"), meta: { ignoreCache } }), "high", "end");
        await engine.solve(target);
        engine.ran.length = 0;
        const solution = await engine.solve(target, { noCache });
        assert.deepEqual([engine.ran, solution.executed], [want, noCache ? 3 : want.length]);
      });
  });

  it("G4: empties the caches of steps that run without the cache, once a build, where that is wanted (S117)", async () => {
    const seen: string[][] = [];
    const useCache: Program = ({ mounts, args }) => {
      const [mount] = mounts;
      assert.ok(mount?.kind === "bind" && mount.source !== undefined);
      seen.push(readdirSync(mount.source));
      writeFileSync(join(mount.source, args.join(" ")), "");
    };
    await using engine = await fakeEngine({ first: useCache, second: useCache });
    const mounts: readonly Mount[] = [
      { type: "cache", input: -1, selector: "/", dest: "/cache", readonly: false, id: "id", sharing: "shared" },
    ];
    const target = run("second", { on: run("first", { mounts }), mounts });
    await engine.solve(target);
    await engine.solve(target, { noCache: true });
    await engine.solve(target, { noCache: true, noCacheMounts: true });
    const full = ["first", "second"];
    assert.deepEqual(seen, [[], ["first"], full, full, [], ["first"]]);
  });

  it("explains why steps run", async () => {
    await using engine = await fakeEngine({ "a b": writes({ out: "1" }), "a c": writes({ out: "1" }) });
    const step = (command: string): Vertex => run(command, { meta: { slot: "build 1" } });
    assert.deepEqual(await whysOf(engine, step("a b")), ["never ran before"]);
    assert.deepEqual(await whysOf(engine, step("a b")), []);
    assert.deepEqual(await whysOf(engine, step("a c")), ["instruction: RUN a b → RUN a c"]);
    assert.deepEqual(await whysOf(engine, step("a c"), { noCache: true }), ["the cache is off for it (--no-cache, --no-cache-filter)"]);
  });

  it("does not count internal steps, but announces them", async () => {
    await using engine = await fakeEngine({ hidden: writes({}) });
    const target = run("hidden", { meta: { internal: true } });
    const { executed } = await engine.solve(target);
    const { cached } = await engine.solve(target);
    const planned = engine.events.flatMap((event) => (event.type === "vertex.planned" ? [event.name] : []));
    assert.deepEqual([executed, cached, planned], [0, 0, ["RUN hidden", "RUN hidden"]]);
  });

  it("gives errors the place of the instruction, unless they have a better one", async () => {
    const range = { file: { name: "Dockerfile", text: "COPY nothing .\n" }, start: { line: 1, column: 1 }, end: { line: 1, column: 15 } };
    await using engine = await fakeEngine();
    await engine.image("base", IMAGE);
    const own = { ...range, start: { line: 1, column: 6 } };
    const places: unknown[] = [];
    for (const better of [undefined, own]) {
      const target = copy(source("base"), "nothing", ".", { meta: { source: range }, ...(better === undefined ? {} : { range: better }) });
      await assert.rejects(engine.solve(target), (error) => {
        assert.ok(error instanceof DecantError && error.code === "COPY_SOURCE_MISSING");
        places.push(error.source[0]?.start.column);
        return true;
      });
    }
    assert.deepEqual(places, [1, 6]);
  });

  it("keeps what sources were made of, in the order of the graph", async () => {
    await using engine = await fakeEngine();
    for (const name of ["one", "two"])
      engine.sources.set(name, {
        kind: "layers",
        layers: [await engine.layer({ [name]: "file 644 0:0 x" })],
        materials: [{ uri: `https://example.test/${name}`, digest: { sha256: name } }],
      });
    const { materials } = await engine.solve(merge(source("one"), source("two")));
    assert.deepEqual(
      materials.map(({ digest }) => digest["sha256"]),
      ["one", "two"],
    );
  });

  it("calls a source of an unknown kind a bug, and a directory where layers are needed", async () => {
    await using engine = await fakeEngine();
    const odd = vertex({ kind: "source", identifier: "odd://x", attrs: {} }, [], { os: "linux", architecture: "amd64" }, source("x").meta);
    await assert.rejects(engine.solve(odd), (error) => error instanceof InternalError && /no provider for odd/.test(error.message));
    engine.sources.set("folder", {
      kind: "directory",
      tree: emptyTree,
      name: "the build context",
      path: engine.path,
      ignored: () => false,
    });
    await assert.rejects(engine.solve(run("x", { on: source("folder") })), InternalError);
  });
});
