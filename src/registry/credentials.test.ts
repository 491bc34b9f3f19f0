import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { fileCredentials } from "./credentials.ts";
import type { Credentials } from "./auth-file.ts";

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") });

function shown(found: Credentials | undefined): string {
  if (found === undefined) return "none";
  return found.kind === "password" ? `${found.username}:${found.password}` : `${found.kind} ${found.token}`;
}

/** A home with files, and credential helpers on its PATH. */
async function home(files: Readonly<Record<string, unknown>>, helpers: Readonly<Record<string, string>> = {}) {
  const dir = await mkdtempDisposable(join(tmpdir(), "decant-credentials-"));
  for (const [name, value] of Object.entries(files)) {
    const path = join(dir.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  }
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(dir.path, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  return {
    path: dir.path,
    find: async (registry: string, repository: string, env: Readonly<Record<string, string>> = {}) => {
      const path = `${dir.path}:/usr/bin:/bin`;
      return shown(await fileCredentials({ homeDir: dir.path, env: { PATH: path, ...env } })(registry, repository));
    },
    [Symbol.asyncDispose]: () => dir.remove(),
  };
}

describe("fileCredentials()", () => {
  const scoped = {
    auths: {
      "https://index.docker.io/v1/": auth("hub:pw:with:colons"),
      "ghcr.io": auth("host:1"),
      "ghcr.io/owner": auth("owner:2"),
      "ghcr.io/owner/app": auth("app:3"),
      "https://old.example.com/v1/": auth("old:4"),
      "http://127.0.0.1:5000": auth("local:5"),
      "acr.example.com": { ...auth("00000000-0000-0000-0000-000000000000:"), identitytoken: "refresh" },
      "quay.io": { registrytoken: "bearer" },
      "plain.example.com": { username: "u", password: "p" },
      "empty.example.com": {},
    },
  };
  const rows: readonly { readonly name: string; readonly registry: string; readonly repository: string; readonly want: string }[] = [
    { name: "finds Docker Hub under its legacy key", registry: "docker.io", repository: "library/ubuntu", want: "hub:pw:with:colons" },
    { name: "takes the host", registry: "ghcr.io", repository: "other/app", want: "host:1" },
    { name: "takes the longest path", registry: "ghcr.io", repository: "owner/app", want: "app:3" },
    { name: "takes a parent path", registry: "ghcr.io", repository: "owner/more/app", want: "owner:2" },
    { name: "does not take half a path part", registry: "ghcr.io", repository: "owner2/app", want: "host:1" },
    { name: "reads keys that are URLs", registry: "old.example.com", repository: "a", want: "old:4" },
    { name: "reads keys with a port", registry: "127.0.0.1:5000", repository: "a", want: "local:5" },
    { name: "prefers an identity token", registry: "acr.example.com", repository: "a", want: "identity-token refresh" },
    { name: "takes a registry token", registry: "quay.io", repository: "a", want: "registry-token bearer" },
    { name: "takes plain user and password", registry: "plain.example.com", repository: "a", want: "u:p" },
    { name: "gives nothing for an empty entry", registry: "empty.example.com", repository: "a", want: "none" },
    { name: "gives nothing for another host", registry: "evil-ghcr.io", repository: "owner/app", want: "none" },
  ];
  for (const { name, registry, repository, want } of rows) {
    it(name, async () => {
      await using place = await home({ ".docker/config.json": scoped });
      assert.equal(await place.find(registry, repository), want);
    });
  }

  it("gives nothing without files", async () => {
    await using place = await home({});
    assert.equal(await place.find("ghcr.io", "a"), "none");
  });

  it("reads $DOCKER_CONFIG instead of ~/.docker", async () => {
    await using place = await home({
      ".docker/config.json": { auths: { "ghcr.io": auth("home:1") } },
      "other/config.json": { auths: { "ghcr.io": auth("other:2") } },
    });
    assert.equal(await place.find("ghcr.io", "a", { DOCKER_CONFIG: join(place.path, "other") }), "other:2");
  });

  it("reads podman's files after docker's", async () => {
    await using place = await home({
      ".docker/config.json": { auths: { "ghcr.io": auth("docker:1") } },
      "run/containers/auth.json": { auths: { "ghcr.io": auth("run:2"), "quay.io": auth("run:3") } },
      ".config/containers/auth.json": { auths: { "quay.io": auth("config:4"), "reg.example.com": auth("config:5") } },
    });
    const env = { XDG_RUNTIME_DIR: join(place.path, "run") };
    assert.equal(await place.find("ghcr.io", "a", env), "docker:1");
    assert.equal(await place.find("quay.io", "a", env), "run:3");
    assert.equal(await place.find("reg.example.com", "a", env), "config:5");
  });

  it("reads $REGISTRY_AUTH_FILE alone", async () => {
    await using place = await home({
      ".docker/config.json": { auths: { "ghcr.io": auth("docker:1") } },
      "mine.json": { auths: { "quay.io": auth("mine:2") } },
    });
    const env = { REGISTRY_AUTH_FILE: join(place.path, "mine.json") };
    assert.equal(await place.find("quay.io", "a", env), "mine:2");
    assert.equal(await place.find("ghcr.io", "a", env), "none");
  });

  it("asks the helper of a host, with the host on its input", async () => {
    await using place = await home(
      { ".docker/config.json": { credHelpers: { "ghcr.io": "test" }, credsStore: "fails" } },
      {
        test: 'read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"for $server\\"}"',
        fails: "exit 3",
      },
    );
    assert.equal(await place.find("ghcr.io", "a/b"), "get:for ghcr.io");
  });

  it("asks the store by Docker Hub's legacy address, and takes <token> as an identity token", async () => {
    await using place = await home(
      { ".docker/config.json": { auths: { "https://index.docker.io/v1/": {} }, credsStore: "test" } },
      { test: 'read server; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$server\\"}"' },
    );
    assert.equal(await place.find("docker.io", "library/a"), "identity-token https://index.docker.io/v1/");
  });

  it("gives nothing when a helper has none", async () => {
    await using place = await home(
      { ".docker/config.json": { credsStore: "test" } },
      { test: "echo credentials not found in native keychain; exit 1" },
    );
    assert.equal(await place.find("ghcr.io", "a"), "none");
  });

  for (const answer of ["{}", '{"Username":"","Secret":""}', '{"Username":null,"Secret":null}', '{"ServerURL":"x","Username":"me"}']) {
    it(`R10: gives nothing when a helper answers ${answer}`, async () => {
      await using place = await home({ ".docker/config.json": { credsStore: "test" } }, { test: `echo '${answer}'` });
      assert.equal(await place.find("ghcr.io", "a"), "none");
    });
  }

  const others: readonly (readonly [name: string, entry: unknown])[] = [
    ["null", null],
    ["a number", 5],
    ["a list", ["s3cret"]],
    ["of the wrong type inside", { auth: ["s3cret"] }],
    ["no base64", { auth: "%%%" }],
    ["without a colon", auth("s3cret")],
  ];
  for (const [name, entry] of others) {
    it(`R10: does not mind an entry of another host that is ${name}`, async () => {
      const auths = { "broken.example.com": entry, "ghcr.io": auth("me:pw") };
      await using place = await home({ ".docker/config.json": { auths, credHelpers: { "other.example.com": 7 } } });
      assert.equal(await place.find("ghcr.io", "a"), "me:pw");
      assert.equal(await place.find("quay.io", "a"), "none");
      if (entry === null) assert.equal(await place.find("broken.example.com", "a"), "none");
      else await assert.rejects(place.find("broken.example.com", "a"), { code: "CONFIG_FILE" });
      await assert.rejects(place.find("other.example.com", "a"), { code: "CONFIG_FILE" });
    });
  }

  it("R10: reads $DOCKER_AUTH_CONFIG, before every file", async () => {
    await using place = await home({
      ".docker/config.json": { auths: { "ghcr.io": auth("file:1"), "quay.io": auth("file:2") } },
      "mine.json": { auths: { "ghcr.io": auth("mine:3"), "reg.example.com": auth("mine:4") } },
    });
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "ghcr.io": auth("inline:5") } }) };
    assert.equal(await place.find("ghcr.io", "a", env), "inline:5");
    assert.equal(await place.find("quay.io", "a", env), "file:2");
    const both = { ...env, REGISTRY_AUTH_FILE: join(place.path, "mine.json") };
    assert.equal(await place.find("ghcr.io", "a", both), "inline:5");
    assert.equal(await place.find("reg.example.com", "a", both), "mine:4");
    assert.equal(await place.find("ghcr.io", "a", { DOCKER_AUTH_CONFIG: "" }), "file:1");
  });

  it("R10: rejects a $DOCKER_AUTH_CONFIG that is no JSON, without showing it", async () => {
    await using place = await home({});
    await assert.rejects(place.find("ghcr.io", "a", { DOCKER_AUTH_CONFIG: "s3cret" }), {
      code: "CONFIG_FILE",
      message: 'Cannot use "$DOCKER_AUTH_CONFIG": it is no JSON',
    });
  });

  const broken: readonly {
    readonly name: string;
    readonly files: Record<string, unknown>;
    readonly helper?: string;
    readonly code: string;
  }[] = [
    {
      name: "a helper that fails",
      files: { ".docker/config.json": { credsStore: "test" } },
      helper: "echo s3cret; exit 1",
      code: "CREDENTIAL_HELPER",
    },
    {
      name: "a helper that talks nonsense",
      files: { ".docker/config.json": { credsStore: "test" } },
      helper: "echo s3cret",
      code: "CREDENTIAL_HELPER",
    },
    { name: "a helper that is missing", files: { ".docker/config.json": { credsStore: "gone" } }, code: "CREDENTIAL_HELPER" },
    { name: "a helper with a path as name", files: { ".docker/config.json": { credsStore: "../../bin/sh" } }, code: "CREDENTIAL_HELPER" },
    { name: "a file that is no JSON", files: { ".docker/config.json": '{"auths": s3cret' }, code: "CONFIG_FILE" },
    {
      name: "a file of another form",
      files: { ".docker/config.json": { auths: { "ghcr.io": { auth: ["s3cret"] } } } },
      code: "CONFIG_FILE",
    },
    { name: "an auth without colon", files: { ".docker/config.json": { auths: { "ghcr.io": auth("s3cret") } } }, code: "CONFIG_FILE" },
  ];
  for (const { name, files, helper, code } of broken) {
    it(`rejects ${name}, without showing secrets`, async () => {
      await using place = await home(files, given({ test: helper }));
      await assert.rejects(place.find("ghcr.io", "a"), (error) => {
        assert.ok(isDecantError(error));
        assert.equal(error.code, code);
        assert.doesNotMatch(`${error.message}${error.hint}${JSON.stringify(error.details)}${String(error.cause)}`, /s3cret|czNjcmV0/);
        return true;
      });
    });
  }

  it("X4: rejects what is no file, and waits for nothing", async () => {
    await using place = await home({});
    for (const path of ["/dev/zero", "/etc"])
      await assert.rejects(
        place.find("ghcr.io", "a", { REGISTRY_AUTH_FILE: path }),
        (error) => isDecantError(error, "CONFIG_FILE") && /wanted a file/.test(error.message),
      );
  });

  it("rejects a $REGISTRY_AUTH_FILE that is not there", async () => {
    await using place = await home({});
    await assert.rejects(place.find("ghcr.io", "a", { REGISTRY_AUTH_FILE: "/nowhere/auth.json" }), (error) =>
      isDecantError(error, "CONFIG_FILE"),
    );
  });
});
