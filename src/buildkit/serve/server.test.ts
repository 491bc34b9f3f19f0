/** What clients of BuildKit get of the server, by the calls that docker buildx makes. No docker is needed. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { tarOf } from "../../../test/support/archive.ts";
import { addBusybox, BUSYBOX, holds } from "../../../test/support/build.ts";
import { startBuildServer, type TestBuild, type TestBuilt, type TestServer } from "../../../test/support/buildkit-client.ts";
import { startFakeRegistry } from "../../../test/support/registry.ts";
import { listBuilds } from "../../index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { PruneRequest, PruneRequestSchema } from "../wire/control_pb.ts";
import { Content, Control, LLBBridge } from "../wire/methods.ts";

interface Project {
  readonly path: string;
  build(server: TestServer, more?: TestBuild): Promise<TestBuilt>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A folder that is both context and place of the Dockerfile. */
async function project(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await mkdtempDisposable(join(tmpdir(), "decant-client-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return {
    path: folder.path,
    async build(server, { attributes, ...more } = {}) {
      const client = server.connect();
      const folders = { context: folder.path, dockerfile: folder.path, ...more.folders };
      return await client.build({ ...more, attributes: { filename: "Dockerfile", ...attributes }, folders });
    },
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

const local = { exporters: [{ type: "local", attrs: {} }] };

test("I2: the probe of a client: a worker, its platform, and what the server can do", async () => {
  await using server = await startBuildServer();
  const { grpc } = server.connect();
  const { signal } = new AbortController();
  const { record } = await grpc.unary(Control.method.listWorkers, {}, { signal });
  assert.equal(record.length, 1);
  assert.equal(record[0]?.platforms[0]?.os, "linux");
  assert.match((await grpc.unary(Control.method.info, {}, { signal })).buildkitVersion?.version ?? "", /^v\d+\.\d+\.\d+/);
  const solving = grpc.unary(Control.method.solve, { ref: "probe", internal: true, cache: {} }, { signal });
  const onBuild = { metadata: { "buildkit-controlapi-buildid": "probe" }, signal };
  const { frontendApiCaps, llbCaps } = await grpc.unary(LLBBridge.method.ping, {}, onBuild);
  for (const wanted of ["return", "returnmap", "proto.refarray", "frontend.inputs", "gateway.solve.metadata"])
    assert.ok(
      frontendApiCaps.some(({ id, enabled }) => id === wanted && enabled),
      wanted,
    );
  for (const wanted of ["exporter.image.attestations", "exporter.multiple"])
    assert.ok(
      llbCaps.some(({ id }) => id === wanted),
      wanted,
    );
  await grpc.unary(LLBBridge.method.return, { result: { result: { case: "ref", value: {} } } }, onBuild);
  assert.deepEqual((await solving).exporterResponse, {});
  assert.deepEqual(await listBuilds({ root: server.root }), [], "a probe is no build");
});

test("I2: builds a folder of the client into a folder of the client, and tells its steps", async () => {
  await using server = await startBuildServer();
  await using given = await project({
    Dockerfile: "FROM scratch\nCOPY . /app/\n",
    "a.txt": "a",
    "sub/b.txt": "b",
    ".dockerignore": "*.log\n",
    "x.log": "",
  });
  symlinkSync("b.txt", join(given.path, "sub/link"));
  const output = join(given.path, "..", `out-${Date.now()}`);
  const { names, response } = await given.build(server, { output, solve: local });
  assert.deepEqual(response.exporterResponse, {});
  assert.equal(readFileSync(join(output, "app/sub/link"), "utf8"), "b");
  assert.ok(!existsSync(join(output, "app/x.log")), "what the ignore file leaves out is not in the image");
  for (const name of ["[internal] load build definition from Dockerfile", "[internal] load build context", "[1/1] COPY . /app/"])
    assert.ok(names.includes(name), name);
  assert.ok(!names.some((name) => name.includes(server.root)), "paths of the server are nobody's business");
});

test("I2: a client sends only what has changed", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY . /\n", "a.txt": "a", "b.txt": "b" });
  const sharedKey = "project:node";
  const first = await given.build(server, { sharedKey });
  assert.ok(first.sent.some((line) => line.startsWith("context")));
  const second = await given.build(server, { sharedKey });
  assert.deepEqual(
    second.sent.filter((line) => line.startsWith("context")),
    [],
  );
  writeFileSync(join(given.path, "a.txt"), "other");
  const third = await given.build(server, { sharedKey });
  assert.equal(new Set(third.sent.filter((line) => line.startsWith("context"))).size, 1);
  const other = await given.build(server, { sharedKey: "another:node" });
  assert.ok(
    other.sent.some((line) => line.startsWith("context")),
    "what another client has sent is not taken",
  );
});

test("I2: what no step takes stays with the client", async () => {
  await using server = await startBuildServer();
  const files = { "a.txt": "a", "big/x.bin": "x", "sub/b.txt": "b", "lib/c.txt": "c" };
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY a.txt sub /\nCOPY --from=lib c.txt /\n", ...files });
  const output = join(given.path, "..", `out-${Date.now()}`);
  const { listed } = await given.build(server, {
    output,
    solve: local,
    attributes: { "context:lib": "local:lib" },
    folders: { lib: join(given.path, "lib") },
  });
  assert.deepEqual(readdirSync(output).toSorted(), ["a.txt", "b.txt", "c.txt"]);
  const ofContexts = listed.filter((path) => !path.startsWith("dockerfile/"));
  assert.deepEqual([...new Set(ofContexts)].toSorted(), ["context/a.txt", "context/sub", "context/sub/b.txt", "lib/c.txt"]);
  writeFileSync(join(given.path, "decant.yaml"), "assemble: []\n");
  const all = await given.build(server, { attributes: { "context:lib": "local:lib" }, folders: { lib: join(given.path, "lib") } });
  assert.ok(all.listed.includes("context/big/x.bin"), "the settings of a project may name any file");
});

/** The text of the file in a detail of an error. */
function sourceIn(detail: Uint8Array): string {
  return (JSON.parse(Buffer.from(detail).toString("utf8")) as { readonly info: { readonly data: string } }).info.data;
}

test("I2: a secret of the client reaches no output, whatever comes from the cache", async () => {
  await using server = await startBuildServer();
  await using given = await project({ "a.txt": "a" });
  addBusybox({ context: given.path });
  const withSecret = `${BUSYBOX}RUN --mount=type=secret,id=token,required=true true\nCOPY a.txt /\n`;
  const secrets = { token: "s3cret-w0rd-of-mine" };
  writeFileSync(join(given.path, "Dockerfile"), withSecret);
  await given.build(server, { secrets });
  writeFileSync(join(given.path, "a.txt"), "my s3cret-w0rd-of-mine is here");
  await assert.rejects(given.build(server, { secrets }), (error) => {
    assert.ok(error instanceof GrpcError);
    assert.match(error.message, /secret "token"/);
    assert.ok(!error.message.includes("s3cret-w0rd"));
    return true;
  });
  writeFileSync(join(given.path, "Dockerfile"), `${withSecret}RUN echo s3cret-w0rd-of-mine && exit 9\n`);
  writeFileSync(join(given.path, "a.txt"), "a");
  const failing = given.build(server, { secrets });
  await assert.rejects(failing, (error) => {
    assert.ok(error instanceof GrpcError);
    assert.match(error.message, /exit code 9/);
    const excerpts = error.details.map(({ value }) => Buffer.from(sourceIn(value), "base64").toString("utf8"));
    assert.ok(![error.message, ...excerpts].some((text) => text.includes("s3cret-w0rd")));
    return true;
  });
});

test("I2: an archive goes to the client with its digests, and the history knows the build", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch AS base\nARG WHO\nCOPY a.txt /\nLABEL who=$WHO\n", "a.txt": "a" });
  const exporters = [
    { type: "oci", attrs: { name: "app:1" } },
    { type: "tar", attrs: {} },
  ];
  const { archives, response } = await given.build(server, {
    ref: "mybuild",
    attributes: { target: "base", "build-arg:WHO": "me", "label:a": "b" },
    solve: { exporters },
  });
  assert.equal(archives.length, 2);
  assert.ok(archives.every((bytes) => bytes.subarray(257, 262).toString() === "ustar"));
  assert.match(response.exporterResponse["containerimage.digest"] ?? "", /^sha256:/);
  assert.equal(response.exporterResponse["image.name"], "docker.io/library/app:1");
  assert.equal((await listBuilds({ root: server.root }))[0]?.id, "mybuild");
  const { grpc } = server.connect();
  const { signal } = new AbortController();
  using listening = grpc.open(Control.method.listenBuildHistory, { signal });
  await listening.send({ ref: "mybuild", earlyExit: true });
  listening.end();
  const records = [];
  for await (const { record, type } of listening.responses) records.push({ type, record });
  assert.equal(records.length, 1);
  const [{ record }] = records as [{ type: number; record: NonNullable<(typeof records)[0]["record"]> }];
  assert.equal(record.frontendAttrs["target"], "base");
  assert.ok(record.numTotalSteps > 0 && record.completedAt !== undefined && record.error === undefined);
  assert.equal(record.trace?.mediaType, "application/vnd.buildkit.otlp.json.v0");
  assert.ok((record.trace?.size ?? 0n) > 0n);
  const [provenance] = record.result?.attestations ?? [];
  assert.ok(provenance !== undefined);
  using reading = grpc.open(Content.method.read, { signal });
  await reading.send({ digest: provenance.digest });
  reading.end();
  const parts: Uint8Array[] = [];
  for await (const { data } of reading.responses) parts.push(data);
  assert.match(Buffer.concat(parts).toString(), /"build-arg:WHO":"me"/);
  await assert.rejects(
    server.connect().grpc.unary(Content.method.info, { digest: provenance.digest }, { signal }),
    { code: CODE.notFound },
    "another client was not told of it",
  );
  using replay = grpc.open(Control.method.status, { signal });
  await replay.send({ ref: "mybuild" });
  replay.end();
  const replayed: string[] = [];
  for await (const { vertexes } of replay.responses) replayed.push(...vertexes.map(({ name }) => name));
  assert.ok(replayed.some((name) => name.includes("COPY a.txt")));
  await grpc.unary(Control.method.updateBuildHistory, { ref: "mybuild", pinned: true }, { signal });
  assert.equal((await listBuilds({ root: server.root }))[0]?.isPinned, true);
  await grpc.unary(Control.method.updateBuildHistory, { ref: "mybuild", delete: true }, { signal });
  assert.deepEqual(await listBuilds({ root: server.root }), []);
});

const NETWORKS = [
  { name: "of a build that asks for nothing", step: "RUN", isOfMachine: false },
  { name: "of a build that wants the machine's", step: "RUN", attributes: { "force-network-mode": "host" }, isOfMachine: true },
  { name: "of a step that wants the machine's", step: "RUN --network=host", isOfMachine: true },
] as const;
for (const { name, step, isOfMachine, ...more } of NETWORKS) {
  test(`I2: the network ${name}`, { timeout: 600_000 }, async () => {
    await using server = await startBuildServer({}, ["network.host"]);
    await using given = await project({ Dockerfile: `${BUSYBOX}${step} echo "in $(readlink /proc/self/ns/net)"\n` });
    addBusybox({ context: given.path });
    const { status } = await given.build(server, { ...more, solve: { entitlements: isOfMachine ? ["network.host"] : [] } });
    const logs = Buffer.concat(status.flatMap((piece) => piece.logs.map(({ msg }) => msg))).toString();
    const [, said] = /in (net:\[\d+\])/.exec(logs) ?? [];
    assert.ok(said !== undefined, logs);
    assert.equal(said === readlinkSync("/proc/self/ns/net"), isOfMachine);
  });
}

const failures: readonly {
  readonly name: string;
  readonly dockerfile: string;
  readonly more?: TestBuild;
  readonly code?: number;
  readonly says: RegExp;
  readonly line?: number;
}[] = [
  { name: "a mistake in the Dockerfile", dockerfile: "FROM scratch\nRUM true\n", says: /unknown instruction: RUM/, line: 2 },
  { name: "a file that is not there", dockerfile: "FROM scratch\nCOPY nope /\n", says: /Cannot copy "\/nope"/, line: 2 },
  { name: "no Dockerfile", dockerfile: "", more: { attributes: { filename: "other" } }, says: /failed to read dockerfile: open other/ },
  {
    name: "a frontend that is an image",
    dockerfile: "FROM scratch\n",
    more: { attributes: { source: "example/frontend" } },
    code: CODE.unimplemented,
    says: /frontend "example\/frontend"/,
  },
  {
    name: "an attribute that nobody knows",
    dockerfile: "FROM scratch\n",
    more: { attributes: { frobnicate: "1" } },
    code: CODE.unimplemented,
    says: /"frobnicate"/,
  },
  {
    name: "a context that is a path of the server",
    dockerfile: "FROM scratch\n",
    more: { attributes: { context: "/etc" } },
    code: CODE.unimplemented,
    says: /The context "\/etc"/,
  },
  {
    name: "a named context that is a path of the server",
    dockerfile: "FROM scratch\n",
    more: { attributes: { "context:x": "/etc" } },
    code: CODE.unimplemented,
    says: /named context x=\/etc/,
  },
  {
    name: "an entitlement that the server does not grant",
    dockerfile: "FROM scratch\n",
    more: { solve: { entitlements: ["security.insecure"] } },
    code: CODE.denied,
    says: /security\.insecure is not allowed/,
  },
  {
    name: "the network of the machine, which the server does not grant",
    dockerfile: "FROM scratch\n",
    more: { solve: { entitlements: ["network.host"] } },
    code: CODE.denied,
    says: /network\.host is not allowed by the server's configuration/,
  },
  {
    name: "the network of the machine, which the client does not ask for",
    dockerfile: "FROM scratch\n",
    more: { attributes: { "force-network-mode": "host" } },
    code: CODE.denied,
    says: /network\.host is not allowed/,
  },
  {
    name: "an exporter that nobody knows",
    dockerfile: "FROM scratch\n",
    more: { solve: { exporters: [{ type: "nydus", attrs: {} }] } },
    code: CODE.unimplemented,
    says: /type=nydus/,
  },
];
for (const { name, dockerfile, more, code = CODE.unknown, says, line } of failures) {
  test(`I2: says with a code of gRPC what is wrong: ${name}`, { timeout: 600_000 }, async () => {
    await using server = await startBuildServer();
    await using given = await project({ Dockerfile: dockerfile });
    await assert.rejects(given.build(server, more), (error) => {
      assert.ok(error instanceof GrpcError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      const [detail] = error.details;
      if (line === undefined) return true;
      assert.equal(detail?.typeUrl, "github.com/moby/buildkit/errdefs.Source+json");
      const told = JSON.parse(Buffer.from(detail.value).toString()) as {
        readonly ranges: readonly { readonly start: { readonly line: number } }[];
      };
      assert.equal(told.ranges[0]?.start.line, line);
      return true;
    });
  });
}

test("I2: a link of the client leads to no file of the server", async () => {
  await using server = await startBuildServer();
  await using secret = await project({ secret: "FROM scratch\nLABEL leaked=1\n" });
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY link /\n" });
  symlinkSync(join(secret.path, "secret"), join(given.path, "link"));
  const output = join(given.path, "..", `out-${Date.now()}-link`);
  await assert.rejects(given.build(server, { output, solve: local }), /Cannot copy "\/link"/);
  await using linked = await project({});
  symlinkSync(join(secret.path, "secret"), join(linked.path, "Dockerfile"));
  await assert.rejects(linked.build(server), /Dockerfile/);
});

test("I2: a client that goes away cancels its build", { timeout: 600_000 }, async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
  const stop = new AbortController();
  const { grpc } = server.connect();
  const solving = grpc.unary(Control.method.solve, { ref: "gone", internal: true, cache: {} }, { signal: stop.signal });
  await grpc.unary(LLBBridge.method.ping, {}, { metadata: { "buildkit-controlapi-buildid": "gone" }, signal: stop.signal });
  stop.abort(new GrpcError(CODE.cancelled, "enough"));
  await assert.rejects(solving);
  await assert.doesNotReject(given.build(server), "the next build is not disturbed");
});

test("I2: what a client asks about a Dockerfile: check, outline, targets", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "# what it is\nFROM scratch as base\nARG V=1\nFROM base AS last\n" });
  const ask = async (requestid: string): Promise<Readonly<Record<string, string>>> => {
    const attributes = { requestid, "frontend.caps": "moby.buildkit.frontend.subrequests+forward" };
    const { result } = await given.build(server, { attributes, solve: { internal: true } });
    return Object.fromEntries(Object.entries(result?.metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString()]));
  };
  const check = await ask("frontend.lint");
  assert.equal(check["result.statuscode"], "1");
  assert.match(check["result.json"] ?? "", /FromAsCasing/);
  assert.match((await ask("frontend.targets"))["result.txt"] ?? "", /^TARGET +DESCRIPTION\nbase .*\nlast \(default\)/);
  assert.match((await ask("frontend.outline"))["result.json"] ?? "", /"sources"/);
  await assert.rejects(ask("frontend.other"), /frontend\.other/);
});

test("I2: many clients at once, each with its own files", { timeout: 600_000 }, async () => {
  await using server = await startBuildServer();
  const builds = Array.from({ length: 8 }, async (_, at) => {
    await using given = await project({ Dockerfile: "FROM scratch\nCOPY own /\n", own: `client ${at}` });
    const output = join(given.path, "out");
    await given.build(server, { output, solve: local, sharedKey: "same:key" });
    return readFileSync(join(output, "own"), "utf8");
  });
  assert.deepEqual(
    await Promise.all(builds),
    Array.from({ length: 8 }, (_, at) => `client ${at}`),
  );
});

test("I2: du and prune", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
  await given.build(server, { sharedKey: "kept:key" });
  const folders = join(server.root, "clients");
  assert.ok(readdirSync(folders).length > 0);
  const { grpc } = server.connect();
  const { signal } = new AbortController();
  const { record } = await grpc.unary(Control.method.diskUsage, { filter: [""] }, { signal });
  const copied = record.find(({ description }) => description.includes("COPY a /"));
  assert.ok(copied !== undefined && copied.size > 0n && !copied.inUse, "the server itself holds nothing");
  const listed = async (filter: string): Promise<readonly string[]> => {
    const { record: found } = await grpc.unary(Control.method.diskUsage, { filter: [filter] }, { signal });
    return found.map(({ recordType }) => recordType);
  };
  assert.ok((await listed("type==source.local")).every((type) => type === "source.local"));
  assert.equal((await listed("description~=COPY a")).length, 1);
  await assert.rejects(listed("description~=("), { code: CODE.invalid });
  const pruned = async (request: Exclude<MessageInitShape<typeof PruneRequestSchema>, PruneRequest>): Promise<readonly string[]> => {
    using pruning = grpc.open(Control.method.prune, { signal });
    await pruning.send(request);
    pruning.end();
    const gone = [];
    for await (const one of pruning.responses) gone.push(one.id);
    return gone;
  };
  assert.deepEqual(await pruned({ filter: ["description==nothing"], all: true }), []);
  assert.deepEqual(await pruned({ filter: [""], maxUsedSpace: 1n << 40n }), [], "the cache is smaller");
  assert.ok((await pruned({ filter: [`id~=${copied.id}`], all: true })).includes(copied.id));
  const again = await given.build(server, { sharedKey: "kept:key" });
  assert.ok(
    again.status.some(({ vertexes }) => vertexes.some(({ name, cached, completed }) => name.includes("COPY a") && completed && !cached)),
  );
  assert.ok((await pruned({ filter: [""], all: true })).length > 0);
  assert.deepEqual(readdirSync(folders), [], "files of contexts are cache, too");
  assert.equal((await listBuilds({ root: server.root })).length, 2, "the history is none");
});

test("I1: an unknown method is said to be so", async () => {
  await using server = await startBuildServer();
  const method = { ...Control.method.info, name: "Frobnicate" };
  await assert.rejects(server.connect().grpc.unary(method, {}, { signal: new AbortController().signal }), { code: CODE.unimplemented });
});

test("I3: keys of caches are nowhere in the store", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
  const attrs = { url: "http://127.0.0.1:9/", url_v2: "http://127.0.0.1:9/", token: "s3cret-token-of-gha", scope: "x" };
  const imports = [{ type: "gha", attrs }];
  const attributes = { "cache-imports": JSON.stringify([{ Type: "gha", Attrs: attrs }]) };
  await given.build(server, { ref: "cached", attributes, solve: { cache: { imports } } }).catch((error: unknown) => {
    assert.doesNotMatch(String(error), /no such attribute|s3cret/);
  });
  assert.equal((await listBuilds({ root: server.root }))[0]?.id, "cached");
  assert.deepEqual(holds(server.root, "s3cret-token"), []);
});

test("I2: a client's own policy is asked about every source before anything runs", async () => {
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: "FROM scratch\nADD http://127.0.0.1:9/x /x\nCOPY a.txt /\n", "a.txt": "a" });
  const asked: string[] = [];
  const answer = (word: string): Parameters<typeof given.build>[1] => ({
    policy: (identifier) => {
      asked.push(identifier);
      return identifier.startsWith("http:") ? word : "allow";
    },
  });
  await assert.rejects(given.build(server, answer("deny")), (error) => {
    assert.ok(error instanceof GrpcError && error.code === CODE.denied);
    assert.match(error.message, /source "http:\/\/127\.0\.0\.1:9\/x" not allowed by policy: action DENY: not that one/);
    return true;
  });
  assert.ok(asked.includes("http://127.0.0.1:9/x"));
  for (const word of ["http://127.0.0.1:9/y", "request"])
    await assert.rejects(given.build(server, answer(word)), (error) => error instanceof GrpcError && error.code === CODE.unimplemented);
  // What it allows is fetched: here, from where nobody is.
  await assert.rejects(given.build(server, answer("allow")), /127\.0\.0\.1:9/);
  assert.ok(asked.includes("local://context"));
});

test("I2: a client's own policy takes one image for another, as its pins do", async () => {
  await using registry = await startFakeRegistry();
  for (const tag of ["1", "2"]) registry.addImage("base", tag, { layers: [tarOf([{ path: `v${tag}`, content: "" }])] });
  await using server = await startBuildServer();
  await using given = await project({ Dockerfile: `FROM ${registry.host}/base:1\n` });
  const output = join(given.path, "out");
  const policy = (identifier: string): string =>
    identifier.endsWith("/base:1") ? `docker-image://${registry.host}/base:2` : identifier.includes("/base:1") ? "deny" : "allow";
  await given.build(server, { output, solve: local, policy });
  assert.deepEqual(readdirSync(output), ["v2"]);
});

const URL_RULES = [
  { name: "denies", action: 1, updates: undefined, says: /rule 1 of "the client's source policy" denies it/ },
  { name: "converts", action: 2, updates: { identifier: "$1/other", attrs: {} }, says: undefined },
] as const;
for (const { name, action, updates, says } of URL_RULES) {
  test(`I2: a policy that comes with a build ${name}`, async () => {
    const web = createServer((request, response) => void response.end(request.url));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    try {
      await using server = await startBuildServer();
      await using given = await project({ Dockerfile: `FROM scratch\nADD http://127.0.0.1:${port}/asked /file\n` });
      const output = join(given.path, "out");
      const selector = { identifier: "^(http://127.*)/asked$", matchType: 2 };
      const solve = {
        ...local,
        sourcePolicy: { version: 1n, rules: [{ action, selector, ...(updates === undefined ? {} : { updates }) }] },
      };
      const building = given.build(server, { output, solve });
      if (says !== undefined) return await assert.rejects(building, says);
      await building;
      assert.equal(readFileSync(join(output, "file"), "utf8"), "/other");
    } finally {
      web.close();
      web.closeAllConnections();
    }
  });
}
