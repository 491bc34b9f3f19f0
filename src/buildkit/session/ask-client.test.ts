/** Who `decant serve` is at a registry: the client's tokens first, its account where it lends none. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { tarOf } from "../../../test/support/archive.ts";
import { startBuildServer, type TestBuild } from "../../../test/support/buildkit-client.ts";
import { type FakeRegistry, startFakeRegistry } from "../../../test/support/registry.ts";
import { noteCredentials } from "../../build/used-credentials.ts";
import { openGrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { Router, serveConnection } from "../grpc/server.ts";
import { Auth } from "../wire/methods.ts";
import { CredentialsResponseSchema, FetchTokenResponseSchema, GetTokenAuthorityResponseSchema } from "../wire/session_pb.ts";
import { credentialsOf } from "./ask-client.ts";

const LOGIN = { username: "someone", password: "s3cret-word" };
const BASIC = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64")}`;
const WRONG = { username: "someone", secret: "not-the-word" };

/** What a docker client does for FetchToken. */
async function tokenOf(_host: string, realm: string, scopes: readonly string[]): Promise<string> {
  const url = new URL(realm);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const response = await fetch(url, { headers: { authorization: BASIC } });
  const { token } = (await response.json()) as { readonly token: string };
  return token;
}

/** Builds one file on an image of the registry, and pushes the result there. */
async function buildAt(registry: FakeRegistry, client: TestBuild): Promise<void> {
  await using server = await startBuildServer();
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-accounts-"));
  registry.addImage("team/app", "1", { layers: [tarOf([{ path: "base.txt", content: Buffer.from("base") }])] });
  writeFileSync(join(folder.path, "Dockerfile"), `FROM ${registry.host}/team/app:1\nCOPY Dockerfile /\n`);
  await server.connect().build({
    ...client,
    attributes: { filename: "Dockerfile" },
    folders: { context: folder.path, dockerfile: folder.path },
    solve: { exporters: [{ type: "image", attrs: { name: `${registry.host}/team/made:1`, push: "true" } }] },
  });
}

describe("F92: registries of a build that a client asked for", () => {
  it("get tokens from the client, which keeps its password", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "bearer", ...LOGIN } });
    const asked: string[] = [];
    const lends = async (host: string, realm: string, scopes: readonly string[]): Promise<string> => {
      asked.push(...scopes);
      return await tokenOf(host, realm, scopes);
    };
    await buildAt(registry, { tokenOf: lends, credentials: { [registry.host]: WRONG } });
    assert.ok(registry.manifest("team/made", "1") !== undefined);
    assert.ok(asked.includes("repository:team/app:pull") && asked.includes("repository:team/made:pull,push"), String(asked));
  });

  for (const kind of ["bearer", "basic"] as const)
    for (const lends of ["no calls for tokens", "no token after all"])
      it(`get its account where it has ${lends}: ${kind}`, async () => {
        await using registry = await startFakeRegistry({ auth: { kind, ...LOGIN } });
        const credentials = { [registry.host]: { username: LOGIN.username, secret: LOGIN.password } };
        const none = lends === "no token after all" ? { tokenOf: () => Promise.resolve(undefined) } : {};
        await buildAt(registry, { credentials, ...none });
        assert.ok(registry.manifest("team/made", "1") !== undefined);
      });

  it("see somebody anonymous where it has neither", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "bearer", ...LOGIN, anonymousPull: true } });
    await assert.rejects(buildAt(registry, {}), /team\/made/);
    assert.ok(registry.requests.some(({ path, status }) => path.includes("/team/app/manifests/") && status === 200));
    assert.ok(!registry.requests.some(({ headers }) => headers["authorization"]?.startsWith("Basic") === true));
  });

  for (const { name, token, pattern } of [
    { name: "that smuggle headers", token: "x\r\nHost: elsewhere", pattern: /what it gave is no token/ },
    { name: "that are empty", token: "", pattern: /what it gave is no token/ },
    { name: "that the registry does not take", token: "made-up", pattern: /Cannot [^]*team\/app/ },
  ])
    it(`get no tokens ${name}, and the account does not step in`, async () => {
      await using registry = await startFakeRegistry({ auth: { kind: "bearer", ...LOGIN } });
      const credentials = { [registry.host]: { username: LOGIN.username, secret: LOGIN.password } };
      await assert.rejects(buildAt(registry, { tokenOf: () => Promise.resolve(token), credentials }), pattern);
      assert.ok(!registry.requests.some(({ path }) => path.startsWith("/token")));
      assert.ok(registry.requests.length < 20, "it does not ask without end");
    });
});

/** A client whose calls answer so: a code is a refusal. */
async function client(answers: { readonly key?: number; readonly token?: number | string; readonly secret?: string }) {
  await using stack = new AsyncDisposableStack();
  const calls: string[] = [];
  const router = new Router((error) => (error instanceof GrpcError ? error : new GrpcError(CODE.unknown, String(error))));
  const orRefuse = (call: string, answer: number | string | undefined): string => {
    calls.push(call);
    if (typeof answer === "number") throw new GrpcError(answer, "refused");
    return answer ?? "";
  };
  router
    .unary(Auth.method.credentials, async ({ host }) => {
      const secret = orRefuse(`account ${host}`, answers.secret);
      return await Promise.resolve(create(CredentialsResponseSchema, { username: secret === "" ? "" : LOGIN.username, secret }));
    })
    .unary(Auth.method.getTokenAuthority, async () => {
      orRefuse("key", answers.key);
      return await Promise.resolve(create(GetTokenAuthorityResponseSchema, { publicKey: Buffer.alloc(32) }));
    })
    .unary(
      Auth.method.fetchToken,
      async ({ host }) => await Promise.resolve(create(FetchTokenResponseSchema, { token: orRefuse(`token ${host}`, answers.token) })),
    );
  const [here, there] = duplexPair();
  void serveConnection(there, router.routes);
  const grpc = stack.use(openGrpcClient(here));
  const resources = stack.move();
  const { signal } = new AbortController();
  return {
    calls,
    found: (registry: string) => credentialsOf({ client: grpc, has: (path) => router.routes.has(path), signal }, registry),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const QUESTION = { realm: "https://auth.example/token", service: "s", scopes: ["repository:a:pull"] };

describe("F92: a client that is asked who it is", () => {
  for (const code of [CODE.unavailable, CODE.unimplemented])
    it(`says that it lends no tokens, or not now, with ${code}`, async () => {
      await using one = await client({ key: code, secret: "word" });
      assert.deepEqual(await one.found("docker.io"), { kind: "password", username: LOGIN.username, password: "word" });
      assert.deepEqual(one.calls, ["key", "account registry-1.docker.io"]);
      await using other = await client({ token: code, secret: "word" });
      const lender = await other.found("ghcr.io");
      assert.ok(lender?.kind === "lender");
      assert.equal(await lender.token(QUESTION), undefined);
      assert.equal((await lender.credentials())?.kind, "password");
      assert.deepEqual(other.calls, ["key", "token ghcr.io", "account ghcr.io"]);
    });

  it("is asked for its account only when the account is needed, and then a build knows its secret", async () => {
    await using one = await client({ token: "t0ken", secret: "word" });
    const lender = await one.found("ghcr.io");
    assert.ok(lender?.kind === "lender");
    assert.deepEqual(await lender.token(QUESTION), { token: "t0ken", lifeMs: 60_000 });
    const used = noteCredentials(one.found);
    const noted = await used.source("ghcr.io", "app");
    assert.equal(used.found.size, 0);
    assert.ok(noted?.kind === "lender");
    await noted.credentials();
    assert.deepEqual(used.found.get("ghcr.io"), { kind: "password", username: LOGIN.username, password: "word" });
  });

  it("that refuses a token has the last word", async () => {
    await using one = await client({ token: CODE.denied, secret: "word" });
    const lender = await one.found("ghcr.io");
    assert.ok(lender?.kind === "lender");
    await assert.rejects(lender.token(QUESTION), { code: "REGISTRY_AUTH" });
    assert.deepEqual(one.calls, ["key", "token ghcr.io"]);
  });
});
