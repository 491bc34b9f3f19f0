import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { type FakeRegistry, startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { startServer, type TestServer } from "../../test/support/server.ts";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";

const BYTES = randomBytes(10_000);
const DESCRIPTOR = { digest: sha256(BYTES), size: BYTES.byteLength };

function files(body: Uint8Array = BYTES): Promise<TestServer> {
  return startServer(({ path }) => (path === "/layer" ? { body } : { status: 404 }));
}

function read(registry: FakeRegistry, urls: readonly string[], kept?: number): Promise<Buffer> {
  const client = fakeClient({ credentials: async () => ({ kind: "password", username: "me", password: "s3cret" }) });
  const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield BYTES.subarray(0, kept);
  };
  const options = kept === undefined ? {} : { kept: { sizeBytes: kept, open } };
  return collect(client.blob({ registry: registry.host, repository: "a" }, { ...DESCRIPTOR, urls }, options), 100_000);
}

describe("F.3: a foreign layer", () => {
  it("comes from its registry where that has it", async () => {
    await using registry = await startFakeRegistry();
    await using server = await files();
    registry.addBlob("a", BYTES);
    assert.ok((await read(registry, [`${server.origin}/layer`])).equals(BYTES));
    assert.deepEqual(server.log(), []);
  });

  it("comes from the first address that has it, without our credentials", async () => {
    const auth = { kind: "basic", username: "me", password: "s3cret" } as const;
    await using registry = await startFakeRegistry({ auth });
    await using server = await files();
    const urls = ["ftp://example.com/layer", `${server.origin}/gone`, `${server.origin}/layer`];
    assert.ok((await read(registry, urls)).equals(BYTES));
    assert.deepEqual(server.log(), ["GET /gone", "GET /layer"]);
    assert.deepEqual(server.leaks("s3cret"), []);
  });

  it("goes on after what is kept, also where the address sends all of it", async () => {
    await using registry = await startFakeRegistry();
    await using server = await files();
    assert.ok((await read(registry, [`${server.origin}/layer`], 4000)).equals(BYTES));
    assert.equal(server.heard[0]?.headers["range"], "bytes=4000-");
  });

  it("is checked", async () => {
    await using registry = await startFakeRegistry();
    await using server = await files(Buffer.alloc(BYTES.byteLength));
    await assert.rejects(read(registry, [`${server.origin}/layer`]), failsWith("BLOB_DIGEST"));
  });

  it("that nobody has is an error that says what each address said", async () => {
    await using registry = await startFakeRegistry();
    await using server = await files();
    await assert.rejects(
      read(registry, [`${server.origin}/gone`, "https://me:pw@example.com/"]),
      failsWith("BLOB_MISSING", /neither registry .* no such blob; .*no http/),
    );
    await assert.rejects(read(registry, []), failsWith("BLOB_MISSING", /has no such blob/));
  });
});
