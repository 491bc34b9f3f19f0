import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeRegistry, startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { collect } from "../bytes.ts";
import { parseReference } from "../oci/index.ts";
import { parseRegistriesConfig } from "./registries-conf.ts";

const BYTES = Buffer.alloc(200_000, "x");

/** example.com is `origin`; mirrors come before it. */
async function mirrored(origin: string, mirrors: readonly string[]) {
  const lines = mirrors.map((location) => `[[registry.mirror]]\nlocation = "${location}"\n`);
  return parseRegistriesConfig(`[[registry]]\nprefix = "example.com"\nlocation = "${origin}"\n${lines.join("")}`, "test.conf");
}

async function trio() {
  const [mirror, origin] = [await startFakeRegistry(), await startFakeRegistry()];
  const messages: string[] = [];
  const client = fakeClient({
    config: await mirrored(`${origin.host}/real`, [`${mirror.host}/copy`]),
    emit: (event) => void (event.type === "warning" && messages.push(event.message)),
  });
  const add = (registry: FakeRegistry, name: string): ReturnType<FakeRegistry["addImage"]> =>
    registry.addImage(name, "v1", { layers: [BYTES] });
  return {
    mirror,
    origin,
    client,
    messages,
    add,
    reference: parseReference("example.com/app:v1"),
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

describe("Mirrors", () => {
  it("are asked first", async () => {
    await using it = await trio();
    const descriptor = it.add(it.mirror, "copy/app");
    assert.deepEqual((await it.client.resolve(it.reference)).descriptor, descriptor);
    assert.deepEqual(it.origin.requests, []);
  });

  it("that do not have the image are passed over in silence", async () => {
    await using it = await trio();
    const descriptor = it.add(it.origin, "real/app");
    assert.deepEqual((await it.client.resolve(it.reference)).descriptor, descriptor);
    assert.deepEqual(it.messages, []);
  });

  it("that are down are asked once, with a warning", async () => {
    await using it = await trio();
    it.add(it.origin, "real/app");
    await it.mirror[Symbol.asyncDispose]();
    await it.client.resolve(it.reference);
    await it.client.resolve(it.reference);
    assert.equal(it.messages.length, 1);
    assert.match(it.messages[0] ?? "", /^Mirror "127\.0\.0\.1:\d+" was left out: Cannot reach/);
  });

  it("that break midway are continued elsewhere", async () => {
    await using it = await trio();
    const descriptor = it.mirror.addBlob("copy/app", BYTES);
    it.origin.addBlob("real/app", BYTES);
    it.mirror.fault({ match: /blobs/, kind: "cut", afterBytes: 100_000 });
    it.mirror.fault({ match: /blobs/, kind: "status", status: 500, times: 99 });
    const bytes = await collect(it.client.blob({ registry: "example.com", repository: "app" }, descriptor), BYTES.byteLength);
    assert.equal(bytes.equals(BYTES), true);
    assert.deepEqual(it.origin.log(), ["GET /v2/real/app/blobs/DIGEST 206"]);
  });

  it("are named when everything fails, with the code of the location itself", async () => {
    await using it = await trio();
    it.mirror.fault({ match: /manifests/, kind: "status", status: 403, times: 9 });
    await assert.rejects(
      it.client.manifest(it.reference),
      failsWith("IMAGE_NOT_FOUND", new RegExp(`has no such image .*; tried before: mirror "${it.mirror.host}" \\(.*does not allow it\\)$`)),
    );
  });

  it("are not pushed to, nor is the rewritten location", async () => {
    await using it = await trio();
    const config = await mirrored("unused.invalid", [it.mirror.host]);
    const client = fakeClient({ config });
    await assert.rejects(
      client.hasBlob({ registry: "example.com.invalid", repository: "app" }, it.mirror.addBlob("app", BYTES).digest),
      failsWith("REGISTRY_UNREACHABLE", /example\.com\.invalid/),
    );
    assert.deepEqual(it.mirror.requests, []);
  });
});
