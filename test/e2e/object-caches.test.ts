/** G4: caches in S3 and of GitHub Actions, with servers that check what they are sent. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { allOf } from "../../src/async.ts";
import { s3Objects } from "../../src/caches/objects/s3.ts";
import { sha256 } from "../../src/digest.ts";
import type { BuildOptions } from "../../src/index.ts";
import { createNetwork } from "../../src/net/index.ts";
import { addBusybox, BUSYBOX, type Built, holds, workshop, type Workshop } from "../support/build.ts";
import { ACTIONS_TOKEN, startFakeActionsCache } from "../support/fake-actions-cache.ts";
import { type FakeS3, S3_USER, startFakeS3 } from "../support/fake-s3.ts";
import { startServer } from "../support/server.ts";

const STAGES = `${BUSYBOX}FROM base AS build
COPY a /src/a
RUN cat /src/a > /out && cat /proc/sys/kernel/random/uuid >> /out
FROM base
COPY --from=build /out /app/out
RUN cat /app/out
`;

type Cache = NonNullable<BuildOptions["cacheFrom"]>[number];
type S3 = Extract<Cache, { readonly type: "s3" }>;

const bucket = "caches";

function s3At({ origin }: FakeS3, more: Partial<S3> = {}): S3 {
  const { region, accessKeyId, secretAccessKey, sessionToken } = S3_USER;
  return { type: "s3", endpointUrl: origin, usePathStyle: true, bucket, region, accessKeyId, secretAccessKey, sessionToken, ...more };
}

/** A machine of its own, with the same files. */
function machine(content = "one\n"): Workshop {
  const shop = workshop();
  addBusybox(shop);
  writeFileSync(join(shop.context, "a"), content);
  return shop;
}

function built(shop: Workshop, options: Partial<BuildOptions>): Promise<Built> {
  return shop.build(STAGES, { tags: ["app"], ...options });
}

describe("G4: a cache in S3", { timeout: 600_000, concurrency: 2 }, () => {
  it("G4: spares another machine every step, and gives the same image", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    using there = machine();
    const cache = s3At(server, { prefix: "team a/", name: "app;main", blobsPrefix: "b/", manifestsPrefix: "m/" });
    const first = await built(here, { cacheTo: [{ ...cache, mode: "max" }] });
    const second = await built(there, { cacheFrom: [{ ...cache, name: "main" }] });
    assert.deepEqual([second.result.executed, second.result.configDigest], [0, first.result.configDigest]);
    const keys = [...server.objects.keys()].map((key) => key.replace(/sha256:\w+/, "DIGEST"));
    assert.deepEqual([...new Set(keys)], [`/${bucket}/team a/b/DIGEST`, `/${bucket}/team a/m/main`, `/${bucket}/team a/m/app`]);
    for (const shop of [here, there])
      for (const secret of [S3_USER.secretAccessKey, "s3-session-value"]) assert.deepEqual(holds(shop.root, secret), []);
    for (const secret of [S3_USER.secretAccessKey, "s3-session-value"])
      assert.ok(!JSON.stringify([first.events, second.events]).includes(secret));
  });

  it("G4: keeps what eight machines write at the same moment", async () => {
    await using server = await startFakeS3(bucket);
    const contents = Array.from({ length: 8 }, (_, at) => `machine ${at}\n`);
    await allOf(
      contents.map(async (content) => {
        using shop = machine(content);
        await built(shop, { cacheTo: [{ ...s3At(server), mode: "max" }] });
      }),
    );
    for (const content of contents) {
      using fresh = machine(content);
      assert.equal((await built(fresh, { cacheFrom: [s3At(server)] })).result.executed, 0, content);
    }
  });

  it("G4: makes old blobs new, so that the bucket keeps them", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    await built(here, { cacheTo: [{ ...s3At(server), mode: "max" }] });
    for (const object of server.objects.values()) object.modifiedMs -= 48 * 3_600_000;
    using there = machine("two\n");
    await built(there, { cacheTo: [{ ...s3At(server), mode: "max" }] });
    const day = Date.now() - 24 * 3_600_000;
    // busybox, and the document of either build.
    assert.ok([...server.objects.values()].filter(({ modifiedMs }) => modifiedMs > day).length >= 5);
    assert.ok(server.heard.some(({ headers }) => headers["x-amz-copy-source"] !== undefined));
  });

  it("G4: credentials come from the environment, and a wrong one is told without its secret", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    const cache: S3 = { type: "s3", endpointUrl: server.origin, usePathStyle: true };
    const env = {
      AWS_REGION: S3_USER.region,
      AWS_BUCKET: bucket,
      AWS_ACCESS_KEY_ID: S3_USER.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_USER.secretAccessKey,
      AWS_SESSION_TOKEN: "s3-session-value",
    };
    await built(here, { env, cacheTo: [cache] });
    await assert.rejects(built(here, { cacheTo: [cache] }), { code: "USAGE", message: /type=s3: it has no bucket/ });
    const wrong = s3At(server, { secretAccessKey: "wrong-secret-value" });
    await assert.rejects(built(here, { cacheTo: [wrong] }), {
      code: "CACHE",
      message: /s3:\/\/caches\/manifests\/decant": its server answered 403 Forbidden: The request signature we calculated does not match$/,
    });
    // Reading can do without, and so can writing where the user says so.
    const { events } = await built(here, { cacheFrom: [wrong], cacheTo: [{ ...wrong, ignoreError: true }] });
    const codes = events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
    assert.deepEqual(codes, ["CacheUnreadable", "CacheNotWritten"]);
    assert.deepEqual(holds(here.root, "wrong-secret-value"), []);
  });

  it("G4: a server that breaks off and is busy is asked again", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    using there = machine();
    server.fault({ kind: "status", match: /^PUT/, status: 503 });
    server.fault({ kind: "drop", match: /^PUT/ });
    await built(here, { cacheTo: [{ ...s3At(server), mode: "max" }] });
    server.fault({ kind: "status", match: /^GET/, status: 500 });
    assert.equal((await built(there, { cacheFrom: [s3At(server)] })).result.executed, 0);
  });
});

const BIG = `${BUSYBOX}RUN head -c 40000000 /dev/urandom > /big\nRUN ls /big\n`;

describe("G4: large layers in S3", { timeout: 600_000 }, () => {
  it("G4: go in parts, some of which are sent again, and come back whole", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    using there = machine();
    server.fault({ kind: "status", match: /^PUT .*partNumber=2/, status: 503 });
    server.fault({ kind: "drop", match: /^PUT .*partNumber=1/, afterBytes: 1_000_000 });
    await here.build(BIG, { cacheTo: [{ ...s3At(server), mode: "max" }] });
    assert.deepEqual([...server.uploads], []);
    const sizes = server.heard.flatMap(({ path, body, status }) =>
      path.includes("partNumber=") && status === 200 ? [body.byteLength] : [],
    );
    assert.deepEqual(sizes.toSorted((a, b) => b - a).slice(0, 2), [16 * 1024 ** 2, 16 * 1024 ** 2]);
    const { result } = await there.build(`${BIG}RUN test $(wc -c < /big) = 40000000\n`, { cacheFrom: [s3At(server)] });
    assert.equal(result.executed, 1);
  });

  it("G4: leave no parts behind when the bucket refuses one, and when the user ends the build", async () => {
    await using server = await startFakeS3(bucket);
    using here = machine();
    server.fault({ kind: "status", match: /^PUT .*partNumber=2/, status: 403, times: 100 });
    await assert.rejects(here.build(BIG, { cacheTo: [{ ...s3At(server), mode: "max" }] }), { code: "CACHE", message: /answered 403/ });
    assert.deepEqual([[...server.uploads], server.heard.some(({ method }) => method === "DELETE")], [[], true]);

    await using slow = await startFakeS3(bucket);
    slow.fault({ kind: "hang", match: /^PUT .*partNumber=3/, times: 100 });
    const stop = new AbortController();
    const ending = here.build(BIG, { cacheTo: [{ ...s3At(slow), mode: "max" }], signal: stop.signal });
    const until = setInterval(() => slow.heard.some(({ path }) => path.includes("partNumber=3")) && stop.abort(new Error("ended")), 10);
    await assert.rejects(ending, { message: "ended" });
    clearInterval(until);
    assert.deepEqual([...slow.uploads], []);
  });

  it("G4: are made new in parts where they are too large for one copy", async () => {
    const day = new Date(Date.now() - 48 * 3_600_000).toUTCString();
    await using server = await startServer(({ method, path }) => {
      if (method === "HEAD") return { headers: { "last-modified": day } };
      if (path.includes("uploads")) return { body: "<A><UploadId>u1</UploadId></A>" };
      return { body: "<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>" };
    });
    using network = createNetwork();
    const objects = s3Objects(s3At({ ...server, objects: new Map(), uploads: new Map() }), { network, env: {} });
    const size = 6 * 1024 ** 3 + 1;
    const blob = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: sha256(Buffer.from("a")), size };
    assert.equal(await objects.has(blob, new AbortController().signal), true);
    const ranges = server.heard.flatMap(({ headers }) => headers["x-amz-copy-source-range"] ?? []);
    assert.deepEqual([ranges.length, ranges[0], ranges.at(-1)], [13, "bytes=0-536870911", `bytes=${size - 1}-${size - 1}`]);
  });
});

describe("G4: the cache of GitHub Actions", { timeout: 600_000, concurrency: 2 }, () => {
  it("G4: spares another machine every step, and gives the same image", async () => {
    await using server = await startFakeActionsCache();
    using here = machine();
    using there = machine();
    const first = await built(here, { env: server.env, cacheTo: [{ type: "gha", mode: "max" }] });
    const second = await built(there, { env: server.env, cacheFrom: [{ type: "gha" }], cacheTo: [{ type: "gha", mode: "max" }] });
    assert.deepEqual([second.result.executed, second.result.configDigest], [0, first.result.configDigest]);
    // All is there already, so no other version of the cache was made.
    assert.equal(server.entries.filter(({ key }) => key.startsWith("decant-index-decant#")).length, 1);
    for (const shop of [here, there])
      for (const secret of [ACTIONS_TOKEN, "signature-value"]) assert.deepEqual(holds(shop.root, secret), []);
    assert.ok(!JSON.stringify([first.events, second.events]).includes(ACTIONS_TOKEN));
    // Another scope is another cache.
    using other = machine();
    assert.ok((await built(other, { env: server.env, cacheFrom: [{ type: "gha", scope: "main" }] })).result.executed > 0);
  });

  it("G4: keeps what eight machines write at the same moment", async () => {
    await using server = await startFakeActionsCache();
    const { env } = server;
    const contents = Array.from({ length: 8 }, (_, at) => `machine ${at}\n`);
    await allOf(
      contents.map(async (content) => {
        using shop = machine(content);
        await built(shop, { env, cacheTo: [{ type: "gha", mode: "max" }] });
      }),
    );
    for (const content of contents) {
      using fresh = machine(content);
      assert.equal((await built(fresh, { env, cacheFrom: [{ type: "gha" }] })).result.executed, 0, content);
    }
  });

  it("G4: large layers go in blocks", async () => {
    await using server = await startFakeActionsCache();
    using here = machine();
    using there = machine();
    const dockerfile = `${BUSYBOX}RUN head -c 40000000 /dev/urandom > /big\nRUN ls /big\n`;
    await here.build(dockerfile, { env: server.env, cacheTo: [{ type: "gha", mode: "max" }] });
    assert.ok(server.heard.some(({ path }) => path.includes("comp=blocklist")));
    const { result } = await there.build(`${dockerfile}RUN test $(wc -c < /big) = 40000000\n`, {
      env: server.env,
      cacheFrom: [{ type: "gha" }],
    });
    assert.equal(result.executed, 1);
  });

  it("G4: settings that are missing end the build before its first step, and a cache that is not there yet is named", async () => {
    using here = machine();
    const dest = join(here.context, "out");
    for (const cache of [{ type: "gha" }, { type: "s3", bucket }] as const)
      await assert.rejects(built(here, { cacheTo: [cache], outputs: [{ type: "local", dest }] }), { code: "USAGE" });
    const { result, log } = await built(here, { cacheFrom: [{ type: "local", src: join(here.context, "mistyped") }] });
    assert.ok(result.executed > 0, "a step ran in the builds that failed");
    assert.match(log, /there is no cache yet/);
  });

  it("G4: outside of a workflow and with a wrong token it says what is missing", async () => {
    await using server = await startFakeActionsCache();
    using here = machine();
    await assert.rejects(built(here, { cacheTo: [{ type: "gha" }] }), { code: "USAGE", message: /type=gha: it has no address/ });
    const wrong = { type: "gha", urlV2: server.origin, token: "wrong-token-value" } as const;
    await assert.rejects(built(here, { cacheTo: [wrong] }), { code: "CACHE", message: /answered 401 Unauthorized: invalid token/ });
    assert.deepEqual(holds(here.root, "wrong-token-value"), []);
  });
});
