/** R1: which token server gets credentials, and what mirrors get. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startProxy } from "../../test/support/proxy.ts";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { startStranger, type Stranger } from "../../test/support/stranger.ts";
import { LOGIN, ME, REFRESH, SECRETS, strangerBench, upload } from "../../test/support/stranger-bench.ts";
import { parseReference } from "../oci/index.ts";
import { parseRegistriesConfig, type RegistriesConfig } from "./registries-conf.ts";
import type { RegistryClient } from "./types.ts";

describe("The token server, and the address to upload to, of a registry on the internet", () => {
  // By way of a proxy, the registry of this machine is one of the internet.
  async function far(realm?: string) {
    await using stack = new AsyncDisposableStack();
    const proxy = stack.use(await startProxy());
    const registry = stack.use(await startFakeRegistry(realm === undefined ? {} : { auth: { kind: "bearer", ...LOGIN, realm } }));
    const host = registry.host.replace("127.0.0.1", "far.example");
    const conf = (hosts: readonly string[]): Promise<RegistriesConfig> =>
      parseRegistriesConfig(hosts.map((one) => `[[registry]]\nlocation = "${one}"\ninsecure = true\n`).join("\n"), "conf");
    const client = async (...named: readonly string[]): Promise<RegistryClient> =>
      fakeClient({
        config: await conf([host, ...named]),
        credentials: async () => ME,
        network: { env: { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host } },
      });
    const held = stack.move();
    return { registry, client, reference: parseReference(`${host}/team/app:v1`), [Symbol.asyncDispose]: () => held.disposeAsync() };
  }

  it("must not be on this machine", async () => {
    await using stranger = await startStranger("bearer");
    await using it = await far(`${stranger.origin}/token`);
    await assert.rejects(
      (await it.client()).resolve(it.reference),
      failsWith("REGISTRY", /it leads to "127\.0\.0\.1:\d+" on this machine, and "far\.example:\d+" is on the internet/),
    );
    assert.deepEqual(stranger.heard, []);
  });

  it("must not be where an upload would go either", async () => {
    await using stranger = await startStranger(() => ({ status: 201 }));
    await using it = await far();
    it.registry.fault({ match: /POST/, kind: "headers", headers: { location: `${stranger.origin}/upload` } });
    await assert.rejects(upload(await it.client(), it.reference), failsWith("REGISTRY", /it leads to "127\.0\.0\.1:\d+" on this machine/));
    assert.deepEqual(stranger.heard, []);
  });

  it("may be there where registries.conf has that host", async () => {
    await using stranger = await startStranger(() => ({ status: 201 }));
    await using it = await far();
    it.registry.fault({ match: /POST/, kind: "headers", headers: { location: `${stranger.origin}/upload` } });
    assert.equal(await upload(await it.client(stranger.host), it.reference), "pushed");
    assert.equal(stranger.heard.length, 1);
  });
});

describe("R1: the token server", () => {
  for (const [name, credentials] of [
    ["a password", ME],
    ["an identity token", REFRESH],
  ] as const) {
    for (const status of [302, 307]) {
      it(`that redirects elsewhere (${status}) does not get ${name} there`, async () => {
        await using it = await strangerBench({ auth: "bearer", credentials });
        it.registry.fault({ match: /\/token/, kind: "redirect", status, to: `${it.stranger.origin}/token`, times: 9 });
        await assert.rejects(it.client.resolve(it.reference), failsWith("REGISTRY", /redirect cannot be followed/));
        assert.deepEqual(it.stranger.heard, []);
      });
    }
  }

  it("may be another host, if the registry itself names it", async () => {
    await using it = await strangerBench({ auth: "bearer", manners: "bearer", realm: ({ origin }) => `${origin}/token` });
    await assert.rejects(it.client.resolve(it.reference), failsWith("REGISTRY_AUTH"));
    assert.deepEqual(it.stranger.leaks(LOGIN.password).length, 1);
    // Its token was for the registry alone.
    assert.equal(it.registry.requests.at(-1)?.headers["authorization"], "Bearer of-a-stranger");
  });

  const realms: readonly { readonly name: string; readonly tls: boolean; readonly realm: (stranger: Stranger) => string }[] = [
    { name: "a public name over http, by an https registry", tls: true, realm: () => "http://auth.example.com/token" },
    { name: "this machine over http, by an https registry", tls: true, realm: ({ origin }) => `${origin}/token` },
    { name: "a public name over http, by a registry of this machine", tls: false, realm: () => "http://auth.example.com/token" },
    { name: "a file", tls: false, realm: () => "file:///etc/passwd" },
    { name: "no URL", tls: false, realm: () => "/token" },
  ];
  for (const { name, tls, realm } of realms) {
    for (const credentials of [ME, REFRESH]) {
      it(`is not asked where it is ${name} (${credentials.kind})`, async () => {
        await using it = await strangerBench({ auth: "bearer", credentials, tls, realm });
        await assert.rejects(it.client.resolve(it.reference), failsWith("REGISTRY", /token server/));
        assert.deepEqual(it.stranger.heard, []);
      });
    }
  }
});

describe("R1: mirrors", () => {
  it("do not get the credentials of the registry that they stand for, nor the registry those of a mirror", async () => {
    await using it = await strangerBench({ auth: "basic" });
    await using mirror = await startStranger("bearer");
    const config = await parseRegistriesConfig(
      `[[registry]]\nprefix = "example.com"\nlocation = "${it.registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}/copy"\n`,
      "test.conf",
    );
    const lookedUp = new Set<string>();
    const client = fakeClient({
      config,
      credentials: (host) => {
        lookedUp.add(host);
        return Promise.resolve(host === it.registry.host ? ME : undefined);
      },
    });
    await client.resolve(parseReference("example.com/team/app:v1"));
    assert.ok(mirror.log().includes("GET /token?service=stranger&scope=repository%3Acopy%2Fteam%2Fapp%3Apull"), mirror.log().join());
    assert.deepEqual(mirror.leaks(...SECRETS), []);
    assert.deepEqual([...lookedUp], [mirror.host, it.registry.host]);
    assert.doesNotMatch(JSON.stringify(it.registry.requests), /of-a-stranger/);
  });
});

it("X10: a registry that repeats what it was sent does not bring it into the error", async () => {
  for (const credentials of [ME, REFRESH]) {
    await using it = await strangerBench({ auth: "bearer", credentials });
    const pair = `${LOGIN.username}:${LOGIN.password}`;
    const echo = `you sent ${LOGIN.password} ${pair} ${Buffer.from(pair).toString("base64")} ${REFRESH.token} Bearer token-1`;
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: echo }] });
    it.registry.fault({ match: /token/, kind: "status", status: 403, body });
    const seen: unknown[] = [];
    const note = (error: unknown): boolean => seen.push(error) > 0;
    await assert.rejects(it.client.manifest(it.reference), note);
    await it.client.resolve(it.reference);
    it.registry.fault({ match: /manifests/, kind: "status", status: 403, body: body.replace(LOGIN.password, "").replaceAll(pair, "") });
    await assert.rejects(it.client.manifest(it.reference), note);
    const texts = seen.map((error) => JSON.stringify([String(error), (error as { details: unknown }).details]));
    assert.match(texts[0] ?? "", /you sent/);
    assert.doesNotMatch(texts[0] ?? "", credentials === ME ? /s3cret-word|c29tZW9uZT/ : /r3fresh/);
    assert.doesNotMatch(texts[1] ?? "token-1", /token-1/);
  }
});
