/** G.4: caches that travel, between stores that know nothing of each other. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { allOf } from "../../src/async.ts";
import { type BuildOptions, type BuildResult, inspectImage } from "../../src/index.ts";
import { OCI_MANIFEST } from "../../src/oci/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry, type FakeRegistry } from "../support/registry.ts";

const STAGES = `${BUSYBOX}FROM base AS build
COPY a /src/a
RUN cat /src/a > /out && cat /proc/sys/kernel/random/uuid >> /out
RUN --mount=from=base,target=/m ls /m > /list
FROM base
COPY --from=build /out /app/out
RUN cat /app/out
`;

type Cached = Pick<BuildOptions, "cacheFrom" | "cacheTo">;

/** A machine of its own, with the same files. */
function machine(content = "one\n"): Workshop {
  const shop = workshop();
  addBusybox(shop);
  writeFileSync(join(shop.context, "a"), content);
  return shop;
}

async function built(shop: Workshop, caches: Cached, dockerfile = STAGES): Promise<BuildResult> {
  return (await shop.build(dockerfile, { tags: ["app"], ...caches })).result;
}

describe("G.4: a cache that travels", { timeout: 600_000, concurrency: 2 }, () => {
  it("in a folder spares another machine every step, and gives the same image", async () => {
    using here = machine();
    using there = machine();
    const folder = join(here.root, "../cache");
    const first = await built(here, { cacheTo: [{ type: "local", dest: folder, mode: "max" }] });
    const second = await built(there, { cacheFrom: [{ type: "local", src: folder }] });
    assert.deepEqual([first.cached, second.executed], [0, 0]);
    assert.equal(second.configDigest, first.configDigest);
    // What came stays, without that cache.
    const flat = `${BUSYBOX}RUN true\n`;
    await built(here, { cacheTo: [{ type: "local", dest: folder }] }, flat);
    await built(there, { cacheFrom: [{ type: "local", src: folder }] }, flat);
    assert.equal((await built(there, {}, flat)).executed, 0);
    // A step that is new runs on what came from elsewhere.
    const third = await built(there, { cacheFrom: [{ type: "local", src: folder }] }, `${STAGES}RUN cat /app/out /bin/busybox > /both\n`);
    assert.equal(third.executed, 1);
  });

  it("in a registry fetches no layer of a stage that only gives files", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    using there = machine();
    const ref = `${registry.host}/app:cache`;
    await built(here, { cacheTo: [{ type: "registry", ref, mode: "max" }] });
    const before = registry.requests.length;
    const { executed } = await built(there, { cacheFrom: [{ type: "registry", ref }] });
    assert.equal(executed, 0);
    const gets = registry.requests.slice(before).filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
    // The document, and the layers of the image: busybox, and two of the last stage.
    assert.equal(gets.length, 4);
  });

  it("in the image itself is that of its layers", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    using there = machine();
    const outputs = [{ type: "registry", names: [`${registry.host}/app:latest`] }] as const;
    const caches: Cached = { cacheTo: [{ type: "inline" }] };
    const flat = `${BUSYBOX}COPY a /a\nRUN cat /a && cat /proc/sys/kernel/random/uuid > /b\n`;
    const { result: first } = await here.build(flat, { outputs, ...caches });
    const cacheFrom = [{ type: "registry", ref: `${registry.host}/app` }] as const;
    const { result: second } = await there.build(flat, { outputs, ...caches, cacheFrom });
    assert.deepEqual([second.executed, second.configDigest], [0, first.configDigest]);
    // An image on top has its own or none.
    const { result: child } = await there.build(`FROM ${registry.host}/app\nLABEL a=b\n`, {
      outputs: [{ type: "image", names: ["b"], push: false }],
    });
    const { config } = await inspectImage({ root: there.root, image: "b" });
    assert.ok(child.configDigest !== undefined && !JSON.stringify(config).includes("decant.cache.v1"));
    // The old way to ask for it.
    const older = await there.build(flat, { outputs, cacheFrom, buildArgs: { BUILDKIT_INLINE_CACHE: "1" } });
    assert.equal(older.result.configDigest, first.configDigest);
  });

  it("that has all results is left as it is, and no layer is looked for there", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    using there = machine();
    const cache = { type: "registry", ref: `${registry.host}/app:cache` } as const;
    const caches: Cached = { cacheFrom: [cache], cacheTo: [{ ...cache, mode: "max" }] };
    await built(here, caches);
    const before = registry.requests.length;
    await there.build(STAGES, { outputs: [{ type: "cacheonly" }], ...caches });
    const asked = registry.requests.slice(before).map(({ method, path }) => `${method} ${path.replace(/sha256:.*/, "")}`);
    // The tag with its document, three layers that checks of the result read, and once more the tag to see that nothing is left to do.
    const [tag, blob] = ["GET /v2/app/manifests/cache", "GET /v2/app/blobs/"];
    assert.deepEqual(
      asked.filter((line) => !line.endsWith("/v2/")),
      [tag, blob, blob, blob, blob, tag, blob],
    );
  });

  it("G4: of mode=min decides alone: stages that only give files do not run, and are not read", async () => {
    using here = machine();
    const folder = join(here.root, "../cache");
    const first = await built(here, { cacheTo: [{ type: "local", dest: folder }] });
    using there = machine();
    const cacheFrom = [{ type: "local", src: folder }] as const;
    const second = await built(there, { cacheFrom });
    assert.deepEqual([second.executed, second.configDigest], [0, first.configDigest]);
    // It is passed on as it came.
    const next = join(here.root, "../next");
    await built(there, { cacheFrom, cacheTo: [{ type: "local", dest: next }] });
    using third = machine();
    assert.equal((await built(third, { cacheFrom: [{ type: "local", src: next }] })).executed, 0);
    // Nothing of it may be used where a step has to run, or something below it has changed.
    using fourth = machine();
    assert.ok((await fourth.build(STAGES, { cacheFrom, noCacheStages: ["build"] })).result.executed > 0);
    using changed = machine("two\n");
    const { result, log } = await changed.build(`${STAGES}RUN cat /app/out\n`, { cacheFrom });
    assert.ok(result.executed > 0 && log.includes("two\n"));
    // A new last step needs the files of the result, and no stage below it.
    using fifth = machine();
    assert.equal((await fifth.build(`${STAGES}RUN cat /app/out > /again\n`, { cacheFrom })).result.executed, 1);
  });

  it("keeps what eight machines write at the same moment", async () => {
    await using registry = await startFakeRegistry();
    const ref = `${registry.host}/app:cache`;
    const contents = Array.from({ length: 8 }, (_, at) => `machine ${at}\n`);
    await allOf(
      contents.map(async (content) => {
        using shop = machine(content);
        await built(shop, { cacheTo: [{ type: "registry", ref, mode: "max" }] });
      }),
    );
    for (const content of contents) {
      using fresh = machine(content);
      assert.equal((await built(fresh, { cacheFrom: [{ type: "registry", ref }] })).executed, 0, content);
    }
  });

  it("in a folder keeps other machines' results, and no blobs that nothing names", async () => {
    using here = machine();
    using there = machine("two\n");
    const folder = join(here.root, "../cache");
    const to: Cached = { cacheTo: [{ type: "local", dest: folder, mode: "max" }] };
    await built(here, to);
    await built(there, to);
    const blobs = readdirSync(join(folder, "blobs/sha256"));
    const [{ digest }] = (JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: [{ digest: string }] }).manifests;
    const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, "blobs/sha256", name.slice("sha256:".length)), "utf8"));
    const manifest = read(digest) as { config: { digest: string }; layers: { digest: string }[] };
    const named = new Set([digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]);
    assert.deepEqual(new Set(blobs.map((name) => `sha256:${name}`)), named);
    for (const content of ["one\n", "two\n"]) {
      using fresh = machine(content);
      assert.equal((await built(fresh, { cacheFrom: [{ type: "local", src: folder }] })).executed, 0);
    }
  });

  it("that is not there, damaged or out of reach is no error for a build", async () => {
    await using registry = await startFakeRegistry();
    using shop = machine();
    const warnings = async (caches: Cached): Promise<string[]> => {
      const { events } = await shop.build(STAGES, { tags: ["app"], ...caches });
      return events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
    };
    assert.deepEqual(await warnings({ cacheFrom: [{ type: "registry", ref: `${registry.host}/app:none` }] }), []);
    assert.deepEqual(await warnings({ cacheFrom: [{ type: "local", src: join(shop.root, "../none") }] }), []);
    assert.deepEqual(await warnings({ cacheFrom: [{ type: "registry", ref: "127.0.0.1:1/app:cache" }] }), ["CacheUnreadable"]);
    hostileCache(registry, "bad", { version: 1, results: [{ key: "x" }], selections: [] });
    assert.deepEqual(await warnings({ cacheFrom: [{ type: "registry", ref: `${registry.host}/app:bad` }] }), ["CacheUnreadable"]);
  });

  it("that cannot be written is an error, or with ignore-error a warning", async () => {
    using shop = machine();
    const to = { type: "registry", ref: "127.0.0.1:1/app:cache" } as const;
    await assert.rejects(built(shop, { cacheTo: [to] }), { code: "REGISTRY_UNREACHABLE" });
    const { events } = await shop.build(STAGES, { tags: ["app"], cacheTo: [{ ...to, ignoreError: true }] });
    assert.ok(events.some((event) => event.type === "warning" && event.code === "CacheNotWritten"));
  });

  it("that lies about a layer is found out when the layer comes", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    using there = machine();
    const ref = `${registry.host}/app:cache`;
    await built(here, { cacheTo: [{ type: "registry", ref, mode: "max" }] });
    const { bytes } = registry.manifest("app", "cache") ?? { bytes: Buffer.from("{}") };
    const manifest = JSON.parse(bytes.toString()) as { config: { digest: never; mediaType: string } };
    const document = JSON.parse(registry.blob("app", manifest.config.digest)?.toString() ?? "") as { results: { content: string }[] };
    for (const result of document.results) result.content = result.content.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    const config = registry.addBlob("app", Buffer.from(JSON.stringify(document)), manifest.config.mediaType);
    registry.addManifest("app", "cache", OCI_MANIFEST, { ...manifest, config });
    await assert.rejects(built(there, { cacheFrom: [{ type: "registry", ref }] }), {
      code: "MANIFEST",
      message: /is not what its record says/,
    });
  });
});

describe("G.3: --expect-cached", { timeout: 600_000 }, () => {
  it("fails a build that would run a step, with the input that changed, and runs nothing", async () => {
    using shop = machine();
    await built(shop, {}, STAGES);
    const { result } = await shop.build(STAGES, { expectCached: true });
    assert.equal(result.executed, 0);
    writeFileSync(join(shop.context, "a"), "two\n");
    const failure = { code: "NOT_CACHED", message: /Cannot take step "\[build 1\/3\] COPY a \/src\/a" from the cache: a: content$/ };
    await assert.rejects(shop.build(STAGES, { expectCached: true }), failure);
    using fresh = machine();
    await assert.rejects(fresh.build(STAGES, { expectCached: true }), { code: "NOT_CACHED", message: /never ran before$/ });
    await assert.rejects(shop.build(STAGES, { expectCached: true, noCache: true }), { code: "NOT_CACHED" });
  });
});

function hostileCache(registry: FakeRegistry, tag: string, document: object): void {
  const config = registry.addBlob("app", Buffer.from(JSON.stringify(document)), "application/vnd.decant.cache.v1+json");
  registry.addManifest("app", tag, OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });
}
