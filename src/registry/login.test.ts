import assert from "node:assert/strict";
import { chmod, mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith } from "../../test/support/registry-client.ts";
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
});
