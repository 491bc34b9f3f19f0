import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { fakeClock } from "../../test/support/network.ts";
import { type FakeRegistry, startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { bytesOf, type ByteStream } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import type { NetworkOptions } from "../net/network.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../oci/index.ts";

const BYTES = randomBytes(3_000_000);
const DESCRIPTOR = { digest: sha256(BYTES), size: BYTES.byteLength };

async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

function push(
  registry: FakeRegistry,
  open: (startAt: number) => ByteStream = (at) => inChunks(BYTES.subarray(at)),
): Promise<"exists" | "pushed"> {
  return fakeClient().pushBlob({ registry: registry.host, repository: "team/app" }, DESCRIPTOR, open);
}

describe("pushBlob()", () => {
  it("uploads by one PUT with its length", async () => {
    await using registry = await startFakeRegistry();
    assert.equal(await push(registry), "pushed");
    assert.equal(registry.blob("team/app", DESCRIPTOR.digest)?.equals(BYTES), true);
    assert.deepEqual(registry.log(), [
      "HEAD /v2/team/app/blobs/DIGEST 404",
      "POST /v2/team/app/blobs/uploads/ 202",
      "PUT /v2/team/app/blobs/uploads/upload?_state=a+b%2Fc%3D&digest=DIGEST 201",
    ]);
    const put = registry.requests.at(-1)?.headers;
    assert.equal(put?.["content-length"], String(BYTES.byteLength));
    assert.equal(put?.["transfer-encoding"], undefined);
  });

  it("leaves alone what is there", async () => {
    await using registry = await startFakeRegistry();
    registry.addBlob("team/app", BYTES);
    const pushed = push(registry, () => {
      throw new Error("must not be opened");
    });
    assert.equal(await pushed, "exists");
  });

  const survived: readonly { readonly name: string; readonly fault: Parameters<FakeRegistry["fault"]>[0]; readonly opens: number }[] = [
    { name: "503 to its start", fault: { match: /POST/, kind: "status", status: 503, times: 2 }, opens: 1 },
    { name: "503 to its end", fault: { match: /PUT/, kind: "status", status: 503, times: 2 }, opens: 3 },
    { name: "a connection cut midway", fault: { match: /PUT/, kind: "drop", afterBytes: 100_000 }, opens: 2 },
    { name: "429", fault: { match: /PUT/, kind: "status", status: 429, headers: { "retry-after": "0" } }, opens: 2 },
  ];
  for (const { name, fault, opens } of survived) {
    it(`survives ${name}`, async () => {
      await using registry = await startFakeRegistry();
      registry.fault(fault);
      let opened = 0;
      const pushed = await push(registry, (startAt) => {
        if (startAt === 0) opened += 1;
        return inChunks(BYTES.subarray(startAt));
      });
      assert.equal(pushed, "pushed");
      assert.equal(opened, opens);
      assert.equal(registry.blob("team/app", DESCRIPTOR.digest)?.equals(BYTES), true);
    });
  }

  it("sends the body again, and no authorization, where a redirect leads", async () => {
    await using registry = await startFakeRegistry();
    await using storage = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "redirect", to: `${storage.origin}/v2/x/blobs/uploads/elsewhere?sig=1`, status: 307 });
    // The other host knows no such upload: what counts is that it was asked.
    await assert.rejects(push(registry), failsWith("REGISTRY", /answered 404/));
    assert.deepEqual(storage.log(), ["PUT /v2/x/blobs/uploads/elsewhere?sig=1 404"]);
  });

  it("refuses a redirect that would turn PUT into GET", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "redirect", to: "/v2/", status: 302 });
    await assert.rejects(push(registry), failsWith("REGISTRY", /would turn PUT into GET/));
  });

  it("reports an early answer instead of the broken connection", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({
      match: /PUT|PATCH/,
      kind: "status",
      status: 413,
      times: 99,
      body: '{"errors":[{"code":"TOO_LARGE","message":"too large"}]}',
    });
    await assert.rejects(push(registry), failsWith("REGISTRY", /answered 413 \(TOO_LARGE: too large\)/));
  });

  it("does not push a source that is too short, too long or broken", async () => {
    await using registry = await startFakeRegistry();
    await assert.rejects(
      push(registry, () => bytesOf("short")),
      failsWith("BLOB_SIZE", /gave 5 bytes/),
    );
    await assert.rejects(
      push(registry, () => inChunks(Buffer.concat([BYTES, BYTES]))),
      failsWith("BLOB_SIZE"),
    );
    const broken = new Error("disk");
    const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield BYTES.subarray(0, 10);
      throw broken;
    };
    await assert.rejects(push(registry, source), (error) => error === broken);
    assert.equal(registry.blob("team/app", DESCRIPTOR.digest), undefined);
  });

  it("tells that the content is another", async () => {
    await using registry = await startFakeRegistry();
    await assert.rejects(
      push(registry, () => inChunks(Buffer.alloc(BYTES.byteLength))),
      failsWith("REGISTRY", /DIGEST_INVALID/),
    );
  });

  it("tells how far it is", async () => {
    await using registry = await startFakeRegistry();
    const seen: number[] = [];
    const target = { registry: registry.host, repository: "team/app" };
    await fakeClient().pushBlob(target, DESCRIPTOR, () => inChunks(BYTES), { onProgress: (bytes) => seen.push(bytes) });
    assert.equal(seen[0], 0);
    assert.equal(seen.at(-1), BYTES.byteLength);
  });

  it("ends with the reason of its signal, and closes its source", async () => {
    await using registry = await startFakeRegistry();
    const stop = new AbortController();
    const reason = new Error("enough");
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield BYTES.subarray(0, 10);
        stop.abort(reason);
        yield BYTES.subarray(10, 20);
      } finally {
        close();
      }
    };
    const target = { registry: registry.host, repository: "team/app" };
    await assert.rejects(fakeClient().pushBlob(target, DESCRIPTOR, source, { signal: stop.signal }), (error) => error === reason);
    await closed;
  });
});

describe("mountBlob()", () => {
  it("mounts what the other repository has", async () => {
    await using registry = await startFakeRegistry();
    const { digest } = registry.addBlob("base", BYTES);
    const client = fakeClient();
    const target = { registry: registry.host, repository: "team/app" };
    assert.equal(await client.mountBlob(target, "base", digest), true);
    assert.equal(await client.hasBlob(target, digest), true);
  });

  it("says so when it cannot, and ends the upload that was started", async () => {
    await using registry = await startFakeRegistry();
    assert.equal(await fakeClient().mountBlob({ registry: registry.host, repository: "team/app" }, "base", DESCRIPTOR.digest), false);
    assert.match(registry.log().at(-1) ?? "", /^DELETE .* 204$/);
  });

  it("does not mind a registry that cannot end uploads", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /DELETE/, kind: "status", status: 405 });
    assert.equal(await fakeClient().mountBlob({ registry: registry.host, repository: "team/app" }, "base", DESCRIPTOR.digest), false);
  });
});

describe("R4: a refused mount", () => {
  const target = (registry: FakeRegistry) => ({ registry: registry.host, repository: "team/app" });

  for (const status of [400, 401, 403, 404, 405, 409, 429, 500, 501, 503]) {
    it(`is followed by an upload: ${status}`, async () => {
      await using registry = await startFakeRegistry();
      registry.addBlob("base", BYTES);
      registry.fault({ match: /mount=/, kind: "status", status, times: 99 });
      const client = fakeClient();
      assert.equal(await client.mountBlob(target(registry), "base", DESCRIPTOR.digest), false);
      assert.equal(await client.pushBlob(target(registry), DESCRIPTOR, () => inChunks(BYTES)), "pushed");
    });
  }

  const LOGIN = { username: "me", password: "s3cret-word" };
  for (const several of ["refused", "narrowed"] as const) {
    it(`is followed by an upload: a token for two repositories is ${several}`, async () => {
      await using registry = await startFakeRegistry({ auth: { kind: "bearer", ...LOGIN, several } });
      registry.addBlob("base", BYTES);
      // The registry itself wants to see that the other repository may be read.
      registry.fault({ match: /mount=/, kind: "status", status: 401, times: 99 });
      const client = fakeClient({ credentials: async () => ({ kind: "password", ...LOGIN }) });
      assert.equal(await client.mountBlob(target(registry), "base", DESCRIPTOR.digest), false);
      assert.equal(await client.pushBlob(target(registry), DESCRIPTOR, () => inChunks(BYTES)), "pushed");
    });
  }

  it("is not waited for long", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /mount=/, kind: "status", status: 503, times: 99 });
    const clock = fakeClock();
    assert.equal(await fakeClient({ network: { clock } }).mountBlob(target(registry), "base", DESCRIPTOR.digest), false);
    assert.deepEqual(clock.waits, [250, 500, 1000, 2000]);
  });

  it("does not hide that the user has stopped", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /mount=/, kind: "hang" });
    const stop = new AbortController();
    const reason = new Error("enough");
    const mounted = fakeClient().mountBlob(target(registry), "base", DESCRIPTOR.digest, { signal: stop.signal });
    stop.abort(reason);
    await assert.rejects(mounted, (error) => error === reason);
  });
});

describe("R4: a registry that does not say whether it has a blob", () => {
  for (const status of [400, 403, 405]) {
    it(`gets it: HEAD is answered ${status}`, async () => {
      await using registry = await startFakeRegistry();
      registry.addBlob("team/app", BYTES);
      registry.fault({ match: /HEAD/, kind: "status", status, times: 99 });
      assert.equal(await push(registry), "pushed");
    });
  }

  it("gets it: HEAD leads to storage that allows GET only", async () => {
    await using registry = await startFakeRegistry();
    await using storage = await startFakeRegistry();
    storage.fault({ match: /HEAD/, kind: "status", status: 403 });
    registry.fault({ match: /HEAD/, kind: "redirect", to: `${storage.origin}/signed?for=GET` });
    assert.equal(await push(registry), "pushed");
  });

  it("is no way around a login: 403 to the upload itself is told", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /./, kind: "status", status: 403, times: 99 });
    await assert.rejects(push(registry), failsWith("REGISTRY_DENIED"));
  });
});

describe("pushManifest()", () => {
  const document = (registry: FakeRegistry): Buffer =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: registry.addBlob("a", Buffer.from("{}"), OCI_CONFIG),
        layers: [],
      }),
    );

  it("stores a manifest under its tag", async () => {
    await using registry = await startFakeRegistry();
    const bytes = document(registry);
    const descriptor = await fakeClient().pushManifest({ registry: registry.host, repository: "a", tag: "v1" }, OCI_MANIFEST, bytes);
    assert.deepEqual(descriptor, { mediaType: OCI_MANIFEST, digest: sha256(bytes), size: bytes.byteLength });
    assert.deepEqual(registry.manifest("a", "v1"), { mediaType: OCI_MANIFEST, bytes });
  });

  it("F.2: goes to a registry of plain HTTP that is not on this machine only when the client is to be insecure", async () => {
    await using registry = await startFakeRegistry();
    const bytes = document(registry);
    const port = registry.host.slice(registry.host.indexOf(":"));
    const lookup = ((_name: string, { all }: { readonly all?: boolean }, done: (...answer: unknown[]) => void) =>
      all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) as unknown as NetworkOptions["lookup"];
    const target = { registry: `registry.test${port}`, repository: "a", tag: "v1" };
    const secure = fakeClient({ network: { lookup } });
    await assert.rejects(secure.pushManifest(target, OCI_MANIFEST, bytes), failsWith("REGISTRY_UNREACHABLE"));
    const insecure = fakeClient({ network: { lookup }, insecure: true });
    await insecure.pushManifest(target, OCI_MANIFEST, bytes);
    assert.deepEqual(registry.manifest("a", "v1"), { mediaType: OCI_MANIFEST, bytes });
    await assert.rejects(insecure.resolve(target), failsWith("REGISTRY_UNREACHABLE"), "reading stays as it was");
  });

  it("stores a manifest by digest without a tag, after 500 twice", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "status", status: 500, times: 2 });
    const bytes = document(registry);
    const { digest } = await fakeClient().pushManifest({ registry: registry.host, repository: "a" }, OCI_MANIFEST, bytes);
    assert.equal(registry.manifest("a", digest)?.bytes.equals(bytes), true);
  });

  it("R4: tries again where the registry does not see the repository yet: 404, once", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "status", status: 404 });
    const bytes = document(registry);
    await fakeClient().pushManifest({ registry: registry.host, repository: "a", tag: "v1" }, OCI_MANIFEST, bytes);
    assert.equal(registry.manifest("a", "v1")?.bytes.equals(bytes), true);
  });

  it("R4: tells 404 that stays, after a moment", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "status", status: 404, times: 99 });
    const clock = fakeClock();
    const pushed = fakeClient({ network: { clock } }).pushManifest(
      { registry: registry.host, repository: "a", tag: "v1" },
      OCI_MANIFEST,
      document(registry),
    );
    await assert.rejects(pushed, failsWith("REGISTRY", /answered 404/));
    assert.deepEqual(clock.waits, [250, 500, 1000]);
  });

  it("R13: refuses another digest, ours or the registry's, and says which was sent and which is kept", async () => {
    await using registry = await startFakeRegistry();
    const bytes = document(registry);
    const name = { registry: registry.host, repository: "a", tag: "v1" };
    await assert.rejects(fakeClient().pushManifest({ ...name, digest: sha256("x") }, OCI_MANIFEST, bytes), failsWith("BLOB_DIGEST"));
    registry.fault({ match: /PUT/, kind: "headers", headers: { "docker-content-digest": sha256("x") } });
    const kept = new RegExp(`keeps it as "${sha256("x")}"; sent was "${sha256(bytes)}"`);
    await assert.rejects(fakeClient().pushManifest(name, OCI_MANIFEST, bytes), failsWith("BLOB_DIGEST", kept));
  });

  it("tells which blobs are missing", async () => {
    await using registry = await startFakeRegistry();
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config: { digest: sha256("x") }, layers: [] }));
    const pushed = fakeClient().pushManifest({ registry: registry.host, repository: "a", tag: "v1" }, OCI_MANIFEST, bytes);
    await assert.rejects(pushed, failsWith("REGISTRY", /MANIFEST_BLOB_UNKNOWN/));
  });
});
