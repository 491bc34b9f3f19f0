import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { createOwnAuthority } from "../../test/support/own-authority.ts";
import { startProxy } from "../../test/support/proxy.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { DecantError } from "../errors.ts";
import { parseReference } from "../oci/index.ts";
import { fileCredentials } from "./credentials.ts";
import { login, logout } from "./login.ts";

const ME = { username: "me", password: "pa:ss" };

async function home() {
  const dir = await mkdtempDisposable(join(tmpdir(), "decant-login-"));
  const env = { PATH: `${dir.path}:/usr/bin:/bin`, DOCKER_CONFIG: dir.path };
  const file = join(dir.path, "config.json");
  return {
    file,
    places: { env, homeDir: dir.path, systemDir: "/nonexistent" },
    json: async () => JSON.parse(await readFile(file, "utf8")),
    [Symbol.asyncDispose]: () => dir.remove(),
  };
}

describe("F.3: login()", () => {
  for (const kind of ["basic", "bearer"] as const) {
    it(`keeps a password that the registry accepts (${kind}), and logout() forgets it`, async () => {
      await using registry = await startFakeRegistry({ auth: { kind, ...ME } });
      await using it = await home();
      await writeFile(it.file, '{"HttpHeaders": {"a": "b"}, "auths": {"ghcr.io": {"auth": "eDp5"}}}');
      const { checked, kept } = await login(registry.host, ME, it.places);
      assert.deepEqual([checked, kept], [true, { kind: "file", place: it.file }]);
      assert.equal((await stat(it.file)).mode & 0o777, 0o600);
      assert.deepEqual(await it.json(), {
        HttpHeaders: { a: "b" },
        auths: { "ghcr.io": { auth: "eDp5" }, [registry.host]: { auth: Buffer.from("me:pa:ss").toString("base64") } },
      });
      assert.deepEqual(await fileCredentials(it.places)(registry.host, "app"), { kind: "password", ...ME });
      assert.equal((await logout(`http://${registry.host}/v2/`, it.places)).found, true);
      assert.deepEqual(Object.keys((await it.json()).auths), ["ghcr.io"]);
      assert.equal((await logout(registry.host, it.places)).found, false);
    });

    it(`keeps nothing that the registry refuses (${kind})`, async () => {
      await using registry = await startFakeRegistry({ auth: { kind, ...ME } });
      await using it = await home();
      const wrong = login(registry.host, { username: "me", password: "wrong" }, it.places);
      await assert.rejects(wrong, failsWith("REGISTRY_AUTH", /^Cannot log in to .* refuses this user or password/));
      await assert.rejects(stat(it.file), { code: "ENOENT" });
    });
  }

  it("keeps it in the credential helper, and nothing secret in the file", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME } });
    await using it = await home();
    const helper = join(it.places.homeDir, "docker-credential-fake");
    await writeFile(helper, `#!/bin/sh\n{ echo "$1"; cat; echo; } >> ${it.places.homeDir}/said\n`);
    await chmod(helper, 0o755);
    await writeFile(it.file, '{"credsStore": "fake"}');
    await login(registry.host, ME, it.places);
    await logout(registry.host, it.places);
    const stored = JSON.stringify({ ServerURL: registry.host, Username: "me", Secret: "pa:ss" });
    assert.equal(await readFile(join(it.places.homeDir, "said"), "utf8"), `store\n${stored}\nerase\n${registry.host}\n\n`);
    assert.deepEqual(await it.json(), { credsStore: "fake", auths: {} });
  });

  it("keeps the identity token that the token server gives instead of the password, and uses it", async () => {
    const auth = { kind: "bearer", ...ME, identityToken: "r3fresh", givesIdentityTokens: true } as const;
    await using registry = await startFakeRegistry({ auth });
    registry.addImage("app", "v1", { layers: [] });
    await using it = await home();
    await login(registry.host, ME, it.places);
    const kept = { auth: Buffer.from("me:").toString("base64"), identitytoken: "r3fresh" };
    assert.deepEqual((await it.json()).auths, { [registry.host]: kept });
    using client = fakeClient({ credentials: fileCredentials(it.places) });
    await client.resolve(parseReference(`${registry.host}/app:v1`));
    const asked = registry.requests.findLast(({ path }) => path.startsWith("/token"));
    assert.equal(new URLSearchParams(asked?.body.toString()).get("refresh_token"), "r3fresh");
  });

  it("keeps it in $REGISTRY_AUTH_FILE, which need not be there yet", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME } });
    await using it = await home();
    const file = join(it.places.homeDir, "ci/auth.json");
    const places = { ...it.places, env: { ...it.places.env, REGISTRY_AUTH_FILE: file } };
    assert.equal((await login(registry.host, ME, places)).kept.place, file);
    assert.equal((await stat(join(it.places.homeDir, "ci"))).mode & 0o777, 0o700);
    await assert.rejects(stat(it.file), { code: "ENOENT" });
    assert.equal((await logout(registry.host, places)).found, true);
  });

  it("asks by TLS with the authority of certs.d, and tells when the registry shows an unknown one", async () => {
    await using it = await home();
    const authority = await createOwnAuthority(it.places.homeDir);
    const tls = await authority.issue("server", ["DNS:registry.example"]);
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME }, tls });
    // Certificates of registries on this machine need not be valid, so a proxy leads there by another name.
    await using proxy = await startProxy();
    const host = `registry.example:${registry.host.split(":")[1]}`;
    const env = { ...it.places.env, HTTPS_PROXY: `http://${proxy.host}` };
    const places = { ...it.places, systemDir: join(it.places.homeDir, "etc"), env };
    await assert.rejects(login(host, ME, places), failsWith("REGISTRY_UNREACHABLE", /certificate/));
    const folder = join(places.systemDir, "docker/certs.d", host);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "ca.crt"), authority.ca.cert);
    assert.equal((await login(host, ME, places)).checked, true);
  });

  it("loses none of many logins at once", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME } });
    await using it = await home();
    const keys = Array.from({ length: 12 }, (_, at) => `${registry.host}/team${at}`);
    await Promise.all(keys.map((key) => login(key, ME, it.places)));
    assert.deepEqual(Object.keys((await it.json()).auths).toSorted(), keys.toSorted());
    await Promise.all(keys.slice(1).map((key) => logout(key, it.places)));
    assert.deepEqual(Object.keys((await it.json()).auths), keys.slice(0, 1));
    assert.deepEqual(await readdir(it.places.homeDir), ["config.json"]);
  });

  for (const [action, message] of [
    ["store", /^Cannot keep credentials for "HOST" in "docker-credential-fake": it ended with exit code 3$/],
    ["erase", /^Cannot remove credentials for "HOST" from "docker-credential-fake": it ended with exit code 3$/],
  ] as const) {
    it(`tells that a helper failed to ${action}, and shows nothing of what it printed`, async () => {
      await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME } });
      await using it = await home();
      const helper = join(it.places.homeDir, "docker-credential-fake");
      await writeFile(helper, `#!/bin/sh\ncat; [ "$1" != ${action} ] || exit 3\n`, { mode: 0o755 });
      await writeFile(it.file, '{"credsStore": "fake"}');
      const failing = action === "store" ? login(registry.host, ME, it.places) : logout(registry.host, it.places);
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof DecantError);
        assert.equal(error.code, "CREDENTIAL_HELPER");
        assert.match(error.message.replace(registry.host, "HOST"), message);
        assert.doesNotMatch(`${error.message}${error.hint}${JSON.stringify(error.details)}`, /pa:ss/);
        return true;
      });
      assert.deepEqual(await it.json(), { credsStore: "fake" });
    });
  }

  it("logout() says where else credentials are, and leaves them there", async () => {
    await using it = await home();
    const podman = join(it.places.homeDir, ".config/containers/auth.json");
    const auths = JSON.stringify({ auths: { "ghcr.io": { auth: "eDp5" } } });
    await mkdir(dirname(podman), { recursive: true });
    await writeFile(podman, auths);
    const places = { ...it.places, env: { ...it.places.env, DOCKER_AUTH_CONFIG: auths } };
    const said = { registry: "ghcr.io", found: false, elsewhere: ["$DOCKER_AUTH_CONFIG", podman] };
    assert.deepEqual(await logout("ghcr.io", places), said);
    assert.equal(await readFile(podman, "utf8"), auths);
    assert.deepEqual((await logout("quay.io", places)).elsewhere, []);
    await writeFile(podman, "{");
    assert.deepEqual((await logout("ghcr.io", places)).elsewhere, ["$DOCKER_AUTH_CONFIG"]);
  });

  it("says which folder it cannot write", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...ME } });
    await using it = await home();
    const places = { ...it.places, env: { ...it.places.env, DOCKER_CONFIG: "/proc/nothing" } };
    await assert.rejects(login(registry.host, ME, places), failsWith("CONFIG_FILE", /^Cannot write "\/proc\/nothing\/config.json"/));
  });
});
