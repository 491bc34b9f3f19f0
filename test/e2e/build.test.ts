/** Builds as a user sees them, through the library: real contexts, real runtime, real store. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  build,
  type BuildEvent,
  type BuildOptions,
  inspectImage,
  isDecantError,
  listImages,
  pruneStore,
  removeImages,
  runImage,
} from "../../src/index.ts";
import { addBusybox, type Built, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { mountLines } from "../support/mounts.ts";
import { formatReason } from "../../src/index.ts";

/** Names of steps by what became of them. */
function steps({ events }: Built): { readonly ran: string[]; readonly cached: string[] } {
  const names = new Map(events.flatMap((event) => (event.type === "vertex.planned" ? [[event.vertex, event.name] as const] : [])));
  const which = (type: BuildEvent["type"]): string[] =>
    events
      .flatMap((event) => ("vertex" in event && event.type === type ? [names.get(event.vertex) ?? ""] : []))
      .filter((name) => /\d+\/\d+\]/.test(name) && !name.includes("] FROM "));
  return { ran: which("vertex.started"), cached: which("vertex.cached") };
}

async function failed(work: Promise<unknown>): Promise<{
  readonly code: string;
  readonly message: string;
  readonly line: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;
}> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error))
      return { code: error.code, message: error.message, line: error.source[0]?.start.line, details: error.details, hint: error.hint };
    throw error;
  }
  throw new assert.AssertionError({ message: "the build did not fail" });
}

function out(
  shop: Workshop,
  name = "out",
): { readonly path: string; readonly outputs: readonly [{ readonly type: "local"; readonly dest: string }]; read(file: string): string } {
  const path = join(shop.folder, name);
  return { path, outputs: [{ type: "local", dest: path }], read: (file) => readFileSync(join(path, file), "utf8") };
}

describe("build() without RUN", () => {
  it("needs no mount and unpacks nothing", async () => {
    using shop = workshop();
    shop.write({ "app/a.txt": "one", "app/run.sh": "#!/bin/sh\n" });
    const target = out(shop);
    await shop.build(
      "FROM scratch AS a\nCOPY app /src\nFROM scratch\nWORKDIR /w\nCOPY --from=a /src/a.txt .\nCOPY --chmod=600 app/run.sh /bin/",
      { outputs: target.outputs },
    );
    assert.equal(target.read("w/a.txt"), "one");
    assert.equal(statSync(join(target.path, "bin/run.sh")).mode & 0o7777, 0o600);
    assert.equal(existsSync(join(shop.root, "dirs", "layer-fs")), false);
  });

  it("applies .dockerignore, and names it when a source is missing because of it", async () => {
    using shop = workshop();
    shop.write({ ".dockerignore": "secret*\n!secret-not\n", "secret.txt": "x", "secret-not": "y", a: "z" });
    const target = out(shop);
    await shop.build("FROM scratch\nCOPY . /", { outputs: target.outputs });
    assert.equal(existsSync(join(target.path, "secret.txt")), false);
    assert.equal(target.read("secret-not"), "y");
    const error = await failed(shop.build("FROM scratch\nCOPY a /\nCOPY secret.txt /"));
    assert.deepEqual([error.code, error.line, error.hint?.includes(".dockerignore")], ["COPY_SOURCE_MISSING", 3, true]);
  });

  it("does not resolve stages that the target does not need", async () => {
    using shop = workshop();
    shop.write({ a: "1" });
    await shop.build("FROM nosuch.invalid/image AS broken\nRUN false\nFROM scratch\nCOPY a /");
  });
});

describe("build() with RUN", () => {
  it("runs steps over layers and keeps what they changed", async () => {
    using shop = workshop();
    addBusybox(shop);
    const target = out(shop);
    const { log } = await shop.build(
      `${BUSYBOX}WORKDIR /w\nRUN echo hello > a && rm /bin/wget && echo to-stdout\nRUN ["/bin/sh", "-c", "cat a; ls /bin | grep -c wget || true"]\nUSER app\nRUN id`,
      { outputs: target.outputs },
    );
    assert.equal(target.read("w/a"), "hello\n");
    assert.equal(existsSync(join(target.path, "bin/wget")), false);
    assert.match(log, /to-stdout\n/);
    assert.match(log, /uid=1000\(app\) gid=1001\(app\) groups=1001\(app\),2000\(extra\)/);
  });

  it("S104: leaves no stub of its mounts", async () => {
    using shop = workshop();
    addBusybox(shop);
    const target = out(shop);
    await shop.build(`${BUSYBOX}RUN cat /etc/resolv.conf /etc/hosts > /copy`, { outputs: target.outputs });
    assert.match(target.read("copy"), /buildkitsandbox/);
    for (const stub of ["etc/resolv.conf", "etc/hosts", "dev/shm", "sys/fs"])
      assert.equal(existsSync(join(target.path, stub)), false, stub);
  });

  it("names the line, the exit code and the log of a failing step", async () => {
    using shop = workshop();
    addBusybox(shop);
    const error = await failed(shop.build(`${BUSYBOX}RUN echo before && exit 7`));
    assert.deepEqual([error.code, error.line, error.details["exitCode"]], ["RUN_FAILED", 4, 7]);
    assert.match(readFileSync(String(error.details["logFile"]), "utf8"), /before/);
  });

  it("shows host certificates to the step only", async () => {
    using shop = workshop();
    addBusybox(shop);
    const bundle = join(shop.folder, "bundle.pem");
    writeFileSync(bundle, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const target = out(shop);
    const dockerfile = `${BUSYBOX}RUN cat "$SSL_CERT_FILE" > /seen && env > /env`;
    const first = await shop.build(dockerfile, { caCerts: bundle, outputs: target.outputs });
    assert.match(target.read("seen"), /AAAA/);
    assert.equal(existsSync(join(target.path, "run")), false);
    const second = await shop.build(dockerfile, { outputs: out(shop, "second").outputs });
    assert.deepEqual([steps(first).ran.length, steps(second).ran.length], [2, 0]);
  });

  it("stops when it is cancelled, and cleans up", async () => {
    using shop = workshop();
    addBusybox(shop);
    const stop = new AbortController();
    const mounts = mountLines(shop.folder);
    const file = join(shop.folder, "Sleeps");
    writeFileSync(file, `${BUSYBOX}RUN echo started; sleep 600`);
    await using run = build({ context: shop.context, file, root: shop.root, env: {}, caCerts: "off", signal: stop.signal });
    for await (const event of run) if (event.type === "log") stop.abort(new Error("enough"));
    await assert.rejects(run.result, /enough/);
    assert.deepEqual(mountLines(shop.folder), mounts);
    const target = out(shop);
    await shop.build(`${BUSYBOX}RUN echo again > /ok`, { outputs: target.outputs });
    assert.equal(target.read("ok"), "again\n");
  });
});

describe("build() caches", () => {
  const DOCKERFILE = `${BUSYBOX}COPY lib /lib\nRUN echo lib > /lib.out\nFROM base AS other\nCOPY src /src\nRUN cat /src/* > /out\nFROM scratch\nCOPY --from=other /out /out\n`;

  it("executes nothing the second time, nor after touch", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "lib/l": "1", "src/a": "1" });
    const first = await shop.build(DOCKERFILE, { tags: ["app"] });
    assert.equal(first.result.executed > 0, true);
    const second = await shop.build(DOCKERFILE, { tags: ["app"] });
    assert.deepEqual([second.result.executed, second.result.configDigest], [0, first.result.configDigest]);
    utimesSync(join(shop.context, "src/a"), new Date(), new Date(1e12));
    assert.equal((await shop.build(DOCKERFILE, { tags: ["app"] })).result.executed, 0);
  });

  it("runs what depends on a changed file, and nothing else", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "lib/l": "1", "src/a": "1" });
    await shop.build(DOCKERFILE);
    shop.write({ "src/a": "2" });
    assert.deepEqual(steps(await shop.build(DOCKERFILE)).ran, [
      "[other 1/2] COPY src /src",
      "[other 2/2] RUN cat /src/* > /out",
      "[stage-2 1/1] COPY --from=other /out /out",
    ]);
  });

  it("stops at a stage that comes out the same", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}COPY src /src\nRUN echo constant > /out\nFROM scratch\nCOPY --from=0 /out /out\n`;
    shop.write({ "src/a": "1" });
    await shop.build(text);
    shop.write({ "src/a": "2" });
    const second = steps(await shop.build(text));
    assert.deepEqual(second.cached.at(-1), "[stage-1 1/1] COPY --from=0 /out /out");
  });

  it("explains which file or variable changed", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "src/a": "1", "src/b": "1" });
    const text = `${BUSYBOX}ARG V=1\nCOPY src /src\nRUN echo $V`;
    await shop.build(text);
    shop.write({ "src/b": "2" });
    const whys = async (buildArgs = {}): Promise<string[]> =>
      (await shop.build(text, { explain: true, buildArgs })).events.flatMap((event) =>
        event.type === "vertex.missed" ? [formatReason(event.reason)] : [],
      );
    assert.deepEqual(await whys(), ["src/b: content", 'parent step "COPY src /src": its result changed']);
    assert.deepEqual(await whys({ V: "2" }), ["ARG V: 1 → 2"]);
  });

  it("R9: shows a step that a COPY wrote into a directory, however soon after another one", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ a: "a", b: "b" });
    const steps = ["COPY a /fonts/", "RUN stat -c %y /fonts > /one", "COPY b /fonts/", "RUN stat -c %y /fonts > /two"];
    const { log } = await shop.build(`${BUSYBOX}${steps.join("\n")}\nRUN [ "$(cat /one)" != "$(cat /two)" ] && cat /one /two\n`);
    assert.match(log, /^20\d\d-.*\n20\d\d-/m);
  });

  it("R9: gives the same image again, and for one SOURCE_DATE_EPOCH whatever was built before", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ a: "a", "src/b": "b" });
    const text = "FROM scratch\nWORKDIR /w/x\nCOPY a /w/\nCOPY src /deep/er\nCOPY <<EOF /w/here\nx\nEOF\nCOPY --link a /link/\n";
    const idOf = async (options: Partial<BuildOptions>): Promise<string | undefined> =>
      (await shop.build(text, { tags: ["app"], ...options })).result.configDigest;
    const plain = await idOf({});
    assert.equal(await idOf({}), plain);
    const env = { SOURCE_DATE_EPOCH: "1500000000" };
    const dated = await idOf({ env });
    assert.notEqual(dated, plain);
    assert.deepEqual(
      [await idOf({ env }), await idOf({ env, noCache: true }), await idOf({ env, root: join(shop.folder, "other") })],
      [dated, dated, dated],
    );
    assert.equal(await idOf({}), plain);
  });

  it("builds once what two builds need at the same time", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}RUN sleep 0.5; date +%s > /when`;
    const both = await Promise.all([
      shop.build(text, { outputs: out(shop, "a").outputs }),
      shop.build(text, { outputs: out(shop, "b").outputs }),
    ]);
    assert.equal(
      both.reduce((sum, { result }) => sum + result.executed, 0),
      2,
    );
    assert.equal(readFileSync(join(shop.folder, "a/when"), "utf8"), readFileSync(join(shop.folder, "b/when"), "utf8"));
  });
});

describe("images of the store", () => {
  it("are listed, inspected, run and removed", async () => {
    using shop = workshop();
    addBusybox(shop);
    await shop.build(`${BUSYBOX}USER app\nENV GREETING=hi\nENTRYPOINT ["/bin/sh", "-c"]\nCMD ["echo $GREETING $0 $(id -u); exit 3"]`, {
      tags: ["app:1"],
    });
    const options = { root: shop.root };
    assert.deepEqual(
      (await listImages(options)).map(({ name }) => name),
      ["docker.io/library/app:1"],
    );
    const details = await inspectImage({ ...options, image: "app:1", sizes: true });
    assert.equal(details.contents?.shells.includes("/bin/sh"), true);
    assert.equal((details.contents?.compressedBytes ?? 0) > 100_000, true);
    let said = "";
    {
      await using container = await runImage({
        ...options,
        image: "app:1",
        environment: ["GREETING=hello"],
        onOutput: (_stream, chunk) => (said += Buffer.from(chunk).toString()),
      });
      assert.equal(await container.exit, 3);
      assert.equal(said, "hello /bin/sh 1000\n");
    }
    // U8: what the caller's function throws ends the container, and is told by `exit`.
    {
      const onOutput = (): void => assert.fail("no more");
      await using container = await runImage({ ...options, image: "app:1", environment: ["GREETING=hello"], onOutput });
      await assert.rejects(container.exit, /the function onOutput of the caller failed: no more/);
    }
    assert.deepEqual(await removeImages({ ...options, images: ["app:1"] }), ["docker.io/library/app:1"]);
    await using prune = pruneStore({ ...options, all: true });
    assert.equal((await prune.result).freedBytes > 0, true);
  });
});

describe("runImage(), A9", () => {
  it("makes each VOLUME a directory of its own: with the image's files, writable in a read-only container, gone with it", async () => {
    using shop = workshop();
    addBusybox(shop);
    const prepare = `RUN mkdir -p -m 0750 /data && echo seed >/data/seed && chown -R 1000:1000 /data && ln -s data /link`;
    await shop.build(`${BUSYBOX}${prepare}\nVOLUME ["/data", "/new/deep", "/link"]\nENTRYPOINT ["/bin/sh", "-c"]`, { tags: ["app:1"] });
    const run = async (script: string, user = ""): Promise<string> => {
      let said = "";
      await using container = await runImage({
        root: shop.root,
        image: "app:1",
        args: [script],
        user,
        readOnly: true,
        onOutput: (_stream, chunk) => (said += Buffer.from(chunk).toString()),
      });
      await container.exit;
      return said;
    };
    const script = "stat -c '%a %u' /data /new/deep; cat /data/seed; echo mine >/data/seed; cat /data/seed; echo no >/root-file";
    assert.match(await run(script, "1000"), /^750 1000\n755 0\nseed\nmine\n.*Read-only file system\n$/s);
    assert.equal(await run("echo x >/new/deep/file && cat /new/deep/file /data/seed; ls /new/deep"), "x\nseed\nfile\n");
  });
});

describe("wrong input", () => {
  const rows: readonly { readonly name: string; readonly dockerfile: string; readonly code: string; readonly message: RegExp }[] = [
    { name: "an empty Dockerfile", dockerfile: "", code: "DOCKERFILE_SYNTAX", message: /the Dockerfile cannot be empty/ },
    {
      name: "an unknown instruction",
      dockerfile: "FROM scratch\nCOPPY a b",
      code: "DOCKERFILE_SYNTAX",
      message: /unknown instruction: COPPY/i,
    },
    {
      name: "an image that a registry does not have",
      dockerfile: "FROM 127.0.0.1:1/none\n",
      code: "REGISTRY_UNREACHABLE",
      message: /127\.0\.0\.1:1/,
    },
    { name: "another frontend", dockerfile: "# syntax=company/frontend:1\nFROM scratch", code: "UNSUPPORTED", message: /Frontend/ },
  ];
  for (const { name, dockerfile, code, message } of rows) {
    it(`is refused: ${name}`, async () => {
      using shop = workshop();
      const error = await failed(shop.build(dockerfile));
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }
  it("is refused: a missing Dockerfile", async () => {
    using shop = workshop();
    assert.equal((await failed(shop.build("", { file: join(shop.folder, "nothing") }))).code, "DOCKERFILE_NOT_FOUND");
  });
  it("is refused: a missing context", async () => {
    using shop = workshop();
    assert.equal((await failed(shop.build("FROM scratch", { context: join(shop.folder, "nothing") }))).code, "CONTEXT");
  });
  it("loses nothing when the store's disk is a file", async () => {
    using shop = workshop();
    mkdirSync(join(shop.folder, "x"));
    writeFileSync(join(shop.folder, "x", "store"), "");
    assert.match((await failed(shop.build("FROM scratch", { root: join(shop.folder, "x", "store") }))).code, /^STORE/);
  });
});
