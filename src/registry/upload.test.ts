import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { Fault } from "../../test/support/faults.ts";
import { fakeClock } from "../../test/support/network.ts";
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { sha256 } from "../digest.ts";

const MIB = 1024 * 1024;
const BYTES = randomBytes(5 * MIB + 17);
const DESCRIPTOR = { digest: sha256(BYTES), size: BYTES.byteLength };

/** Pushes `BYTES`, and remembers from where they were read. */
async function push(registry: FakeRegistry, onProgress?: (bytes: number) => void) {
  const starts: number[] = [];
  const clock = fakeClock();
  const target = { registry: registry.host, repository: "team/app" };
  const open = async function* (startAt: number): AsyncGenerator<Uint8Array, void, undefined> {
    starts.push(startAt);
    for (let at = startAt; at < BYTES.byteLength; at += 65_536) yield BYTES.subarray(at, at + 65_536);
  };
  const result = await fakeClient({ network: { clock } }).pushBlob(target, DESCRIPTOR, open, { onProgress });
  assert.equal(registry.blob("team/app", DESCRIPTOR.digest)?.equals(BYTES), true);
  return { result, starts, waits: clock.waits };
}

/** "PATCH 0-4194303 202", "PUT 202": what was sent to the upload. */
function sent(registry: FakeRegistry): string[] {
  return registry.requests
    .filter(({ path, method }) => path.includes("/uploads/") && method !== "POST")
    .map(({ method, headers, status }) => [method, headers["content-range"], status].filter((word) => word !== undefined).join(" "));
}

describe("F.3: uploads that go on", () => {
  it("where the registry stopped, when the connection breaks in the middle of a blob", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 3 * MIB });
    const { starts } = await push(registry);
    assert.equal(starts[0], 0);
    assert.equal(starts[1], 3 * MIB);
    assert.deepEqual(sent(registry), ["PUT 0", "GET 204", `PATCH ${3 * MIB}-${BYTES.byteLength - 1} 202`, "PUT 201"]);
  });

  it("over many breaks: each that gets on counts anew", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    for (let at = 0; at < 12; at += 1) registry.fault({ match: /PUT|PATCH/, kind: "drop", afterBytes: 400_000 });
    const { starts } = await push(registry);
    assert.deepEqual(starts.slice(0, 4), [0, 400_000, 800_000, 1_200_000]);
  });

  it("in chunks, when the registry kept nothing: the chunk that broke is all that is lost", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 3 * MIB });
    registry.fault({ match: /PATCH.*/, kind: "drop", afterBytes: 0, times: 1 });
    const { starts } = await push(registry);
    assert.deepEqual(starts, [0, 0, 0, 4 * MIB]);
    assert.deepEqual(sent(registry), [
      "PUT 0",
      "GET 404",
      "PATCH 0-4194303 0",
      "GET 204",
      "PATCH 0-4194303 202",
      "PATCH 4194304-5242896 202",
      "PUT 201",
    ]);
  });

  it("from the start, when the registry has forgotten the upload", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 3 * MIB });
    registry.fault({ match: /GET .*uploads/, kind: "status", status: 404 });
    const { starts } = await push(registry);
    assert.deepEqual(starts, [0, 0, 4 * MIB]);
  });

  it("where it really is, when the registry has another idea of it than we: 416", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 2 * MIB });
    registry.fault({ match: /PATCH/, kind: "status", status: 416 });
    const { result } = await push(registry);
    assert.equal(result, "pushed");
    assert.deepEqual(
      sent(registry).filter((line) => line.startsWith("GET")),
      ["GET 204", "GET 204"],
    );
  });

  it("once more from the start, when what the registry kept is damaged", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 3 * MIB });
    registry.fault({ match: /PUT.*digest/, kind: "status", status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' });
    const { starts } = await push(registry);
    assert.deepEqual(starts, [0, 3 * MIB, 0, 4 * MIB]);
  });

  it("not at all, when the last request did arrive and only its answer was lost", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "cut", afterBytes: 0 });
    registry.fault({ match: /PUT/, kind: "status", status: 500 });
    const { starts, result } = await push(registry);
    assert.deepEqual([starts.length, result], [1, "pushed"]);
  });

  it("tells how far it is, from where it goes on", async () => {
    await using registry = await startFakeRegistry({ keepsBroken: true });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 3 * MIB });
    const seen: number[] = [];
    await push(registry, (bytes) => seen.push(bytes));
    assert.ok(seen.includes(3 * MIB));
    assert.equal(seen.at(-1), BYTES.byteLength);
  });
});

describe("F.3: uploads in chunks", () => {
  const limited: readonly { readonly name: string; readonly options: FakeRegistryOptions; readonly chunks: readonly string[] }[] = [
    {
      name: "of 4 MiB, where a proxy takes no larger body",
      options: { maxBodyBytes: 4 * MIB },
      chunks: ["PUT 413", "PATCH 0-4194303 202", "PATCH 4194304-5242896 202", "PUT 201"],
    },
    {
      name: "of 1 MiB, where it takes no larger one, as nginx does",
      options: { maxBodyBytes: MIB },
      chunks: [
        "PUT 413",
        "PATCH 0-4194303 413",
        ...Array.from({ length: 5 }, (_, at) => `PATCH ${at * MIB}-${(at + 1) * MIB - 1} 202`),
        `PATCH ${5 * MIB}-${BYTES.byteLength - 1} 202`,
        "PUT 201",
      ],
    },
  ];
  for (const { name, options, chunks } of limited) {
    it(name, async () => {
      await using registry = await startFakeRegistry(options);
      const { result, waits } = await push(registry);
      assert.equal(result, "pushed");
      assert.deepEqual(sent(registry), chunks);
      assert.deepEqual(waits, []);
    });
  }

  it("are no smaller than the registry wants", async () => {
    await using registry = await startFakeRegistry({ minChunkBytes: 4.5 * MIB });
    registry.fault({ match: /PUT/, kind: "drop", afterBytes: 1 });
    await push(registry);
    assert.deepEqual(sent(registry).slice(2), ["PATCH 0-4718591 202", `PATCH 4718592-${BYTES.byteLength - 1} 202`, "PUT 201"]);
  });
});

describe("F.3: uploads that cannot be", () => {
  const refused: readonly { readonly name: string; readonly fault: Fault; readonly message: RegExp; readonly waits: readonly number[] }[] =
    [
      {
        name: "413 to every size",
        fault: { match: /PUT|PATCH/, kind: "status", status: 413, times: 99 },
        message: /answered 413/,
        waits: [],
      },
      {
        name: "503 with a Retry-After that is too long",
        fault: { match: /PUT/, kind: "status", status: 503, headers: { "retry-after": "3600" }, times: 99 },
        message: /answered 503/,
        waits: [],
      },
      {
        name: "a registry that says that nothing of a chunk arrived",
        fault: { match: /PATCH/, kind: "headers", headers: { range: "0-9" }, times: 99 },
        message: /says that 10 of \d+ bytes arrived/,
        waits: [250, 500],
      },
    ];
  for (const { name, fault, message, waits } of refused) {
    it(`are told: ${name}`, async () => {
      await using registry = await startFakeRegistry();
      if (name.includes("chunk")) registry.fault({ match: /PUT/, kind: "drop" });
      registry.fault(fault);
      const clock = fakeClock();
      const client = fakeClient({ network: { clock } });
      const target = { registry: registry.host, repository: "team/app" };
      const open = async function* (startAt: number): AsyncGenerator<Uint8Array, void, undefined> {
        yield BYTES.subarray(startAt);
      };
      await assert.rejects(client.pushBlob(target, DESCRIPTOR, open), failsWith("REGISTRY", message));
      assert.deepEqual(clock.waits, waits);
    });
  }

  it("end in an error, although each attempt gets a bit of the way: the registry loses what it has taken", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT/, kind: "drop" });
    // Every second chunk breaks off, and the upload is gone.
    for (let at = 0; at < 50; at += 1) {
      registry.fault({ match: /PATCH/, kind: "headers", headers: {} });
      registry.fault({ match: /PATCH/, kind: "drop", afterBytes: 1 });
    }
    await assert.rejects(push(registry), failsWith("REGISTRY_UNREACHABLE"));
    assert.ok(registry.requests.filter(({ method }) => method === "PATCH").length < 50);
  });

  it("wait as long as Retry-After says, of 429 and of 503", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /POST/, kind: "status", status: 429, headers: { "retry-after": "7" } });
    registry.fault({ match: /PUT/, kind: "status", status: 503, headers: { "retry-after": "11" } });
    const { waits } = await push(registry);
    assert.deepEqual(
      waits.map((ms) => Math.floor(ms / 1000)),
      [7, 11],
    );
  });
});
