/** Registries of this machine may speak http or https, and need no valid certificate. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { given } from "../given.ts";
import { parseReference } from "../oci/index.ts";

describe("Registries on this machine", () => {
  for (const tls of [undefined, LOCALHOST_TLS]) {
    it(`may speak ${tls === undefined ? "http" : "https, with any certificate"}`, async () => {
      await using registry = await startFakeRegistry(given({ tls }));
      const descriptor = registry.addImage("app", "v1", { layers: [] });
      const name = registry.host.replace("127.0.0.1", "localhost");
      assert.deepEqual((await fakeClient().resolve(parseReference(`${name}/app:v1`))).descriptor, descriptor);
    });
  }

  it("that are not there are told by host and port", async () => {
    await using registry = await startFakeRegistry();
    const { host } = registry;
    await registry[Symbol.asyncDispose]();
    await assert.rejects(
      fakeClient().resolve(parseReference(`${host}/app`)),
      failsWith("REGISTRY_UNREACHABLE", new RegExp(`Cannot reach "${host}"`)),
    );
  });

  it("that speak something else are told so", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("220 mail ready\r\n");
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await assert.rejects(fakeClient().resolve(parseReference(`127.0.0.1:${port}/app`)), failsWith("REGISTRY_UNREACHABLE"));
    server.close();
  });
});
