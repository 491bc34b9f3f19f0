/** Schemes, certificates and redirects, over real sockets. */
import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { startStranger } from "../../test/support/stranger.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { parseReference } from "../oci/index.ts";
import { createAuthority } from "./authority.ts";
import { loadTls } from "./certificates.ts";
import { createHttp, type Http } from "./http.ts";

function httpWith(places = { systemDir: "/nonexistent", homeDir: "/nonexistent" }): Http {
  return createHttp({
    userAgent: "test",
    env: {},
    tlsFor: (host) => loadTls(host, places),
    connectMs: 5000,
    idleMs: 5000,
    uploadIdleMs: 5000,
  });
}

describe("Registries on this machine", () => {
  for (const tls of [undefined, LOCALHOST_TLS]) {
    it(`may speak ${tls === undefined ? "http" : "https, with any certificate"}`, async () => {
      await using registry = await startFakeRegistry(tls === undefined ? {} : { tls });
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

describe("createHttp()", () => {
  it("refuses a certificate that nobody trusts, and says where to put its authority", async () => {
    await using registry = await startFakeRegistry({ tls: LOCALHOST_TLS });
    using http = httpWith();
    await assert.rejects(http.send({ method: "GET", url: new URL(`${registry.origin}/v2/`) }), (error) => {
      failsWith("REGISTRY_UNREACHABLE", /certificate/)(error);
      assert.match((error as { hint?: string }).hint ?? "", /certs\.d/);
      return true;
    });
  });

  it("takes a certificate whose authority is in certs.d of that host", async () => {
    await using registry = await startFakeRegistry({ tls: LOCALHOST_TLS });
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
    const folder = join(dir.path, "docker/certs.d", registry.host);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "ca.crt"), LOCALHOST_TLS.cert);
    using http = httpWith({ systemDir: dir.path, homeDir: "/nonexistent" });
    const response = await http.send({ method: "GET", url: new URL(`${registry.origin}/v2/`) });
    response.discard();
    assert.equal(response.status, 200);
  });

  it("wants the key of a client certificate", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
    const folder = join(dir.path, "containers/certs.d/example.com");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "client.cert"), LOCALHOST_TLS.cert);
    const places = { systemDir: dir.path, homeDir: "/nonexistent" };
    await assert.rejects(loadTls("example.com", places), failsWith("CONFIG_FILE", /client\.key/));
    await writeFile(join(folder, "client.key"), LOCALHOST_TLS.key);
    assert.equal((await loadTls("example.com", places)).key, LOCALHOST_TLS.key);
    assert.equal((await loadTls("../certs.d/example.com", places)).key, undefined);
    // X4: no file of the folder is read without end.
    await symlink("/dev/zero", join(folder, "ca.crt"));
    await assert.rejects(loadTls("example.com", places), failsWith("CONFIG_FILE", /ca\.crt": it is a device; wanted a file/));
  });

  const refused: readonly { readonly name: string; readonly to: string; readonly secure: boolean; readonly message: RegExp }[] = [
    { name: "from https to http", to: "http://127.0.0.1:1/x?token=s3cret", secure: true, message: /from https to plain http/ },
    { name: "to another protocol", to: "file:///etc/passwd", secure: false, message: /leads to "file:"/ },
    { name: "for ever", to: "/loop", secure: false, message: /more than 10/ },
  ];
  for (const { name, to, secure, message } of refused) {
    it(`refuses a redirect ${name}`, async () => {
      await using registry = await startFakeRegistry(secure ? { tls: LOCALHOST_TLS } : {});
      registry.fault({ match: /GET/, kind: "redirect", to, times: 20 });
      using http = httpWith();
      const sent = http.send({ method: "GET", url: new URL(`${registry.origin}/start?token=s3cret`), insecureHost: registry.host });
      await assert.rejects(sent, (error) => {
        failsWith("REGISTRY", message)(error);
        assert.doesNotMatch(String(error), /s3cret/);
        return true;
      });
    });
  }

  it("never sends authorization again after it left the origin", async () => {
    await using first = await startFakeRegistry();
    await using second = await startFakeRegistry();
    first.fault({ match: /start/, kind: "redirect", to: `${second.origin}/middle` });
    second.fault({ match: /middle/, kind: "redirect", to: `${first.origin}/end` });
    using http = httpWith();
    const response = await http.send({
      method: "GET",
      url: new URL(`${first.origin}/start`),
      headers: { accept: "a" },
      authority: createAuthority(new URL(first.origin), "Basic x"),
    });
    response.discard();
    assert.deepEqual(
      [...first.requests, ...second.requests].map(({ path, headers }) => `${path} ${headers["authorization"]} ${headers["accept"]}`),
      ["/start Basic x a", "/end undefined a", "/middle undefined a"],
    );
  });

  it("R1: shows our certificate to the host that was named, and not where that redirects to", async () => {
    await using stranger = await startStranger(({ path }) =>
      path === "/away" ? { status: 307, headers: { location: stranger.secureOrigin } } : {},
    );
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
    const folder = join(dir.path, "docker/certs.d", stranger.host);
    await mkdir(folder, { recursive: true });
    for (const name of ["ca.crt", "client.cert"]) await writeFile(join(folder, name), LOCALHOST_TLS.cert);
    await writeFile(join(folder, "client.key"), LOCALHOST_TLS.key);
    using http = httpWith({ systemDir: dir.path, homeDir: "/nonexistent" });
    for (const url of [stranger.secureOrigin, `${stranger.origin}/away`]) {
      (await http.send({ method: "GET", url: new URL(url) })).discard();
    }
    assert.deepEqual(
      stranger.heard.map(({ path, secure, certified }) => `${path} ${secure} ${certified}`),
      ["/ true true", "/away false false", "/ true false"],
    );
  });
});
