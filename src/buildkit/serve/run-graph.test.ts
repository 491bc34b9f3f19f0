/** Graphs of clients (LLB) on the server: made from Dockerfiles by our own converter, and sent as any client sends them. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { addBusybox, BUSYBOX } from "../../../test/support/build.ts";
import { startFakeRegistry } from "../../../test/support/registry.ts";
import { startBuildServer, type TestBuild } from "../../../test/support/buildkit-client.ts";
import { listBuilds } from "../../api/index.ts";
import { sha256 } from "../../digest.ts";
import { checkParsed, parseDockerfile } from "../../dockerfile/index.ts";
import { type ExecOp, type FileAction, toGraph, type Vertex, vertex } from "../../graph/index.ts";
import { hostPlatform } from "../../oci/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { toDefinition } from "../llb/to-llb.ts";
import { BuildOpSchema, type Definition, DefinitionSchema, OpSchema } from "../wire/llb_pb.ts";
import { LLBBridge } from "../wire/methods.ts";

const PLATFORM = hostPlatform({ arch: process.arch });
const local = { exporters: [{ type: "local", attrs: {} }] };

/** The graph of a Dockerfile without images. */
async function graphOf(dockerfile: string): Promise<Definition> {
  return toDefinition(await vertexOf(dockerfile));
}

async function vertexOf(dockerfile: string): Promise<Vertex> {
  const parsed = parseDockerfile(dockerfile, { name: "Dockerfile" });
  checkParsed(parsed);
  const { target } = await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform: PLATFORM,
    buildPlatform: PLATFORM,
    noCache: false,
    resolveImage: () => assert.fail("the Dockerfile has an image"),
  });
  assert.ok(target !== undefined);
  return target;
}

function source(identifier: string, attrs: Readonly<Record<string, string>> = {}): Vertex {
  return vertex({ kind: "source", identifier, attrs }, [], PLATFORM, {
    name: identifier,
    ignoreCache: false,
    internal: false,
    slot: identifier,
  });
}

const meta = (name: string): Vertex["meta"] => ({ name, ignoreCache: false, internal: false, slot: name });

function file(base: Vertex | undefined, actions: readonly FileAction[], ...inputs: readonly Vertex[]): Vertex {
  const all = base === undefined ? inputs : [base, ...inputs];
  return vertex({ kind: "file", base: base === undefined ? -1 : 0, actions }, all, PLATFORM, meta(`file ${JSON.stringify(actions)}`));
}

function made(path: string, data: string, mtimeSec = 5): FileAction {
  return { kind: "mkfile", path, mode: 0o644, data, mtimeSec };
}

function copyOf(input: number, src: string, dest: string): FileAction {
  const flags = { followSymlinks: true, dirCopyContents: true, attemptUnpack: false, allowWildcard: false, allowEmptyWildcard: false };
  return { kind: "copy", input, src, dest, ...flags, excludePatterns: [] };
}

/** A process over `root`, with `mounted` at /out: what it changes is a result in both places. */
function processOf(root: Vertex, mounted: Vertex, command: string): { readonly root: Vertex; readonly out: Vertex } {
  const mount = { type: "bind", selector: "", readonly: false } as const;
  const op: ExecOp = {
    kind: "exec",
    meta: { args: ["sh", "-c", command], env: [], cwd: "/", user: "", proxyEnv: [], extraHosts: [], ulimits: [], validExitCodes: [3] },
    mounts: [
      { ...mount, input: 0, dest: "/", output: 0 },
      { ...mount, input: 1, dest: "/out", output: 1 },
    ],
    secretEnv: [],
    network: "sandbox",
    security: "sandbox",
    devices: [],
  };
  const inputs = [root, mounted];
  return { root: vertex(op, inputs, PLATFORM, meta(command)), out: vertex({ ...op, result: 1 }, inputs, PLATFORM, meta(command)) };
}

interface Folder extends AsyncDisposable {
  readonly path: string;
  readonly output: string;
  readonly context: string;
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<Folder> {
  const folder = await mkdtempDisposable(join(tmpdir(), "decant-graph-"));
  const context = join(folder.path, "context");
  mkdirSync(context);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), text);
  }
  return { path: folder.path, context, output: join(folder.path, "out"), [Symbol.asyncDispose]: () => folder.remove() };
}

test("I2: a graph with exec, mounts, file actions and merge runs, and its files go to the client", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({ "a.txt": "a", "sub/b.txt": "b" });
  addBusybox({ context: given.context });
  const definition = await graphOf(
    `${BUSYBOX}WORKDIR /work
COPY --chmod=600 a.txt made/
RUN --mount=type=bind,source=sub,target=/bound --mount=type=tmpfs,target=/t --mount=type=cache,target=/c --mount=type=secret,id=token \\
  cp /bound/b.txt /work/b && wc -c < /run/secrets/token > /work/size && echo kept > /c/x
FROM scratch
COPY --link --from=base /work /one/
COPY --link a.txt /two/
`,
  );
  const build: TestBuild = {
    definition,
    folders: { context: given.context },
    secrets: { token: "s3cret-w0rd" },
    output: given.output,
    solve: local,
  };
  const { names } = await server.connect().build(build);
  assert.equal(readFileSync(join(given.output, "one/b"), "utf8"), "b");
  assert.equal(readFileSync(join(given.output, "one/size"), "utf8").trim(), "11");
  assert.equal(readFileSync(join(given.output, "two/a.txt"), "utf8"), "a");
  assert.ok(
    names.some((name) => name.includes("RUN --mount")),
    "steps have the names that the client gave them",
  );
  // As buildctl: the graph is in the Solve call itself.
  const direct = await server
    .connect()
    .build({ ...build, definition: undefined, output: `${given.output}2`, solve: { ...local, definition }, direct: true });
  assert.deepEqual(direct.response.exporterResponse, {});
  assert.ok(existsSync(`${given.output}2/one/b`));
  const [last] = await listBuilds({ root: server.root });
  assert.deepEqual([last?.state, last?.title], ["done", "[stage-1 2/2] COPY --link a.txt /two/ (link)"]);
});

test("I2: what a process writes into a mount is a result beside its root, and it runs once for both", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({});
  addBusybox({ context: given.context });
  const below = file(undefined, [made("keep", "k"), made("gone", "g")]);
  const command = "head -c 16 /dev/urandom > /out/random && cp /out/random /random && rm /out/gone && exit 3";
  const { root, out } = processOf(await vertexOf(BUSYBOX), below, command);
  const target = file(undefined, [copyOf(0, "/random", "/root/random"), copyOf(1, "/", "/out/")], root, out);
  const build: TestBuild = { definition: toDefinition(target), folders: { context: given.context }, output: given.output, solve: local };
  await server.connect().build(build);
  assert.deepEqual(readFileSync(join(given.output, "out/random")), readFileSync(join(given.output, "root/random")));
  assert.deepEqual(readdirSync(join(given.output, "out")).toSorted(), ["keep", "random"]);
  // Each of them is known by itself.
  await server.connect().build({ ...build, definition: toDefinition(out), output: `${given.output}2` });
  assert.deepEqual(readFileSync(join(given.output, "out/random")), readFileSync(`${given.output}2/random`));
});

test("I2: a difference is what lies between two trees: layers where one is built on the other, else files and removals", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({});
  const first = file(undefined, [made("same", "s"), made("old", "o"), { kind: "mkdir", path: "/d", mode: 0o755, makeParents: true }]);
  const onIt = file(first, [made("d/added", "a"), { kind: "rm", path: "same", allowNotFound: false, allowWildcard: false }]);
  const other = file(undefined, [made("same", "s"), made("new", "n")]);
  const diff = (lower: Vertex, upper: Vertex): Vertex =>
    vertex({ kind: "diff", lower: 0, upper: 1 }, [lower, upper], PLATFORM, meta("diff"));
  const over = (base: Vertex, top: Vertex): Vertex => vertex({ kind: "merge" }, [base, top], PLATFORM, meta("merge"));
  const whole = file(undefined, [made("same", "1"), made("old", "2"), made("third", "3")]);
  const rows: readonly (readonly [name: string, target: Vertex, want: readonly string[]])[] = [
    ["built on it", diff(first, onIt), ["d", "d/added"]],
    ["built on it, over another", over(whole, diff(first, onIt)), ["d", "d/added", "old", "third"]],
    ["another", diff(first, other), ["new"]],
    ["another, over a third", over(whole, diff(first, other)), ["new", "same", "third"]],
    ["to nothing", vertex({ kind: "diff", lower: 0, upper: -1 }, [first], PLATFORM, meta("diff")), []],
    ["from nothing", vertex({ kind: "diff", lower: -1, upper: 0 }, [other], PLATFORM, meta("diff")), ["new", "same"]],
  ];
  for (const [at, [name, target, want]] of rows.entries()) {
    const output = `${given.output}${at}`;
    await server.connect().build({ definition: toDefinition(target), output, solve: local });
    assert.deepEqual(readdirSync(output, { recursive: true }).map(String).toSorted(), want, name);
  }
});

test("I2: file actions: bytes, links, removals, times, copies of what actions made", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({});
  const actions: readonly FileAction[] = [
    { kind: "mkdir", path: "/d/e", mode: 0o711, makeParents: true },
    { kind: "mkfile", path: "/d/bin", mode: 0o600, data: Buffer.from([0, 255, 128]).toString("base64"), encoding: "base64" },
    made("/d/x.tmp", "x"),
    made("/d/y.tmp", "y"),
    { kind: "symlink", path: "/d/link", target: "bin" },
    { kind: "rm", path: "/d/*.tmp", allowNotFound: false, allowWildcard: true },
    { kind: "rm", path: "/none", allowNotFound: true, allowWildcard: false },
    { kind: "rm", path: "/d/e", allowNotFound: false, allowWildcard: false },
    made("/d/e", "now a file"),
  ];
  await server.connect().build({ definition: toDefinition(file(undefined, actions)), output: given.output, solve: local });
  assert.deepEqual(readdirSync(given.output, { recursive: true }).map(String).toSorted(), ["d", "d/bin", "d/e", "d/link"]);
  assert.deepEqual([...readFileSync(join(given.output, "d/link"))], [0, 255, 128]);
  assert.equal(readFileSync(join(given.output, "d/e"), "utf8"), "now a file");
  assert.equal(statSync(join(given.output, "d/e")).mtimeMs, 5000);
  const refused: readonly (readonly [FileAction, RegExp])[] = [
    [{ kind: "rm", path: "/none", allowNotFound: false, allowWildcard: false }, /Cannot remove "\/none": no such file/],
    [{ kind: "rm", path: "/", allowNotFound: true, allowWildcard: false }, /Cannot remove "\/": it is the root/],
    [{ kind: "symlink", path: "/none/link", target: "x" }, /Cannot write into "\/none": no such directory/],
    [{ kind: "mkdir", path: "/none/deep", mode: 0o755, makeParents: false }, /Cannot write into "\/none": no such directory/],
  ];
  for (const [action, says] of refused)
    await assert.rejects(
      server.connect().build({ definition: toDefinition(file(undefined, [made("/f", "f"), action])), output: given.output }),
      says,
    );
});

test("I2: a graph has caches of the client's choice, in its own steps and elsewhere", async () => {
  await using server = await startBuildServer();
  await using other = await startBuildServer();
  await using registry = await startFakeRegistry();
  await using given = await folderWith({});
  addBusybox({ context: given.context });
  const { root } = processOf(await vertexOf(BUSYBOX), file(undefined, [made("x", "x")]), "head -c 16 /dev/urandom > /random; exit 3");
  const ref = `${registry.host}/cache:1`;
  const build: TestBuild = { definition: toDefinition(root), folders: { context: given.context } };
  const exports = [{ type: "registry", attrs: { ref, mode: "max" } }];
  const imports = [{ type: "registry", attrs: { ref } }];
  await server.connect().build({ ...build, output: given.output, solve: { ...local, cache: { exports } } });
  await other.connect().build({ ...build, output: `${given.output}2`, solve: { ...local, cache: { imports } } });
  assert.deepEqual(readFileSync(join(given.output, "random")), readFileSync(`${given.output}2/random`));
  await using third = await startBuildServer();
  await third.connect().build({ ...build, output: `${given.output}3`, solve: local, asked: { cacheImports: imports } });
  assert.deepEqual(readFileSync(join(given.output, "random")), readFileSync(`${given.output}3/random`), "named on the open build");
});

test("I2: sources of graphs: http with a name and a checksum, folders by patterns", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({ "a.txt": "a", "big/x": "x" });
  const web = createServer((_request, response) => response.end("target {}")).listen(0, "127.0.0.1");
  await new Promise((resolve) => web.once("listening", resolve));
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/bake.hcl`;
  try {
    const file = source(url, { "http.filename": "got.hcl", "http.checksum": sha256(Buffer.from("target {}")) });
    await server.connect().build({ definition: toDefinition(file), output: given.output, solve: local });
    assert.equal(readFileSync(join(given.output, "got.hcl"), "utf8"), "target {}");
  } finally {
    web.close();
  }
  const some = source("local://context", { "local.includepattern": '["a.txt"]', "local.sharedkeyhint": "context" });
  const { listed } = await server.connect().build({ definition: toDefinition(some), folders: { context: given.context } });
  assert.ok(listed.includes("context/a.txt"));
});

test("I2: clients read files of results: ReadFile, ReadDir, StatFile, of graphs and of builds", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({ "a.txt": "hello", "sub/b.hcl": "b", "sub/c.txt": "c" });
  writeFileSync(join(given.context, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  const looked: string[] = [];
  const look: TestBuild["look"] = async (ref, grpc, options) => {
    const text = async (filePath: string, range?: { readonly offset: bigint; readonly length: bigint }): Promise<string> =>
      Buffer.from(
        (await grpc.unary(LLBBridge.method.readFile, { ref, filePath, ...(range === undefined ? {} : { range }) }, options)).data,
      ).toString();
    assert.equal(await text("a.txt"), "hello");
    assert.equal(await text("/a.txt", { offset: 1n, length: 3n }), "ell");
    assert.equal(await text("a.txt", { offset: 3n, length: 1024n }), "lo");
    const { stat } = await grpc.unary(LLBBridge.method.statFile, { ref, path: "sub/b.hcl" }, options);
    assert.deepEqual([stat?.path, stat?.size], ["b.hcl", 1n]);
    const { entries } = await grpc.unary(LLBBridge.method.readDir, { ref, dirPath: "sub" }, options);
    assert.deepEqual(
      entries.map(({ path }) => path),
      ["b.hcl", "c.txt"],
    );
    const some = await grpc.unary(LLBBridge.method.readDir, { ref, dirPath: "/sub", includePattern: "*.hcl" }, options);
    assert.deepEqual(
      some.entries.map(({ path }) => path),
      ["b.hcl"],
    );
    await assert.rejects(
      text("none"),
      (error) => error instanceof GrpcError && error.code === CODE.notFound && /no such file/.test(error.message),
    );
    await assert.rejects(grpc.unary(LLBBridge.method.statFile, { ref: "other", path: "a.txt" }, options), /no such ref/);
    looked.push(ref);
  };
  const folders = { context: given.context, dockerfile: given.context };
  await server.connect().build({ definition: toDefinition(source("local://context")), folders, look });
  await server.connect().build({ attributes: { filename: "Dockerfile" }, folders, look });
  assert.equal(looked.length, 2);
});

test("I2: a graph stands for the context and the Dockerfile, or for a named context", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({
    "app/Dockerfile": "FROM scratch\nCOPY . /app/\nCOPY --from=lib / /lib/\n",
    "app/.dockerignore": "*",
    "app/a.txt": "a",
    "lib/l.txt": "l",
  });
  const context = source("local://context");
  const part = (src: string): Definition => {
    const copy = {
      kind: "copy",
      input: 0,
      src,
      dest: "/",
      followSymlinks: true,
      dirCopyContents: true,
      attemptUnpack: false,
      allowWildcard: false,
      allowEmptyWildcard: false,
      excludePatterns: [],
    } as const;
    const meta = { name: `set context to ${src}`, ignoreCache: false, internal: false, slot: src };
    return toDefinition(vertex({ kind: "file", base: -1, actions: [copy] }, [context], PLATFORM, meta));
  };
  await server.connect().build({
    attributes: { filename: "Dockerfile", "context:lib": "input:lib" },
    frontendInputs: { context: part("/app"), dockerfile: part("/app"), lib: part("/lib") },
    folders: { context: given.context },
    output: given.output,
    solve: local,
  });
  assert.equal(readFileSync(join(given.output, "app/a.txt"), "utf8"), "a", "an ignore file is for folders of the client alone");
  assert.equal(readFileSync(join(given.output, "lib/l.txt"), "utf8"), "l");
});

test("I2: what a graph asks and the server does not have is named, with BuildKit's code", async () => {
  await using server = await startBuildServer();
  await using given = await folderWith({});
  const bytes = toBinary(OpSchema, create(OpSchema, { op: { case: "build", value: create(BuildOpSchema) } }));
  const end = toBinary(OpSchema, create(OpSchema, { inputs: [{ digest: sha256(bytes), index: 0n }] }));
  const rows: readonly (readonly [what: string, definition: Definition, code: number, says: RegExp])[] = [
    ["an op", create(DefinitionSchema, { def: [bytes, end] }), CODE.unimplemented, /the op "build"/],
    ["a damaged graph", create(DefinitionSchema, { def: [Buffer.from("x")] }), CODE.invalid, /an op is damaged/],
    ["a source", toDefinition(source("ftp://x")), CODE.unimplemented, /ftp:/],
    ["a blob without a digest", toDefinition(source("docker-image+blob://x@sha256:1")), CODE.invalid, /no digest/],
    [
      "an attribute of http",
      toDefinition(source("http://127.0.0.1:9/x", { "http.header.accept": "x" })),
      CODE.unimplemented,
      /header\.accept/,
    ],
    ["an attribute", toDefinition(source("local://context", { "local.unknown": "x" })), CODE.unimplemented, /local\.unknown/],
    ["a layout without a digest", toDefinition(source("oci-layout://x")), CODE.unimplemented, /without a digest/],
  ];
  for (const [what, definition, code, says] of rows) {
    await assert.rejects(server.connect().build({ definition, folders: { context: given.context } }), (error) => {
      assert.ok(error instanceof GrpcError, what);
      assert.match(error.message, says, what);
      assert.equal(error.code, code, what);
      return true;
    });
  }
});
