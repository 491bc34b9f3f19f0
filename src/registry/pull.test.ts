import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { fakeClient, failsWith } from "../../test/support/registry-client.ts";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { atDigest, DOCKER_MANIFEST, OCI_MANIFEST, parseReference } from "../oci/index.ts";

const MANIFEST = /manifests/;
const BLOB = /GET .*blobs/;
const BYTES = randomBytes(300_000);

async function withImage() {
  const registry = await startFakeRegistry();
  const descriptor = registry.addImage("team/app", "v1", { layers: [Buffer.from("layer")] });
  const client = fakeClient();
  return {
    registry,
    descriptor,
    client,
    reference: parseReference(`${registry.host}/team/app:v1`),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

describe("resolve()", () => {
  it("asks by HEAD and reads nothing", async () => {
    await using it = await withImage();
    assert.deepEqual(await it.client.resolve(it.reference), { descriptor: it.descriptor });
    assert.deepEqual(it.registry.log(), ["HEAD /v2/team/app/manifests/v1 200"]);
    assert.match(it.registry.requests.at(-1)?.headers["accept"] ?? "", /image\.index.*manifest\.list/);
  });

  const fallbacks: readonly {
    readonly name: string;
    readonly fault: Parameters<Awaited<ReturnType<typeof startFakeRegistry>>["fault"]>[0];
  }[] = [
    { name: "HEAD is not allowed", fault: { match: /HEAD/, kind: "status", status: 405 } },
    { name: "there is no digest", fault: { match: /HEAD/, kind: "headers", headers: { "docker-content-digest": undefined } } },
    { name: "the media type is a general one", fault: { match: /HEAD/, kind: "headers", headers: { "content-type": "text/plain" } } },
    { name: "there is no length", fault: { match: /HEAD/, kind: "headers", headers: { "content-length": undefined } } },
  ];
  for (const { name, fault } of fallbacks) {
    it(`reads the manifest when ${name}`, async () => {
      await using it = await withImage();
      it.registry.fault(fault);
      const resolved = await it.client.resolve(it.reference);
      assert.deepEqual(resolved.descriptor, it.descriptor);
      assert.equal(sha256(resolved.bytes ?? ""), it.descriptor.digest);
    });
  }

  it("tells that an image is missing, and where", async () => {
    await using it = await withImage();
    await assert.rejects(
      it.client.resolve(parseReference(`${it.registry.host}/team/app:v2`)),
      failsWith("IMAGE_NOT_FOUND", new RegExp(`^Cannot read image "${it.registry.host}/team/app:v2"`)),
    );
  });

  it("refuses another digest than the one asked for", async () => {
    await using it = await withImage();
    it.registry.fault({ match: /HEAD/, kind: "headers", headers: { "docker-content-digest": sha256("other") } });
    await assert.rejects(it.client.resolve(atDigest(it.reference, it.descriptor.digest)), failsWith("BLOB_DIGEST"));
  });
});

describe("manifest()", () => {
  it("gives verified bytes, by tag and by digest", async () => {
    await using it = await withImage();
    const byTag = await it.client.manifest(it.reference);
    const byDigest = await it.client.manifest(atDigest(it.reference, it.descriptor.digest));
    assert.deepEqual(byTag, byDigest);
    assert.deepEqual(byTag.descriptor, it.descriptor);
  });

  const rows: readonly {
    readonly name: string;
    readonly fault: Parameters<Awaited<ReturnType<typeof startFakeRegistry>>["fault"]>[0];
    readonly code?: Parameters<typeof failsWith>[0];
  }[] = [
    { name: "rejects wrong bytes", fault: { match: MANIFEST, kind: "corrupt", times: 9 }, code: "BLOB_DIGEST" },
    {
      name: "rejects a wrong digest header",
      fault: { match: MANIFEST, kind: "headers", headers: { "docker-content-digest": sha256("x") } },
      code: "BLOB_DIGEST",
    },
    { name: "rejects more than 4 MiB", fault: { match: MANIFEST, kind: "long", bytes: 5_000_000 }, code: "BLOB_SIZE" },
    { name: "survives a body that breaks off", fault: { match: MANIFEST, kind: "cut", afterBytes: 10, times: 2 } },
    { name: "survives 500 twice", fault: { match: MANIFEST, kind: "status", status: 500, times: 2 } },
    { name: "survives a connection cut before the answer", fault: { match: MANIFEST, kind: "drop", times: 2 } },
    { name: "waits as long as 429 asks", fault: { match: MANIFEST, kind: "status", status: 429, headers: { "retry-after": "0" } } },
    { name: "gives up on 500 for ever", fault: { match: MANIFEST, kind: "status", status: 500, times: 99 }, code: "REGISTRY" },
    {
      name: "does not wait an hour",
      fault: { match: MANIFEST, kind: "status", status: 429, headers: { "retry-after": "3600" } },
      code: "REGISTRY_RATE_LIMIT",
    },
    { name: "gives up after broken connections", fault: { match: MANIFEST, kind: "drop", times: 99 }, code: "REGISTRY_UNREACHABLE" },
    { name: "tells what is denied", fault: { match: MANIFEST, kind: "status", status: 403 }, code: "REGISTRY_DENIED" },
  ];
  for (const { name, fault, code } of rows) {
    it(name, async () => {
      await using it = await withImage();
      it.registry.fault(fault);
      const fetched = it.client.manifest(it.reference);
      if (code === undefined) assert.deepEqual((await fetched).descriptor, it.descriptor);
      else await assert.rejects(fetched, failsWith(code));
    });
  }

  it("looks into a document whose Content-Type says nothing", async () => {
    await using it = await withImage();
    it.registry.addManifest("team/app", "odd", "application/json", {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: it.descriptor,
      layers: [],
    });
    const { descriptor } = await it.client.manifest({ ...it.reference, tag: "odd" });
    assert.equal(descriptor.mediaType, DOCKER_MANIFEST);
    assert.equal(it.descriptor.mediaType, OCI_MANIFEST);
  });
});

describe("blob()", () => {
  const rows: readonly {
    readonly name: string;
    readonly faults: readonly Parameters<Awaited<ReturnType<typeof startFakeRegistry>>["fault"]>[0][];
    readonly log?: readonly string[];
    readonly code?: Parameters<typeof failsWith>[0];
  }[] = [
    { name: "streams a blob", faults: [], log: ["200"] },
    { name: "resumes after a connection cut midway", faults: [{ match: BLOB, kind: "cut", afterBytes: 100_000 }], log: ["200", "206"] },
    { name: "resumes after a body that ended early", faults: [{ match: BLOB, kind: "short", bytes: 100_000 }], log: ["200", "206"] },
    {
      name: "skips what it has when Range is ignored",
      faults: [
        { match: BLOB, kind: "cut", afterBytes: 100_000 },
        { match: BLOB, kind: "ignore-range" },
      ],
      log: ["200", "200"],
    },
    { name: "survives 503 twice", faults: [{ match: BLOB, kind: "status", status: 503, times: 2 }], log: ["503", "503", "200"] },
    { name: "rejects wrong bytes", faults: [{ match: BLOB, kind: "corrupt" }], code: "BLOB_DIGEST" },
    { name: "rejects more bytes than the descriptor says", faults: [{ match: BLOB, kind: "long", bytes: 1 }], code: "BLOB_SIZE" },
    { name: "gives up on a body that always ends early", faults: [{ match: BLOB, kind: "short", bytes: 0, times: 99 }], code: "BLOB_SIZE" },
    { name: "gives up on 503 for ever", faults: [{ match: BLOB, kind: "status", status: 503, times: 99 }], code: "REGISTRY" },
    { name: "tells that a blob is missing", faults: [{ match: BLOB, kind: "status", status: 404 }], code: "BLOB_MISSING" },
    {
      name: "rejects another range than it asked for",
      faults: [
        { match: BLOB, kind: "cut", afterBytes: 100_000 },
        { match: BLOB, kind: "headers", headers: { "content-range": "bytes 299999-299999/300000" } },
      ],
      code: "BLOB_SIZE",
    },
  ];
  for (const { name, faults, log, code } of rows) {
    it(name, async () => {
      await using registry = await startFakeRegistry();
      const descriptor = registry.addBlob("team/app", BYTES);
      for (const fault of faults) registry.fault(fault);
      const seen: number[] = [];
      const read = collect(
        fakeClient().blob({ registry: registry.host, repository: "team/app" }, descriptor, { onProgress: (bytes) => seen.push(bytes) }),
        BYTES.byteLength,
      );
      if (code !== undefined) {
        await assert.rejects(read, failsWith(code));
        return;
      }
      assert.equal((await read).equals(BYTES), true);
      assert.equal(seen.at(-1), BYTES.byteLength);
      assert.deepEqual(
        registry.log().map((line) => line.split(" ").at(-1)),
        log,
      );
    });
  }

  it("reads an empty blob", async () => {
    await using registry = await startFakeRegistry();
    const descriptor = registry.addBlob("a", Buffer.alloc(0));
    assert.equal((await collect(fakeClient().blob({ registry: registry.host, repository: "a" }, descriptor), 0)).byteLength, 0);
  });

  it("ends with the reason of its signal, also midway", async () => {
    await using registry = await startFakeRegistry();
    const descriptor = registry.addBlob("a", BYTES);
    const stop = new AbortController();
    const reason = new Error("enough");
    const read = async (): Promise<void> => {
      for await (const _chunk of fakeClient().blob({ registry: registry.host, repository: "a" }, descriptor, { signal: stop.signal })) {
        stop.abort(reason);
      }
    };
    await assert.rejects(read(), (error) => error === reason);
  });

  it("ends with the reason of its signal while the registry is silent", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: MANIFEST, kind: "hang" });
    const stop = new AbortController();
    const reason = new Error("enough");
    const resolved = fakeClient({ signal: stop.signal }).resolve(parseReference(`${registry.host}/a`));
    stop.abort(reason);
    await assert.rejects(resolved, (error) => error === reason);
  });

  it("frees its connection when the reader stops early", async () => {
    await using registry = await startFakeRegistry();
    const descriptor = registry.addBlob("a", BYTES);
    for await (const chunk of fakeClient().blob({ registry: registry.host, repository: "a" }, descriptor)) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
  });

  it("gives up on a registry that falls silent", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: MANIFEST, kind: "hang", times: 99 });
    const client = fakeClient({ network: { timers: { answerMs: 20 } } });
    await assert.rejects(client.resolve(parseReference(`${registry.host}/a`)), failsWith("REGISTRY_UNREACHABLE", /no answer in 0\.02 s/));
  });
});
