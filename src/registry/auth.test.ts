import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeRegistry, startFakeRegistry } from "../../test/support/registry.ts";
import type { FakeAuth } from "../../test/support/registry-auth.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { bytesOf, collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { parseReference, type Reference } from "../oci/index.ts";
import type { Credentials } from "./auth-file.ts";

const LOGIN = { username: "me", password: "pa:ss" };
const ME: Credentials = { kind: "password", ...LOGIN };

async function withAuth(auth: FakeAuth) {
  const registry = await startFakeRegistry({ auth });
  registry.addImage("team/app", "v1", { layers: [Buffer.from("layer")] });
  registry.addBlob("base", Buffer.from("base"));
  return {
    registry,
    reference: parseReference(`${registry.host}/team/app:v1`),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

function tokenRequests(registry: FakeRegistry): string[] {
  return registry.requests
    .filter(({ path }) => path.startsWith("/token"))
    .map(({ method, path, status }) => `${method} ${decodeURIComponent(path)} ${status}`);
}

function pushTo(client: ReturnType<typeof fakeClient>, reference: Reference, text: string): Promise<"exists" | "pushed"> {
  return client.pushBlob(reference, { digest: sha256(text), size: text.length }, () => bytesOf(text));
}

describe("Bearer authorization", () => {
  it("fetches an anonymous token once for many calls", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN, anonymousPull: true });
    const client = fakeClient();
    await Promise.all([client.resolve(it.reference), client.manifest(it.reference), client.manifest(it.reference)]);
    await client.resolve(it.reference);
    assert.deepEqual(tokenRequests(it.registry), ["GET /token?service=fake&scope=repository:team/app:pull 200"]);
  });

  it("fetches one token for reading and one for writing, with credentials", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN });
    const client = fakeClient({ credentials: async () => ME });
    await client.resolve(it.reference);
    assert.equal(await pushTo(client, it.reference, "one"), "pushed");
    assert.equal(await pushTo(client, it.reference, "two"), "pushed");
    assert.deepEqual(tokenRequests(it.registry), [
      "GET /token?service=fake&scope=repository:team/app:pull&account=me 200",
      "GET /token?service=fake&scope=repository:team/app:pull,push&scope=repository:team/app:pull&account=me 200",
    ]);
    // The challenge is known by then: nothing is sent without a token.
    assert.deepEqual(
      it.registry.log().filter((line) => line.endsWith("401")),
      ["HEAD /v2/team/app/manifests/v1 401"],
    );
  });

  it("asks for the source's scope as well, to mount", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN });
    const client = fakeClient({ credentials: async () => ME });
    assert.equal(await client.mountBlob(it.reference, "base", sha256("base")), true);
    assert.match(tokenRequests(it.registry)[0] ?? "", /scope=repository:team\/app:pull,push&scope=repository:base:pull/);
  });

  it("renews a token that the registry does not take any more", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN });
    const client = fakeClient({ credentials: async () => ME });
    await client.resolve(it.reference);
    it.registry.expireTokens();
    await Promise.all([client.resolve(it.reference), client.manifest(it.reference)]);
    assert.equal(tokenRequests(it.registry).length, 2);
  });

  it("exchanges an identity token by OAuth2", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN, identityToken: "refresh-me" });
    const client = fakeClient({ credentials: async () => ({ kind: "identity-token", token: "refresh-me" }) });
    await client.resolve(it.reference);
    assert.deepEqual(tokenRequests(it.registry), ["POST /token 200"]);
  });

  it("sends a registry token as it is", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN });
    const client = fakeClient({ credentials: async () => ({ kind: "registry-token", token: "given" }) });
    await assert.rejects(client.resolve(it.reference), failsWith("REGISTRY_AUTH"));
    assert.equal(it.registry.requests.at(-1)?.headers["authorization"], "Bearer given");
    assert.deepEqual(tokenRequests(it.registry), []);
  });

  const refused: readonly { readonly name: string; readonly credentials: Credentials | undefined; readonly anonymousPull: boolean }[] = [
    { name: "wrong credentials", credentials: { kind: "password", username: "me", password: "s3cret" }, anonymousPull: false },
    { name: "no credentials", credentials: undefined, anonymousPull: false },
    { name: "a wrong identity token", credentials: { kind: "identity-token", token: "s3cret" }, anonymousPull: false },
  ];
  for (const { name, credentials, anonymousPull } of refused) {
    it(`tells how to log in after ${name}, without showing them`, async () => {
      await using it = await withAuth({ kind: "bearer", ...LOGIN, anonymousPull });
      const client = fakeClient({ credentials: async () => credentials });
      await assert.rejects(client.manifest(it.reference), (error) => {
        failsWith("REGISTRY_AUTH")(error);
        const { message, hint, details } = error as { message: string; hint?: string | undefined; details: object };
        assert.equal(hint, `decant login ${it.registry.host}`);
        assert.doesNotMatch(`${message} ${JSON.stringify(details)}`, /s3cret|czNjcmV0/);
        return true;
      });
    });
  }

  it("does not write with an anonymous token", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN, anonymousPull: true });
    await assert.rejects(pushTo(fakeClient(), it.reference, "x"), failsWith("REGISTRY_AUTH"));
  });

  it("sends no credentials to a token server without encryption elsewhere", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN, realm: "http://auth.example.com/token" });
    const client = fakeClient({ credentials: async () => ME });
    await assert.rejects(
      client.resolve(it.reference),
      failsWith("REGISTRY", /"auth\.example\.com", which would get credentials without encryption/),
    );
  });

  for (const body of [
    { token: null, access_token: "given" },
    { token: "", access_token: "given" },
    { token: "given", access_token: null },
  ]) {
    it(`R5: takes the token of ${JSON.stringify(body)}`, async () => {
      await using it = await withAuth({ kind: "bearer", ...LOGIN });
      it.registry.fault({ match: /token/, kind: "status", status: 200, body: JSON.stringify(body), times: 9 });
      await assert.rejects(fakeClient({ credentials: async () => ME }).resolve(it.reference), failsWith("REGISTRY_AUTH"));
      assert.equal(it.registry.requests.at(-1)?.headers["authorization"], "Bearer given");
    });
  }

  it("rejects a token that would smuggle a header", async () => {
    await using it = await withAuth({ kind: "bearer", ...LOGIN });
    it.registry.fault({ match: /token/, kind: "status", status: 200, body: JSON.stringify({ token: "a\r\nx: y" }) });
    await assert.rejects(fakeClient({ credentials: async () => ME }).resolve(it.reference), failsWith("REGISTRY_AUTH", /gave no token/));
  });
});

describe("Basic authorization", () => {
  it("sends user and password to the registry", async () => {
    await using it = await withAuth({ kind: "basic", ...LOGIN });
    const client = fakeClient({ credentials: async () => ME });
    await client.resolve(it.reference);
    assert.equal(await pushTo(client, it.reference, "one"), "pushed");
  });

  for (const credentials of [undefined, { kind: "password" as const, username: "me", password: "wrong" }]) {
    it(`fails with ${credentials === undefined ? "no" : "wrong"} credentials, without asking for ever`, async () => {
      await using it = await withAuth({ kind: "basic", ...LOGIN });
      await assert.rejects(fakeClient({ credentials: async () => credentials }).manifest(it.reference), failsWith("REGISTRY_AUTH"));
      assert.ok(it.registry.log().length <= 2);
    });
  }
});

describe("Authorization and redirects", () => {
  const cases: readonly { readonly name: string; readonly elsewhere: boolean }[] = [
    { name: "stays within its origin", elsewhere: false },
    { name: "is left out for another origin", elsewhere: true },
  ];
  for (const { name, elsewhere } of cases) {
    it(name, async () => {
      await using it = await withAuth({ kind: "basic", ...LOGIN });
      await using storage = await startFakeRegistry();
      const descriptor = it.registry.addBlob("team/app", Buffer.from("bytes"));
      storage.addBlob("cdn", Buffer.from("bytes"));
      const target = elsewhere ? storage : it.registry;
      it.registry.addBlob("cdn", Buffer.from("bytes"));
      const client = fakeClient({ credentials: async () => ME });
      await client.resolve(it.reference);
      it.registry.fault({ match: /blobs/, kind: "redirect", to: `${target.origin}/v2/cdn/blobs/${descriptor.digest}?signature=x` });
      assert.equal((await collect(client.blob(it.reference, descriptor), 100)).toString(), "bytes");
      assert.equal(target.requests.at(-1)?.headers["authorization"] === undefined, elsewhere);
    });
  }
});
