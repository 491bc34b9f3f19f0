/** Contexts and named contexts in all their kinds (F61 to F68, rule S101): the same files give the same image, wherever they come from. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytesOf } from "../../src/bytes.ts";
import { command } from "../../src/cli/commands/build.ts";
import { TABLES } from "../../src/cli/commands.ts";
import type { OutputStream } from "../../src/cli/context.ts";
import { sha256 } from "../../src/digest.ts";
import { type BuildOptions, type ErrorCode, importImage, inspectImage, isDecantError } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { gitServer, testRepository } from "../support/git-server.ts";

const EPOCH = { SOURCE_DATE_EPOCH: "1700000000" };

/** Serves files by path; undated ones have no Last-Modified. */
async function fileServer(
  files: Readonly<Record<string, Buffer | string>>,
  { dated = true }: { readonly dated?: boolean } = {},
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const body = files[request.url ?? ""];
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, dated ? { "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT" } : {}).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function tarOf(folder: string, ...flags: readonly string[]): Buffer {
  return execFileSync("tar", ["-c", ...flags, "-C", folder, "--exclude=.git", "."], { maxBuffer: 1e8 });
}

async function files(
  shop: Workshop,
  dockerfile: string,
  options: Partial<BuildOptions> = {},
): Promise<(name: string) => string | undefined> {
  const dest = join(shop.folder, `out${Math.random()}`);
  await shop.build(dockerfile, { outputs: [{ type: "local", dest }], ...options });
  return (name) => (existsSync(join(dest, name)) ? readFileSync(join(dest, name), "utf8") : undefined);
}

const failsWith =
  (code: ErrorCode, message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(isDecantError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  };

/** Builds a context that has its Dockerfile in it. */
async function inContext(
  shop: Workshop,
  options: Partial<BuildOptions> & { readonly context: string },
): Promise<(name: string) => string | undefined> {
  const dest = join(shop.folder, `out${Math.random()}`);
  await shop.buildAs({ ...options, outputs: [{ type: "local", dest }] });
  return (name) => (existsSync(join(dest, name)) ? readFileSync(join(dest, name), "utf8") : undefined);
}

describe("the build context", () => {
  it("is a repository or an archive of a URL, with a Dockerfile of this machine by its absolute path, as in buildx", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ Dockerfile: "FROM scratch\nCOPY a.txt /of-repository\n", "a.txt": "one" });
    await using server = await gitServer(join(shop.folder, "repositories"));
    await using web = await fileServer({ "/c.tar": tarOf(repo.path) });
    const file = join(shop.folder, "Local");
    writeFileSync(file, "FROM scratch\nCOPY a.txt /local\n");
    for (const context of [`${server.url}/app.git`, `${web.url}/c.tar`]) {
      const read = await inContext(shop, { context, file });
      assert.deepEqual([read("local"), read("of-repository")], ["one", undefined]);
      await assert.rejects(inContext(shop, { context, file: `${file}2` }), /Cannot read Dockerfile ".*Local2": no such file/);
    }
  });

  it("gives the same image as a folder, a tar, a tar of http and a git repository", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ Dockerfile: "FROM scratch\nWORKDIR /w\nCOPY . .\nENV A=b\n", "a.txt": "one", "d/run.sh": "#!/bin/sh\n" });
    symlinkSync("a.txt", join(repo.path, "link"));
    chmodSync(join(repo.path, "d"), 0o755);
    repo.commit({});
    writeFileSync(join(repo.path, ".git/info/exclude"), "");
    writeFileSync(join(shop.folder, "ignore"), ".git\n");
    // Times are those of the files: the same in all four.
    const plain = join(shop.folder, "plain");
    mkdirSync(plain);
    execFileSync("sh", [
      "-c",
      `tar -c --exclude=.git -C "$1" . | tar -x -C "$2" && find "$2" -exec touch -h -d @1700000000 {} +`,
      "sh",
      repo.path,
      plain,
    ]);
    await using server = await gitServer(join(shop.folder, "repositories"));
    await using web = await fileServer({ "/context.tar.gz": tarOf(plain, "-z", "--owner=0", "--group=0") });
    const contexts: readonly (Partial<BuildOptions> & { readonly context: string })[] = [
      { context: plain },
      { context: "-", stdin: bytesOf(tarOf(plain, "--owner=0", "--group=0")) },
      { context: "-", stdin: bytesOf(tarOf(plain, "-J", "--owner=0", "--group=0")) },
      { context: `${web.url}/context.tar.gz` },
      { context: `${server.url}/app.git?mtime=commit` },
      { context: `${server.url}/app.git?branch=main&mtime=commit` },
    ];
    const digests: unknown[] = [];
    for (const [index, options] of contexts.entries()) {
      await shop.buildAs({ ...options, tags: [`c${index}`], buildArgs: EPOCH });
      const { config, layers } = await inspectImage({ image: `c${index}`, root: shop.root });
      digests.push({ config, layers: layers.map(({ diffId }) => diffId) });
    }
    for (const other of digests.slice(1)) assert.deepEqual(other, digests[0]);
  });

  it("X11, S70: keeps the owners of an archive, from standard input and from http", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY d /d\nCOPY --chown=7:8 d/a /e/\nCOPY d/b /\n", "d/a": "a", "d/b": "b" });
    const tar = tarOf(shop.context, "--owner=1000", "--group=1001");
    await using web = await fileServer({ "/context.tar": tar });
    // Seen with BuildKit of dockerd 28.5, by both ways: a copied directory's own owner is not taken, those of its files are.
    const want = ["d/ 0/0", "d/a 1000/1001", "d/b 1000/1001", "e/ 7/8", "e/a 7/8", "b 1000/1001"];
    for (const options of [{ context: "-", stdin: bytesOf(tar) }, { context: `${web.url}/context.tar` }]) {
      const dest = join(shop.folder, "rootfs.tar");
      await shop.buildAs({ ...options, outputs: [{ type: "tar", dest }] });
      const listed = execFileSync("tar", ["tvf", dest], { encoding: "utf8" }).trimEnd().split("\n");
      const owners = listed.map((line) => line.replace(/^\S+ (\S+) .* (\S+)$/, "$2 $1"));
      assert.deepEqual(owners.toSorted(), want.toSorted());
    }
  });

  it("R2: reads archives of several members, and nothing short of all", async () => {
    using shop = workshop();
    writeFileSync(join(shop.context, "Dockerfile"), "FROM scratch\nCOPY a b /\n");
    writeFileSync(join(shop.context, "a"), "one");
    writeFileSync(join(shop.context, "b"), "two");
    const tar = tarOf(shop.context);
    const [head, tail] = [tar.subarray(0, 1536), tar.subarray(1536)];
    const garbage = Buffer.from("garbage");
    for (const pack of [gzipSync, zstdCompressSync]) {
      const packed = pack(tar);
      for (const bytes of [
        [pack(head), pack(tail)],
        [pack(head), pack(""), pack(tail)],
        [packed, Buffer.alloc(512)],
        [packed, garbage],
      ]) {
        const read = await inContext(shop, { context: "-", stdin: bytesOf(Buffer.concat(bytes)) });
        assert.deepEqual([read("a"), read("b")], ["one", "two"]);
      }
      for (const bytes of [
        [pack(head), garbage, pack(tail)],
        [pack(head), pack(tail).subarray(0, -9)],
      ])
        await assert.rejects(inContext(shop, { context: "-", stdin: bytesOf(Buffer.concat(bytes)) }), failsWith("ARCHIVE", /gzip|zstd/));
      const rootfs = async (bytes: readonly Buffer[]): Promise<unknown> =>
        importImage({ root: shop.root, name: "r", file: "-", stdin: bytesOf(Buffer.concat(bytes)) }).result;
      await rootfs([pack(head), pack(tail)]);
      const { layers } = await inspectImage({ image: "r", root: shop.root });
      assert.equal(layers[0]?.diffId, sha256(tar));
      await assert.rejects(rootfs([packed, garbage]), failsWith("ARCHIVE", /something else follows/));
      await assert.rejects(rootfs([pack(head), pack(tail).subarray(0, -9)]), failsWith("ARCHIVE", /cut off/));
    }
  });

  it("S101: .dockerignore is for folders only", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY . /\n", ".dockerignore": "secret\n", secret: "x" });
    assert.equal((await inContext(shop, { context: shop.context }))("secret"), undefined);
    assert.equal((await inContext(shop, { context: "-", stdin: bytesOf(tarOf(shop.context)) }))("secret"), "x");
  });

  it("takes the Dockerfile of an archive or a repository by its path there", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ "sub/deploy/my.Dockerfile": "FROM scratch\nCOPY a /\n", "sub/a": "1" });
    await using server = await gitServer(join(shop.folder, "repositories"));
    const file = "deploy/my.Dockerfile";
    assert.equal((await inContext(shop, { context: `${server.url}/app.git#main:sub`, file }))("a"), "1");
    assert.equal((await inContext(shop, { context: "-", file, stdin: bytesOf(tarOf(join(repo.path, "sub"))) }))("a"), "1");
    await assert.rejects(
      inContext(shop, { context: "-", stdin: bytesOf(tarOf(repo.path)) }),
      failsWith("DOCKERFILE_NOT_FOUND", /"Dockerfile" of standard input/),
    );
  });

  it("may be empty: a Dockerfile alone, from standard input or a URL", async () => {
    using shop = workshop();
    const text = "FROM scratch\nCOPY <<x /a\nhi\nx\n";
    await using web = await fileServer({ "/Dockerfile": text });
    assert.equal((await inContext(shop, { context: "-", stdin: bytesOf(text) }))("a"), "hi\n");
    assert.equal((await inContext(shop, { context: `${web.url}/Dockerfile` }))("a"), "hi\n");
    await assert.rejects(
      inContext(shop, { context: "-", stdin: bytesOf("FROM scratch\nCOPY b /\n") }),
      failsWith("COPY_SOURCE_MISSING", /"\/b": not found in the build context/),
    );
  });

  it("may have its Dockerfile elsewhere: on standard input, at a URL", async () => {
    using shop = workshop();
    shop.write({ a: "1", b: "2", ".dockerignore": "b\n" });
    const text = "FROM scratch\nCOPY . /\n";
    await using web = await fileServer({ "/x.Dockerfile": text });
    const fromStdin = await inContext(shop, { context: shop.context, file: "-", stdin: bytesOf(text) });
    const fromUrl = await inContext(shop, { context: shop.context, file: `${web.url}/x.Dockerfile` });
    assert.deepEqual([fromStdin("a"), fromStdin("b"), fromUrl("a"), fromUrl("b")], ["1", undefined, "1", undefined]);
  });

  it("gives SOURCE_DATE_EPOCH=context its time, as does a named one", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ Dockerfile: "ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nCOPY a /\n", a: "1" }, 1_600_000_000);
    await using server = await gitServer(join(shop.folder, "repositories"));
    await shop.buildAs({ context: `${server.url}/app.git`, tags: ["epoch"] });
    const { config } = await inspectImage({ image: "epoch", root: shop.root });
    assert.match(JSON.stringify(config), /"created":"2020-09-13T12:26:40Z"/);
    await shop.build("FROM scratch\nCOPY --from=repo a /\n", {
      tags: ["named"],
      buildArgs: { SOURCE_DATE_EPOCH: "repo" },
      buildContexts: { repo: `${server.url}/app.git` },
    });
    assert.match(JSON.stringify((await inspectImage({ image: "named", root: shop.root })).config), /"created":"2020-09-13T12:26:40Z"/);
  });

  it("F47: gives SOURCE_DATE_EPOCH the time of the youngest file in an archive, or none with a warning", async () => {
    using shop = workshop();
    shop.write({
      Dockerfile: "ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL at=${SOURCE_DATE_EPOCH-unset}\n",
      a: "1",
    });
    utimesSync(join(shop.context, "a"), 1_600_000_000, 1_600_000_000);
    utimesSync(join(shop.context, "Dockerfile"), 1_500_000_000, 1_500_000_000);
    const tar = tarOf(shop.context);
    await using web = await fileServer({ "/c.tar": tar }, { dated: false });
    const contexts: readonly Omit<BuildOptions, "root">[] = [
      { context: "-", stdin: bytesOf(tar) },
      { context: `${web.url}/c.tar` },
      { context: shop.context, buildArgs: { SOURCE_DATE_EPOCH: "Named" }, buildContexts: { Named: `${web.url}/c.tar` } },
    ];
    for (const options of contexts) {
      await shop.buildAs({ ...options, root: shop.root, tags: ["epoch"] });
      const config = JSON.stringify((await inspectImage({ image: "epoch", root: shop.root })).config);
      assert.match(config, /"created":"2020-09-13T12:26:40Z".*"at":"1600000000"|"at":"1600000000".*"created":"2020-09-13T12:26:40Z"/);
    }
    const { events } = await shop.buildAs({ context: shop.context, root: shop.root, tags: ["none"] });
    assert.match(JSON.stringify(events), /"code":"NoEpoch","message":"SOURCE_DATE_EPOCH=context has no effect/);
    assert.match(JSON.stringify((await inspectImage({ image: "none", root: shop.root })).config), /"at":"unset"/);
  });

  it("F47: takes SOURCE_DATE_EPOCH from a stage that fetches something, built or not", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ a: "1" }, 1_600_000_000);
    await using server = await gitServer(join(shop.folder, "repositories"));
    const text = (stage: string): string =>
      `ARG SOURCE_DATE_EPOCH=Clock\nFROM scratch AS clock\n${stage}\nFROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL at=$SOURCE_DATE_EPOCH\n`;
    await shop.build(text("ARG HOST=nowhere\nARG REF=main\nADD $HOST/app.git#$REF /"), {
      tags: ["clock"],
      buildArgs: { HOST: server.url },
    });
    assert.match(JSON.stringify((await inspectImage({ image: "clock", root: shop.root })).config), /"at":"1600000000"/);
    const rows: readonly (readonly [string, RegExp, number])[] = [
      ["COPY a /", /source-only requirements: unsupported COPY instruction/, 3],
      ["", /exactly one remote ADD$/, 2],
      [`ADD ${server.url}/app.git /\nADD ${server.url}/app.git /`, /exactly one remote ADD$/, 4],
      ["ADD a b /", /exactly one remote ADD source/, 3],
      ["ADD a /", /single HTTP\(S\) or Git ADD/, 3],
    ];
    for (const [stage, message, line] of rows) {
      await assert.rejects(shop.build(text(stage)), (error) => {
        failsWith("DOCKERFILE_SEMANTIC", message)(error);
        return isDecantError(error) && error.source[0]?.start.line === line;
      });
    }
    await assert.rejects(shop.build(text("").replace("=Clock", "=nobody")), failsWith("USAGE", /invalid SOURCE_DATE_EPOCH: nobody/));
  });

  it("is refused with what to do: no standard input, an empty one, both from it", async () => {
    using shop = workshop();
    await assert.rejects(inContext(shop, { context: "-" }), failsWith("USAGE", /no standard input/));
    await assert.rejects(inContext(shop, { context: "-", stdin: bytesOf("") }), failsWith("CONTEXT", /it is empty/));
    await assert.rejects(inContext(shop, { context: "-", file: "-", stdin: bytesOf("x") }), failsWith("USAGE", /both/));
    await assert.rejects(inContext(shop, { context: join(shop.folder, "nope") }), failsWith("CONTEXT", /no such directory/));
  });
});

describe("named contexts", () => {
  it("are folders with their own .dockerignore: for --from, FROM and mounts", async () => {
    using shop = workshop();
    const other = join(shop.folder, "other");
    mkdirSync(join(other, "d"), { recursive: true });
    writeFileSync(join(other, "a"), "1");
    writeFileSync(join(other, "d/secret"), "2");
    writeFileSync(join(other, ".dockerignore"), "d/secret\n");
    const buildContexts = { other };
    const read = await files(shop, "FROM other\nCOPY --from=other a /copied\n", { buildContexts });
    assert.deepEqual([read("a"), read("copied"), read("d/secret")], ["1", "1", undefined]);
    addBusybox(shop);
    const mounted = await files(shop, `${BUSYBOX}RUN --mount=from=other,target=/m cp /m/a /b && test ! -e /m/d/secret`, { buildContexts });
    assert.equal(mounted("b"), "1");
  });

  it("stand in for an image under all its names, and for a whole stage", async () => {
    using shop = workshop();
    const other = join(shop.folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "a"), "1");
    const image = await files(shop, "FROM docker.io/library/nowhere:latest\n", { buildContexts: { nowhere: other } });
    assert.equal(image("a"), "1");
    const stage = await files(shop, "FROM 127.0.0.1:1/missing AS build\nCOPY missing /\nFROM scratch\nCOPY --from=build a /\n", {
      buildContexts: { build: other },
    });
    assert.equal(stage("a"), "1");
    const target = await files(shop, "FROM 127.0.0.1:1/missing AS build\nRUN false\n", {
      buildContexts: { build: other },
      target: "build",
    });
    assert.equal(target("a"), "1");
  });

  it("may be for one platform", async () => {
    using shop = workshop();
    for (const name of ["one", "two"]) {
      mkdirSync(join(shop.folder, name));
      writeFileSync(join(shop.folder, name, "a"), name);
    }
    const buildContexts = { x: join(shop.folder, "one"), "x::linux/arm64": join(shop.folder, "two") };
    assert.equal((await files(shop, "FROM x", { buildContexts }))("a"), "one");
    assert.equal((await files(shop, "FROM --platform=linux/arm64 x", { buildContexts }))("a"), "two");
  });

  it("L7: are git repositories, and URLs: a folder with one file, which is not unpacked", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ "a.txt": "one", "sub/b": "two" });
    await using server = await gitServer(join(shop.folder, "repositories"));
    await using web = await fileServer({ "/x.tar.gz": tarOf(repo.path, "-z", "--owner=5"), "/data.json": "{}" });
    const buildContexts = {
      repo: `${server.url}/app.git`,
      sub: `${server.url}/app.git#main:sub`,
      tar: `${web.url}/x.tar.gz`,
      json: `${web.url}/data.json`,
    };
    const read = await files(shop, "FROM json\nCOPY --from=repo a.txt /git\nCOPY --from=sub b /b\nCOPY --from=tar . /tar\n", {
      buildContexts,
    });
    assert.deepEqual(["git", "b", "context", "tar/a.txt"].map(read), ["one", "two", "{}", undefined]);
    assert.ok(read("tar/context")?.startsWith("\x1f"), "the archive itself");
    const older = await files(shop, "# syntax=docker/dockerfile:1.19\nFROM scratch\nCOPY --from=json . /", { buildContexts });
    assert.deepEqual([older("data.json"), older("context")], ["{}", undefined]);
  });

  it("are images of the store and of OCI layouts", async () => {
    using shop = workshop();
    shop.write({ a: "1" });
    const layout = join(shop.folder, "layout");
    await shop.build("FROM scratch\nCOPY a /a\nENV FROM=image\n", {
      tags: ["local/base:v1"],
      outputs: [
        { type: "image", names: ["local/base:v1"], push: false },
        { type: "oci", dest: layout, tar: false, names: ["local/base:v1"] },
      ],
    });
    const { digest } = await inspectImage({ image: "local/base:v1", root: shop.root });
    for (const value of ["docker-image://local/base:v1", `oci-layout://${layout}`, `oci-layout://${layout}:v1`]) {
      await shop.build("FROM base\nCOPY --from=base a /b\n", { buildContexts: { base: value }, tags: ["result"] });
      const { config, layers } = await inspectImage({ image: "result", root: shop.root });
      assert.match(JSON.stringify(config), /FROM=image/, value);
      assert.equal(layers.length, 2);
    }
    assert.match(digest, /^sha256:/);
    const build = (value: string): Promise<unknown> => shop.build("FROM base\n", { buildContexts: { base: value } });
    await assert.rejects(build(`oci-layout://${layout}:v2`), failsWith("IMAGE_NOT_FOUND", /Cannot find image "v2"/));
    await assert.rejects(build(`oci-layout://${shop.folder}`), failsWith("IMAGE_NOT_FOUND", /index\.json/));
  });

  it("are refused by name where they cannot be used", async () => {
    using shop = workshop();
    const build = (name: string, value: string): Promise<unknown> => shop.build("FROM scratch\n", { buildContexts: { [name]: value } });
    await assert.rejects(build("x", "target:y"), failsWith("UNSUPPORTED", /target:y/));
    await assert.rejects(build("x", "s3://bucket"), failsWith("UNSUPPORTED", /s3:/));
    await assert.rejects(build("x", join(shop.folder, "nope")), failsWith("CONTEXT", /no such directory/));
    await assert.rejects(build("context", "."), failsWith("USAGE", /cannot be the name of a context/));
    await assert.rejects(build("x", ""), failsWith("USAGE", /no value/));
  });
});

describe("the image of a build", () => {
  it("has the annotations that were asked for", async () => {
    using shop = workshop();
    await shop.build("FROM scratch\nCOPY <<a /a\na\n", { tags: ["noted"], annotations: [{ key: "org.example.note", value: "x" }] });
    const { manifest } = await inspectImage({ image: "noted", root: shop.root });
    assert.match(JSON.stringify(manifest), /"annotations":\{"org\.example\.note":"x"\}/);
  });

  it("has no younger times in its own layers with rewrite-timestamp, and is the same whenever it is built", async () => {
    using shop = workshop();
    const diffIds: string[] = [];
    for (const time of [1_800_000_000, 1_900_000_000]) {
      shop.write({ a: "1", old: "2" });
      utimesSync(join(shop.context, "a"), time, time);
      utimesSync(join(shop.context, "old"), 1_000_000_000, 1_000_000_000);
      await shop.build("FROM scratch\nCOPY a old /d/\n", {
        buildArgs: EPOCH,
        noCache: true,
        outputs: [{ type: "oci", dest: join(shop.folder, `${time}.tar`), tar: true, names: [], rewriteTimestamp: true }],
      });
      const layout = join(shop.folder, String(time));
      mkdirSync(layout);
      execFileSync("tar", ["-x", "-f", `${layout}.tar`, "-C", layout]);
      await shop.build("FROM layout\n", { tags: ["again"], buildContexts: { layout: `oci-layout://${layout}` } });
      const { layers } = await inspectImage({ image: "again", root: shop.root });
      diffIds.push(...layers.map(({ diffId }) => diffId));
      const out = join(shop.folder, `out${time}`);
      await shop.build("FROM layout\n", { buildContexts: { layout: `oci-layout://${layout}` }, outputs: [{ type: "local", dest: out }] });
      assert.deepEqual(
        ["d/a", "d/old"].map((name) => statSync(join(out, name)).mtimeMs / 1000),
        [1_700_000_000, 1_000_000_000],
      );
    }
    assert.equal(diffIds.length, 2);
    assert.equal(diffIds[0], diffIds[1]);
  });
});

describe("--call of contexts elsewhere (F57, F58)", () => {
  const TEXT = "# app is the app\nFROM scratch AS app\nARG A=1\nMAINTAINER me\nCOPY ignored /\n";

  /** Runs the command in `cwd` and gives its standard output. */
  async function called(
    args: readonly string[],
    { cwd, stdin = "" }: { readonly cwd: string; readonly stdin?: Buffer | string },
  ): Promise<string> {
    const chunks: Uint8Array[] = [];
    const stream = (write: (chunk: Uint8Array | string) => void): OutputStream => ({
      write: (chunk) => Promise.resolve(write(chunk)),
      isTerminal: false,
      color: false,
      size: () => ({ columns: 80, rows: 24 }),
    });
    await command.run(
      ["--root", join(cwd, "store"), ...args],
      {
        env: { PATH: process.env["PATH"] },
        cwd,
        stdin: bytesOf(stdin),
        stdout: stream((chunk) => void chunks.push(Buffer.from(chunk))),
        stderr: stream(() => undefined),
        signal: new AbortController().signal,
        forwardSignals: () => ({ [Symbol.dispose]: () => undefined }),
      },
      TABLES,
    );
    return Buffer.concat(chunks).toString();
  }

  it("gives the same for a folder, a repository, an archive, and standard input", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: TEXT });
    const repo = testRepository(join(shop.folder, "repositories/app"));
    repo.commit({ Dockerfile: TEXT });
    await using server = await gitServer(join(shop.folder, "repositories"));
    const tar = tarOf(shop.context);
    await using web = await fileServer({ "/c.tar": tar, "/Dockerfile": TEXT });
    const ways: readonly { readonly args: readonly string[]; readonly stdin?: Buffer | string }[] = [
      { args: ["context"] },
      { args: [`${server.url}/app.git`] },
      { args: [`${web.url}/c.tar`] },
      { args: [`${web.url}/Dockerfile`] },
      { args: ["-"], stdin: tar },
      { args: ["-"], stdin: TEXT },
      { args: ["-f", "-", "context"], stdin: TEXT },
      { args: ["-f", `${web.url}/Dockerfile`, "context"] },
    ];
    for (const { args, stdin = "" } of ways) {
      const call = (...words: readonly string[]): Promise<string> => called([...words, ...args], { cwd: shop.folder, stdin });
      assert.match(await call("--check"), /^Check complete, 1 warning has been found!\n\nWARNING: MaintainerDeprecated/, args.join(" "));
      assert.match(await call("--call=targets"), /app \(default\) is the app/, args.join(" "));
      assert.match(await call("--call=outline,format=json"), /"name": "A"/, args.join(" "));
      assert.match(await call("--call=convertllb"), /"identifier": "local:\/\/context"/, args.join(" "));
    }
  });

  it("applies .dockerignore of a folder, whatever its Dockerfile, and of nothing else (S101)", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: TEXT, ".dockerignore": "ignored\n", ignored: "x" });
    const warned = async (args: readonly string[], stdin: Buffer | string = ""): Promise<boolean> =>
      (await called(["--check", ...args], { cwd: shop.folder, stdin })).includes("CopyIgnoredFile");
    assert.equal(await warned(["context"]), true);
    assert.equal(await warned(["-f", "-", "context"], TEXT), true);
    assert.equal(await warned(["-"], tarOf(shop.context)), false);
  });
});
