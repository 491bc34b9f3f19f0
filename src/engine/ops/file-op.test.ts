/** COPY and its kin as an op: its key, what is remembered of selections, and the times of what it writes. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TreeSpec } from "../../../test/support/memory-tree.ts";
import { isDecantError } from "../../errors.ts";
import type { FileAction } from "../../graph/index.ts";
import { vertex } from "../../graph/vertex.ts";
import { treePath } from "../../paths.ts";
import { hostTree, layerSource, type LayerSource, loadTree, readTreeFile, type Tree } from "../../tree/index.ts";
import { keyOf } from "../action-cache.ts";
import { readPathLines } from "../file/selection-lines.ts";
import { layersIn } from "../layer-stack.ts";
import { dump, fakeEngine, type FakeEngine } from "../testdata/fake-engine.ts";
import { copyAction, source } from "../testdata/vertices.ts";
import type { EngineContext, OpRun, VertexResult } from "../types.ts";
import { prepareFile } from "./file-op.ts";

const { signal } = new AbortController();
const FILES = { "app/a": "file 644 0:0 a", "app/b": "file 644 0:0 b", other: "file 644 0:0 x" };

interface Setting {
  readonly actions?: readonly FileAction[];
  readonly base?: readonly LayerSource[];
  readonly context?: Partial<EngineContext>;
}

/** An op over two inputs: the one that it copies from, and its base. */
async function prepared(engine: FakeEngine, from: VertexResult, setting: Setting = {}): Promise<OpRun> {
  const { actions = [copyAction("app", "srv")], base, context = {} } = setting;
  const op = { kind: "file", base: base === undefined ? -1 : 1, actions } as const;
  const node = vertex(op, [source("from"), source("base")], { os: "linux", architecture: "amd64" }, source("x").meta);
  const inputs: readonly VertexResult[] = [from, { kind: "layers", layers: base ?? [] }];
  return prepareFile(node, op, inputs, { ...engine.context, ...context }, signal);
}

function layers(...list: readonly LayerSource[]): VertexResult {
  return { kind: "layers", layers: list };
}

function folder(tree: Tree, path = "/nowhere"): VertexResult {
  return { kind: "directory", tree, path, name: "the build context", ignored: () => false };
}

/** A tree whose layers nobody is told of: as the files of a folder are. */
async function treeOf(engine: FakeEngine, spec: TreeSpec): Promise<Tree> {
  return await loadTree([await engine.layer(spec)]);
}

async function keyWith(engine: FakeEngine, from: VertexResult, setting: Setting = {}): Promise<string> {
  return keyOf((await prepared(engine, from, setting)).ingredients);
}

/** Nobody watches here. */
const noStart = (): void => undefined;
const noBesides = async (): Promise<void> => undefined;

/** What an op adds, as layers of its own. */
async function made(run: OpRun): Promise<readonly LayerSource[]> {
  return [layerSource(await run.execute(signal, noStart, noBesides))];
}

describe("the key of a file op (S94)", () => {
  interface Row extends Setting {
    readonly name: string;
    readonly files?: TreeSpec;
    readonly same: boolean;
  }
  const rows: readonly Row[] = [
    { name: "is the same for the same files", same: true },
    { name: "changes with a content that is copied", files: { ...FILES, "app/a": "file 644 0:0 A" }, same: false },
    { name: "changes with a mode", files: { ...FILES, "app/a": "file 755 0:0 a" }, same: false },
    { name: "changes with an owner", files: { ...FILES, "app/a": "file 644 1:0 a" }, same: false },
    { name: "changes with a new file", files: { ...FILES, "app/c": "file 644 0:0 c" }, same: false },
    { name: "changes with a file that is gone", files: { "app/a": FILES["app/a"] }, same: false },
    { name: "does not change with files that are not copied", files: { ...FILES, other: "file 644 0:0 y" }, same: true },
    { name: "does not change with times", files: { ...FILES, "app/a": "file 644 0:0 a @77" }, same: true },
    { name: "changes with where the files go", actions: [copyAction("app", "opt")], same: false },
    { name: "changes with what is left out", actions: [copyAction("app", "srv", { excludePatterns: ["a"] })], same: false },
    { name: "changes with the mode that files get", actions: [copyAction("app", "srv", { mode: "600" })], same: false },
    { name: "changes with the owner that files get", actions: [copyAction("app", "srv", { owner: { user: 7 } })], same: false },
    { name: "does not change with the place in the Dockerfile", actions: [copyAction("app", "srv", { range: rangeAt(9) })], same: true },
    { name: "changes with the epoch", context: { epochSec: 5 }, same: false },
  ];
  for (const { name, files = FILES, same, ...setting } of rows)
    it(name, async () => {
      await using engine = await fakeEngine();
      const before = await keyWith(engine, folder(await treeOf(engine, FILES)));
      assert.equal((await keyWith(engine, folder(await treeOf(engine, files)), setting)) === before, same);
    });

  it("is the same for files of a folder and of layers", async () => {
    await using engine = await fakeEngine();
    assert.equal(await keyWith(engine, folder(await treeOf(engine, FILES))), await keyWith(engine, layers(await engine.layer(FILES))));
  });

  it("has what the base consists of, not when it was made", async () => {
    await using engine = await fakeEngine();
    const from = folder(await treeOf(engine, FILES));
    const keys = [];
    for (const spec of ["file 644 0:0 1 @1", "file 644 0:0 1 @2", "file 644 0:0 2 @1"])
      keys.push(await keyWith(engine, from, { base: [await engine.layer({ base: spec })] }));
    assert.deepEqual([keys[0] === keys[1], keys[0] === keys[2]], [true, false]);
  });

  it("names the files for --explain", async () => {
    await using engine = await fakeEngine();
    const { ingredients } = await prepared(engine, folder(await treeOf(engine, FILES)));
    const detail = ingredients.find(({ name }) => name === "files of app")?.detail;
    assert.ok(detail !== undefined);
    const text = Buffer.from(await readPathLines(detail.compressed())).toString();
    const lines = text.split("\n");
    assert.deepEqual(
      lines.map((line) => line.split("\t")[0]),
      ["app", "app/a", "app/b"],
    );
  });
});

describe("what is remembered of selections", () => {
  /** A source whose layers count how often they are opened. */
  async function counted(
    engine: FakeEngine,
    spec: TreeSpec = FILES,
  ): Promise<{ readonly from: VertexResult; readonly opened: () => number }> {
    const layer = await engine.layer(spec);
    let times = 0;
    const load: LayerSource["load"] = (...asked) => {
      times += 1;
      return layer.load(...asked);
    };
    return { from: layers({ ...layer, layer: undefined, load }), opened: () => times };
  }

  const rows: readonly { readonly name: string; readonly action: FileAction; readonly opens: boolean }[] = [
    { name: "the same copy", action: copyAction("app", "srv"), opens: false },
    {
      name: "the same files for another place, mode and owner",
      action: copyAction("app", "opt", { mode: "600", owner: { user: 1 } }),
      opens: false,
    },
    { name: "other files", action: copyAction("other", "srv"), opens: true },
    { name: "another wildcard rule", action: copyAction("app", "srv", { allowWildcard: false }), opens: true },
    { name: "symlinks as they are", action: copyAction("app", "srv", { followSymlinks: false }), opens: true },
    { name: "files left out", action: copyAction("app", "srv", { excludePatterns: ["b"] }), opens: true },
    { name: "some files only", action: copyAction("app", "srv", { includePatterns: ["a"] }), opens: true },
    { name: "a path that must be there", action: copyAction("app", "srv", { requiredPaths: ["a"] }), opens: true },
  ];
  for (const { name, action, opens } of rows)
    it(`${opens ? "is another selection" : "serves"}: ${name}`, async () => {
      await using engine = await fakeEngine();
      const { from, opened } = await counted(engine);
      const first = await keyWith(engine, from);
      const before = opened();
      assert.equal(before, 1);
      const again = await keyWith(engine, from, { actions: [action] });
      assert.equal(opened() > before, opens);
      if (!opens && action.kind === "copy" && action.dest === "srv") assert.equal(again, first);
    });

  it("is of these layers in this order", async () => {
    await using engine = await fakeEngine();
    const [one, two] = [await engine.layer({ "app/a": "file 644 0:0 1" }), await engine.layer({ "app/a": "file 644 0:0 2" })];
    assert.notEqual(await keyWith(engine, layers(one, two)), await keyWith(engine, layers(two, one)));
  });

  it("is nothing for folders, which can change", async () => {
    await using engine = await fakeEngine();
    await keyWith(engine, folder(await treeOf(engine, FILES)));
    assert.deepEqual(engine.store.records.ids("selection"), []);
  });

  it("is made anew when a record is damaged", async () => {
    await using engine = await fakeEngine();
    const from = layers(await engine.layer(FILES));
    const key = await keyWith(engine, from);
    const [id = ""] = engine.store.records.ids("selection");
    engine.store.records.put("selection", id, "no digest");
    assert.equal(await keyWith(engine, from), key);
    assert.notEqual(engine.store.records.get("selection", id), "no digest");
  });

  it("says of a selection nothing that failed", async () => {
    await using engine = await fakeEngine();
    const from = layers(await engine.layer(FILES));
    for (let turn = 0; turn < 2; turn += 1)
      await assert.rejects(prepared(engine, from, { actions: [copyAction("none", "srv")] }), (error) =>
        isDecantError(error, "COPY_SOURCE_MISSING"),
      );
    assert.deepEqual(engine.store.records.ids("selection"), []);
  });
});

describe("what a file op makes", () => {
  it("applies its actions one after the other, over the base", async () => {
    await using engine = await fakeEngine();
    const base = [await engine.layer({ "srv/old": "file 644 0:0 old" })];
    const actions: readonly FileAction[] = [
      { kind: "mkdir", path: "/srv/made", mode: 0o750, makeParents: true },
      copyAction("app/a", "srv/made/"),
      { kind: "mkfile", path: "/srv/text", mode: 0o600, data: "text", owner: { user: 5, group: 6 } },
      copyAction("other", "srv/text"),
    ];
    const run = await prepared(engine, folder(await treeOf(engine, FILES)), { base, actions });
    assert.equal(
      await dump([...layersIn(run.below), ...(await made(run))]),
      [
        "/srv: dir 0755 0:0",
        "/srv/made: dir 0750 0:0",
        "/srv/made/a: file 0644 0:0 ca978112",
        "/srv/old: file 0644 0:0 cba06b57",
        "/srv/text: file 0644 0:0 2d711642",
        "",
      ].join("\n"),
    );
  });

  it("gives directories the epoch, so that the same epoch gives the same layer", async () => {
    await using engine = await fakeEngine();
    const ids = [];
    for (const epochSec of [1000, 1000, 2000]) {
      const run = await prepared(engine, folder(await treeOf(engine, FILES)), {
        actions: [copyAction("app/a", "new/a")],
        context: { epochSec },
      });
      const [layer] = await made(run);
      assert.ok(layer !== undefined);
      ids.push(layer.diffId);
      assert.equal((await loadTree([layer])).lookup(treePath("new"))?.mtimeSec, epochSec);
    }
    assert.deepEqual([ids[0] === ids[1], ids[0] === ids[2]], [true, false]);
  });

  describe("copies exactly what was hashed for the key, or fails, when a file", () => {
    const rows: readonly {
      readonly name: string;
      readonly file: string;
      readonly before?: string;
      readonly after: string;
      readonly fails: boolean;
    }[] = [
      { name: "that is small changes", file: "a", before: "one", after: "two", fails: false },
      { name: "that is large changes", file: "a", before: "one".repeat(1 << 20), after: "two".repeat(1 << 20), fails: true },
      { name: "grows", file: "a", before: "one", after: "longer", fails: true },
      { name: "appears", file: "b", after: "new", fails: true },
    ];
    for (const { name, file, before, after, fails } of rows)
      it(name, async () => {
        await using engine = await fakeEngine();
        const context = join(engine.path, "context");
        mkdirSync(join(context, "app"), { recursive: true });
        if (before !== undefined) writeFileSync(join(context, "app", file), before);
        const run = await prepared(engine, folder(hostTree(context), context));
        writeFileSync(join(context, "app", file), after);
        if (fails) await assert.rejects(run.execute(signal, noStart, noBesides), (error) => isDecantError(error, "CONTEXT"));
        else assert.equal((await readTreeFile(await loadTree(await made(run)), treePath("srv/a"), 100)).toString(), before);
      });
  });

  it("stops with the reason of an abort", async () => {
    await using engine = await fakeEngine();
    const reason = new Error("enough");
    const run = await prepared(engine, folder(await treeOf(engine, FILES)));
    await assert.rejects(run.execute(AbortSignal.abort(reason), noStart, noBesides), reason);
  });

  it("opens its base only to work", async () => {
    await using engine = await fakeEngine();
    const layer = await engine.layer({ base: "file 644 0:0 x" });
    const base = [{ ...layer, layer: undefined, load: () => Promise.reject(new Error("opened")) }];
    const run = await prepared(engine, folder(await treeOf(engine, FILES)), { base });
    await assert.rejects(run.execute(signal, noStart, noBesides), /opened/);
  });
});

function rangeAt(line: number): NonNullable<ReturnType<typeof copyAction>["range"]> {
  return { file: { name: "Dockerfile", text: "" }, start: { line, column: 1 }, end: { line, column: 2 } };
}
