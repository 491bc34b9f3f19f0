import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { existsSync, mkdtempDisposableSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { duplexPair } from "node:stream";
import type { FakeAuth } from "../../../test/support/registry-auth.ts";
import { startFakeRegistry } from "../../../test/support/registry.ts";
import { startStranger } from "../../../test/support/stranger.ts";
import { createNetwork } from "../../net/index.ts";
import { createTokenDesk, fileCredentials } from "../../registry/index.ts";
import { openGrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { Router, serveConnection } from "../grpc/server.ts";
import { Auth } from "../wire/methods.ts";
import { lendAccounts } from "./lent-accounts.ts";

const LOGIN = { username: "someone", password: "s3cret-word" };
const SCOPES = ["repository:team/app:pull"];

/** A registry of this machine, a user who has logged in there, and a builder that asks. */
async function bench(auth: Partial<FakeAuth> & Pick<FakeAuth, "kind">, isLoggedIn = true) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startFakeRegistry({ auth: { ...LOGIN, ...auth } }));
  const home = stack.use(mkdtempDisposableSync(join(tmpdir(), "decant-lent-")));
  const pair = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
  const auths = isLoggedIn ? { [registry.host]: { auth: pair }, "other.example": { auth: pair } } : {};
  const env = { DOCKER_CONFIG: home.path, DOCKER_AUTH_CONFIG: JSON.stringify({ auths }) };
  const network = stack.use(createNetwork({ env, homeDir: home.path }));
  const credentials = fileCredentials({ env, homeDir: home.path });
  const router = new Router((error) => (error instanceof GrpcError ? error : new GrpcError(CODE.unknown, String(error))));
  const signal = new AbortController().signal;
  const images = new Map([[registry.host, new Set(["team/app"])]]);
  lendAccounts(router, { credentials, desk: createTokenDesk({ network, credentials, env }), images, signal });
  const [here, there] = duplexPair();
  void serveConnection(there, router.routes);
  const client = stack.use(openGrpcClient(here));
  const resources = stack.move();
  const realm = `${registry.origin}/token`;
  return {
    registry,
    folder: home.path,
    client,
    token: (change: { readonly host?: string; readonly realm?: string; readonly scopes?: string[] } = {}) =>
      client.unary(Auth.method.fetchToken, { host: registry.host, realm, service: "fake", scopes: SCOPES, ...change }, { signal }),
    password: (host = registry.host) => client.unary(Auth.method.credentials, { host }, { signal }),
    key: (salt: string, host = registry.host) => client.unary(Auth.method.getTokenAuthority, { host, salt: Buffer.from(salt) }, { signal }),
    signed: (salt: string, payload: Uint8Array) =>
      client.unary(Auth.method.verifyTokenAuthority, { host: registry.host, salt: Buffer.from(salt), payload }, { signal }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const refusedWith = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GrpcError, String(error));
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /s3cret-word|token-\d/);
  return true;
};

describe("F92: tokens for builders", () => {
  it("come from the registry's own token server, and the registry takes them", async () => {
    await using it = await bench({ kind: "bearer" });
    const { token, expiresIn } = await it.token();
    assert.ok(expiresIn > 0n);
    const url = `${it.registry.origin}/v2/team/app/manifests/gone`;
    const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(status, 404);
    assert.equal(it.registry.requests.filter(({ path }) => path.startsWith("/token")).length, 1);
  });

  it("come for a registry that guards its repositories only", async () => {
    await using it = await bench({ kind: "bearer", anonymousPull: true });
    it.registry.fault({ match: /\/v2\/$/, kind: "status", status: 200 });
    it.registry.fault({ match: /\/v2\/$/, kind: "status", status: 200 });
    assert.notEqual((await it.token()).token, "");
  });

  it("do not come from a token server that only the builder names", async () => {
    await using it = await bench({ kind: "bearer" });
    await using stranger = await startStranger("bearer");
    for (const realm of [`${stranger.origin}/token`, `${stranger.secureOrigin}/token`, `${it.registry.origin}/token?x`, "file:///etc", ""])
      await assert.rejects(it.token({ realm }), refusedWith(/the builder names the token server/));
    assert.deepEqual(stranger.heard, []);
    assert.ok(!it.registry.requests.some(({ path }) => path.startsWith("/token")));
  });

  it("do not come from a token server that would get the password without encryption", async () => {
    const realm = "http://auth.example.com/token";
    await using it = await bench({ kind: "bearer", realm });
    await assert.rejects(it.token({ realm }), refusedWith(/without encryption/));
  });

  it("are for pulling the images of this build", async () => {
    await using it = await bench({ kind: "bearer" });
    const others = [
      "repository:team/app:pull,push",
      "repository:team/app:*",
      "repository:team/other:pull",
      "registry:catalog:*",
      "repository(plugin):team/app:pull",
    ];
    for (const scope of others) {
      await assert.rejects(it.token({ scopes: [scope] }), refusedWith(/this build only pulls its images/));
      await assert.rejects(it.token({ scopes: [...SCOPES, scope] }), refusedWith(/this build only pulls its images/));
    }
    await assert.rejects(it.token({ scopes: [] }), refusedWith(/this build only pulls its images/));
    await assert.rejects(it.token({ host: "other.example" }), refusedWith(/this build only pulls its images/));
    assert.deepEqual(it.registry.requests, []);
  });
});

describe("F92: accounts for builders", () => {
  for (const kind of ["basic", "bearer"] as const)
    it(`go out for registries of the build's images, and for no other: ${kind}`, async () => {
      await using it = await bench({ kind });
      const { username, secret } = await it.password();
      assert.deepEqual({ username, password: secret }, LOGIN);
      assert.equal((await it.password("other.example")).secret, "");
      assert.deepEqual(it.registry.requests, []);
    });
});

describe("F92: the key of a user", () => {
  it("signs what the builder gives, and is one for a registry and a salt", async () => {
    await using it = await bench({ kind: "bearer" });
    const { publicKey } = await it.key("salt");
    assert.deepEqual((await it.key("salt")).publicKey, publicKey);
    assert.notDeepEqual((await it.key("other")).publicKey, publicKey);
    const payload = Buffer.from("what the builder made up");
    const { signed } = await it.signed("salt", payload);
    const x = Buffer.from(publicKey).toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    assert.ok(verify(null, payload, key, signed.subarray(0, 64)));
    assert.deepEqual(Buffer.from(signed.subarray(64)), payload);
    const file = join(it.folder, ".token_seed");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const seeds: unknown = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(Object.keys(seeds ?? {}), [it.registry.host]);
  });

  it("is not there for who has not logged in, nor for a registry of no image", async () => {
    await using it = await bench({ kind: "bearer" }, false);
    await assert.rejects(it.key("salt"), { code: CODE.unavailable });
    assert.equal((await it.password()).secret, "");
    await using known = await bench({ kind: "bearer" });
    await assert.rejects(known.key("salt", "other.example"), { code: CODE.unavailable });
    assert.ok(!existsSync(join(known.folder, ".token_seed")));
  });
});
