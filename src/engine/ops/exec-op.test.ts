/** RUN without a runtime: its key, what its sandbox is told, how it fails, and what stays in its layer. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { DecantError } from "../../errors.ts";
import { isDecantError } from "../../errors.ts";
import type { ExecMeta, ExecOp, Mount, Vertex } from "../../graph/index.ts";
import { keyOf } from "../action-cache.ts";
import type { DeviceInjection } from "../devices/index.ts";
import type { SandboxResult, SandboxStep } from "../sandbox/index.ts";
import { getXattr } from "../../sys/index.ts";
import { layerSource, unpackLayers } from "../../tree/index.ts";
import { file, item, layerOf } from "../../tree/testdata/support.ts";
import { dump, fakeEngine, type FakeEngine, type Program, writes } from "../testdata/fake-engine.ts";
import { execOp, run, source } from "../testdata/vertices.ts";
import type { EngineContext, OpRun, VertexResult } from "../types.ts";
import { prepareExec } from "./exec-op.ts";

const INJECTED: DeviceInjection = {
  names: ["vendor.example/gpu=0"],
  digest: `sha256:${"1".repeat(64)}` as DeviceInjection["digest"],
  env: ["GPU=0", "TERM=device"],
  mounts: [],
  devices: [],
  hooks: [],
  additionalGids: [44],
};

interface Change {
  readonly exec?: Partial<ExecMeta>;
  readonly op?: Partial<Omit<ExecOp, "meta" | "kind" | "mounts">>;
  readonly context?: Partial<EngineContext>;
  readonly base?: string;
}

async function prepared(engine: FakeEngine, { exec = {}, op = {}, context = {}, base = "one" }: Change = {}): Promise<OpRun> {
  const on = source("base");
  const command = execOp("make all", { on, exec: { env: ["A=1", "B=2"], hostname: "host", ...exec }, ...op });
  const input: VertexResult = { kind: "layers", layers: [await engine.layer({ base: `file 644 0:0 ${base}` })] };
  return prepareExec(run("make all", { on }), command, [input], { ...engine.context, ...context }, new AbortController().signal);
}

describe("the key of a RUN (S110)", () => {
  const rows: readonly (Change & { readonly name: string; readonly part: string | undefined })[] = [
    { name: "has the command", exec: { args: ["make", "test"] }, part: "command" },
    { name: "tells arguments from words", exec: { args: ["make all"] }, part: "command" },
    { name: "has each variable", exec: { env: ["A=1", "B=3"] }, part: "ENV B" },
    { name: "has variables that go", exec: { env: ["A=1"] }, part: "ENV B" },
    { name: "has the working directory", exec: { cwd: "/src" }, part: "working directory" },
    { name: "has the user", exec: { user: "node" }, part: "user" },
    { name: "has the host name", exec: { hostname: "other" }, part: "hostname" },
    { name: "has limits", exec: { ulimits: [{ name: "nofile", soft: 1, hard: 2 }] }, part: "ulimit nofile" },
    { name: "has names of further hosts", exec: { extraHosts: [{ host: "db", ip: "10.0.0.1" }] }, part: "host db" },
    { name: "has the network of the step", op: { network: "host" }, part: "network" },
    { name: "has the network of the build, where the step names none", context: { defaultNetwork: "host" }, part: "network" },
    { name: "has the security", op: { security: "insecure" }, part: "security" },
    { name: "has the layers below", base: "two", part: "base" },
    { name: "has devices", context: { devices: { resolve: () => Promise.resolve(INJECTED) } }, part: "devices" },
    { name: "has no proxy (S32)", exec: { proxyEnv: ["http_proxy=http://user:secret@proxy"] }, part: undefined },
    { name: "has no place for certificates", context: { caCertificates: "/etc/ssl/own.pem" }, part: undefined },
    { name: "has no name of the build", context: { buildId: "other" }, part: undefined },
  ];
  for (const { name, part, ...change } of rows)
    it(name, async () => {
      await using engine = await fakeEngine();
      const [before, after] = [(await prepared(engine)).ingredients, (await prepared(engine, change)).ingredients];
      const [old, now] = [before, after].map((list) => new Map(list.map((each) => [each.name, each.value])));
      assert.ok(old !== undefined && now !== undefined);
      const different = [...new Set([...old.keys(), ...now.keys()])].filter((each) => old.get(each) !== now.get(each));
      assert.deepEqual(different, part === undefined ? [] : [part]);
      assert.equal(keyOf(before) === keyOf(after), part === undefined);
    });

  it("does not hang on the addresses of further hosts", async () => {
    await using engine = await fakeEngine();
    const keys = ["10.0.0.1", "10.0.0.2"].map((ip) => prepared(engine, { exec: { extraHosts: [{ host: "db", ip }] } }));
    const [one, two] = await Promise.all([keys[0], keys[1]]);
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(keyOf(one.ingredients), keyOf(two.ingredients));
  });

  it("keeps no password of a proxy in readable form", async () => {
    await using engine = await fakeEngine();
    const { ingredients } = await prepared(engine, { exec: { env: ["HTTPS_PROXY=http://user:secret@proxy:1"] } });
    assert.doesNotMatch(JSON.stringify(ingredients), /secret/);
  });
});

describe("the sandbox of a RUN", () => {
  async function stepOf(fields: Parameters<typeof run>[1] = {}, context: Partial<EngineContext> = {}): Promise<SandboxStep> {
    let seen: SandboxStep | undefined;
    await using engine = await fakeEngine({ x: (step) => void (seen = step) });
    await engine.solve(run("x", fields), context);
    assert.ok(seen);
    return seen;
  }

  it("gets the command as it is, and the network that the build names", async () => {
    const step = await stepOf({ exec: { cwd: "/src", user: "node", env: ["A=1"], proxyEnv: ["http_proxy=p"], hostname: "h" } });
    const { args, cwd, user, env, hostname, network, insecure, lowers } = step;
    assert.deepEqual(
      { args, cwd, user, env, hostname, network, insecure, lowers },
      { args: ["x"], cwd: "/src", user: "node", env: ["A=1", "http_proxy=p"], hostname: "h", network: "none", insecure: false, lowers: [] },
    );
  });

  it("gets the rights that the step asks for", async () => {
    const { network, insecure } = await stepOf({ network: "host", security: "insecure" });
    assert.deepEqual([network, insecure], ["host", true]);
  });

  it("gets variables of devices in place of the step's own", async () => {
    const devices = { resolve: () => Promise.resolve(INJECTED) };
    const { env, additionalGids } = await stepOf({ exec: { env: ["A=1", "TERM=xterm"] } }, { devices });
    assert.deepEqual([env, additionalGids], [["A=1", "GPU=0", "TERM=device"], [44]]);
  });

  it("gets a layer once that is there twice, at its upper place", async () => {
    let lowers: readonly string[] = [];
    await using engine = await fakeEngine({ x: (step) => void ({ lowers } = step) });
    const [twice, once] = [await engine.layer({ a: "file 644 0:0 a" }), await engine.layer({ b: "file 644 0:0 b" })];
    engine.sources.set("base", { kind: "layers", layers: [twice, once, twice] });
    await engine.solve(run("x", { on: source("base") }));
    assert.deepEqual(
      lowers.map((path) => readFileSync(join(path, path === lowers[1] ? "a" : "b"), "utf8")),
      ["b", "a"],
    );
  });

  it("starts while layers are still on their way, and a failed pull comes first", async () => {
    await using engine = await fakeEngine();
    const order: string[] = [];
    const pulled = Promise.withResolvers<never>();
    const layer = await engine.layer({ a: "file 644 0:0 a" });
    const pull = new Error("the registry is gone");
    engine.sources.set("base", { kind: "layers", layers: [{ ...layer, layer: undefined, load: () => pulled.promise }] });
    const sandbox: EngineContext["sandbox"] = () => {
      order.push("sandbox");
      pulled.reject(pull);
      return Promise.reject(new Error("no runtime"));
    };
    await assert.rejects(engine.solve(run("x", { on: source("base") }), { sandbox }), pull);
    assert.deepEqual(order, ["sandbox"]);
  });
});

describe("attributes that the store's file system does not take (S126)", () => {
  /** No file system has attributes of this kind for a program to set. */
  const xattrs = new Map([["system.decant", Buffer.from("x")]]);

  it("are told in each build that sees files without them, also when it unpacks nothing", async () => {
    await using engine = await fakeEngine({ a: () => undefined, b: () => undefined });
    const layer = layerSource(await layerOf(engine.store, file("f", "text", { xattrs })));
    engine.sources.set("base", { kind: "layers", layers: [layer] });
    engine.sources.set("from", { kind: "layers", layers: [layer] });
    const told = async (target: Vertex): Promise<string[]> => {
      engine.events.length = 0;
      await engine.solve(target);
      return engine.events.flatMap((event) => (event.type === "warning" ? [`${event.code}: ${event.message}`] : []));
    };
    const want = ["AttributesDropped: The store's file system does not take system.decant: steps see files without these attributes"];
    const bind: Mount = { type: "bind", input: 0, selector: "/", dest: "/from", readonly: true, output: -1 };
    assert.deepEqual(await told(run("a", { on: source("base") })), want);
    assert.deepEqual(await told(run("b", { on: source("base") })), want);
    assert.deepEqual(await told(run("b", { on: source("base") })), []);
    assert.deepEqual(await told(run("a", { inputs: [source("from")], mounts: [bind] })), want);
  });

  it("are no reason to leave out others, and capabilities are an error", async () => {
    await using engine = await fakeEngine({ x: () => undefined });
    const mixed = new Map([...xattrs, ["user.kept", Buffer.from("kept")]]);
    const layer = await layerOf(engine.store, item("d", "dir", { xattrs: mixed }), file("f", "text", { xattrs: mixed }));
    const [path = ""] = await unpackLayers(engine.store, [layer]);
    assert.deepEqual(
      ["d", "f"].map((name) => getXattr(join(path, name), "user.kept")?.toString()),
      ["kept", "kept"],
    );
    const broken = await layerOf(
      engine.store,
      file("f", "text", { xattrs: new Map([["security.capability", Buffer.from("no capability")]]) }),
    );
    await assert.rejects(unpackLayers(engine.store, [broken]));
  });
});

describe("a RUN that fails", () => {
  async function failure(program: Program): Promise<{ readonly error: DecantError; readonly log: string }> {
    await using engine = await fakeEngine({ "sh -c x": program });
    try {
      await engine.solve(run("sh -c x"));
    } catch (error) {
      if (!isDecantError(error, "RUN_FAILED")) throw error;
      return { error, log: readFileSync(String(error.details["logFile"]), "latin1") };
    }
    return assert.fail("it did not fail");
  }

  const rows: readonly { readonly result: Partial<SandboxResult>; readonly want: string }[] = [
    { result: { exitCode: 3 }, want: "exit code 3" },
    { result: { exitCode: 127 }, want: "exit code 127" },
    { result: { exitCode: 139, signalName: "SIGSEGV" }, want: "killed by SIGSEGV" },
    { result: { exitCode: 137, signalName: "SIGKILL", oomKilled: true }, want: "it ran out of memory" },
  ];
  for (const { result, want } of rows)
    it(`says why: ${want}`, async () => {
      const { error } = await failure(() => result);
      assert.equal(error.message, `RUN sh -c x failed: ${want}`);
      assert.deepEqual([error.details["exitCode"], error.details["signal"]], [result.exitCode, result.signalName]);
    });

  it("takes an end by lack of memory of another process for no failure", async () => {
    await using engine = await fakeEngine({ x: () => ({ oomKilled: true }) });
    assert.equal((await engine.solve(run("x"))).executed, 1);
  });

  it("keeps the whole log, and the last 8 KiB of both streams for the message", async () => {
    const { error, log } = await failure(({ onOutput }) => {
      for (let line = 0; line < 1000; line += 1) onOutput(line % 2 === 0 ? "stdout" : "stderr", Buffer.from(`line ${line} of the log\n`));
      return { exitCode: 1 };
    });
    const all = Array.from({ length: 1000 }, (_, line) => `line ${line} of the log\n`).join("");
    assert.equal(log, all);
    assert.equal(error.details["logTail"], all.slice(-8192));
  });

  it("keeps no layer", async () => {
    await using engine = await fakeEngine({
      x(step) {
        void writes({ half: "done" })(step);
        return { exitCode: 1 };
      },
    });
    await assert.rejects(engine.solve(run("x")));
    assert.deepEqual([engine.store.records.ids("layer"), engine.store.records.ids("action")], [[], []]);
  });
});

describe("the output of a RUN", () => {
  it("is events of text, with characters whole that come in pieces", async () => {
    const bytes = Buffer.from("grün");
    await using engine = await fakeEngine({
      x({ onOutput }) {
        onOutput("stdout", bytes.subarray(0, 3));
        onOutput("stderr", Buffer.from("between"));
        onOutput("stdout", bytes.subarray(3));
      },
    });
    await engine.solve(run("x"));
    const logs = engine.events.flatMap((event) => (event.type === "log" ? [`${event.stream}: ${event.data}`] : []));
    assert.deepEqual(logs, ["stdout: gr", "stderr: between", "stdout: ün"]);
  });
});

describe("the layer of a RUN", () => {
  const SYSTEM = /^\/(?:dev|proc|sys): dir 0755 0:0$/gm;
  async function left(program: Program, fields: Parameters<typeof run>[1] = {}, image = {}): Promise<string> {
    await using engine = await fakeEngine({ x: program });
    await engine.image("base", image);
    const { layers } = await engine.solve(run("x", { on: source("base"), ...fields }));
    return await dump(layers.slice(1), { system: true });
  }

  it("has the mount points of the runtime where the image has none (S104)", async () => {
    assert.deepEqual((await left(() => undefined)).match(SYSTEM), ["/dev: dir 0755 0:0", "/proc: dir 0755 0:0", "/sys: dir 0755 0:0"]);
  });

  it("has none of them that the image has", async () => {
    const text = await left(() => undefined, {}, { dev: "dir 755 0:0", proc: "dir 555 0:0", sys: "link elsewhere" });
    assert.equal(text, "");
  });

  it("has none of them that goes with a mount of the step's own", async () => {
    const mounts = [{ type: "tmpfs", dest: "/dev/shm", readonly: false }] as const;
    assert.deepEqual((await left(() => undefined, { mounts })).match(SYSTEM), ["/proc: dir 0755 0:0", "/sys: dir 0755 0:0"]);
  });

  it("has what the step wrote, and a new mode of a mount point", async () => {
    const text = await left(({ upper }) => {
      mkdirSync(join(upper, "etc"));
      mkdirSync(join(upper, "proc"), { mode: 0o700 });
    });
    assert.equal(text, "/dev: dir 0755 0:0\n/etc: dir 0755 0:0\n/proc: dir 0755 0:0\n/sys: dir 0755 0:0\n");
  });
});
