/** R1: credentials and tokens stay with the registry that was named, whatever other hosts say that it leads to. */
import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { type Manners, startStranger } from "../../test/support/stranger.ts";
import { assertKept, CALLS, LAYER, LOGIN, ME, SECRETS, strangerBench, upload } from "../../test/support/stranger-bench.ts";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { parseReference } from "../oci/index.ts";
import { createRegistryClient } from "./client.ts";
import type { Credentials } from "./auth-file.ts";
import { EMPTY_REGISTRIES } from "./testdata/support.ts";

describe("R1: a redirect to another host that answers 401", () => {
  for (const auth of ["bearer", "basic"] as const) {
    for (const manners of ["bearer", "basic"] as const) {
      for (const known of [false, true]) {
        it(`is an error: ${auth} registry, ${manners} stranger, ${known ? "logged in before" : "first request"}`, async () => {
          await using it = await strangerBench({ auth, manners });
          // Both scopes, to read and to write.
          if (known) await Promise.all([it.client.resolve(it.reference), it.client.hasBlob(it.reference, sha256("x"))]);
          for (const { name, match, run, otherwise } of CALLS) {
            it.registry.fault({ match, kind: "redirect", to: `${it.stranger.origin}/${encodeURIComponent(name)}` });
            const wanted = failsWith("REGISTRY", /"127\.0\.0\.1:\d+", where registry "[^"]+" leads, answered 401/);
            if (otherwise === undefined) await assert.rejects(run(it.client, it.reference), wanted, name);
            else assert.equal(await run(it.client, it.reference), otherwise, name);
          }
          assertKept(it);
          assert.equal(it.stranger.heard.length, CALLS.length);
        });
      }
    }
  }

  it("is an error after a chain, and when another origin is only another port, host or scheme", async () => {
    await using registry = await startFakeRegistry({ auth: { kind: "basic", ...LOGIN } });
    const [, port = ""] = registry.host.split(":");
    await using neighbour = await startStranger("basic", { address: "127.0.0.2", port: Number(port) });
    await using stranger = await startStranger("bearer");
    const descriptor = registry.addBlob("team/app", LAYER);
    const places: readonly (readonly [match: RegExp, to: string])[] = [
      [/^GET .*blobs/, `http://127.0.0.2:${port}/x`],
      [/^GET .*blobs/, `//127.0.0.2:${port}/x`],
      [/^GET .*blobs/, stranger.origin],
      [/^GET .*blobs/, "/v2/moved"],
    ];
    const lookedUp = new Set<string>();
    const credentials = (host: string): Promise<Credentials> => {
      lookedUp.add(host);
      return Promise.resolve(ME);
    };
    for (const [match, to] of places) {
      registry.fault({ match, kind: "redirect", to });
      registry.fault({ match: /moved/, kind: "redirect", to: `${neighbour.origin}/chain` });
      const client = fakeClient({ credentials });
      await client.hasBlob(parseReference(`${registry.host}/team/app`), sha256("warm"));
      const read = collect(client.blob(parseReference(`${registry.host}/team/app`), descriptor), 100);
      await assert.rejects(read, failsWith("REGISTRY", /answered 401/), to);
    }
    for (const one of [neighbour, stranger]) assert.deepEqual(one.leaks(...SECRETS), []);
    assert.deepEqual([...lookedUp], [registry.host]);
  });

  it("gets no credentials of its own from the user's files either", async () => {
    await using it = await strangerBench({ auth: "bearer" });
    await using home = await mkdtempDisposable(join(tmpdir(), "decant-strangers-"));
    const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") });
    await mkdir(join(home.path, ".docker"));
    await writeFile(
      join(home.path, ".docker/config.json"),
      JSON.stringify({
        auths: { [it.registry.host]: auth(`${LOGIN.username}:${LOGIN.password}`), [it.stranger.host]: auth("other:0ther-word") },
        credHelpers: { [it.stranger.host]: "must-not-run" },
      }),
    );
    using client = createRegistryClient({ env: {}, homeDir: home.path, systemDir: "/nonexistent", config: EMPTY_REGISTRIES });
    it.registry.fault({ match: /^GET .*blobs/, kind: "redirect", to: `${it.stranger.origin}/blob` });
    await client.resolve(it.reference);
    const read = collect(client.blob(it.reference, { digest: sha256(LAYER), size: LAYER.byteLength }), 100);
    await assert.rejects(read, failsWith("REGISTRY", /answered 401/));
    assert.deepEqual(it.stranger.log(), ["GET /blob"]);
    assert.deepEqual(it.stranger.leaks(...SECRETS, "0ther-word"), []);
  });
});

describe("R1: another host that gives what is asked", () => {
  it("may serve blobs, and take uploads, without any authorization", async () => {
    const manners = ({ method }: { readonly method: string }) =>
      method === "GET" ? { body: LAYER } : { status: method === "PUT" ? 201 : 202, headers: { location: "/next?state=1" } };
    await using it = await strangerBench({ auth: "bearer", manners });
    const named = { to: `${it.stranger.origin}/elsewhere`, kind: "redirect" } as const;
    it.registry.fault({ match: /^GET .*blobs/, ...named });
    const blob = it.client.blob(it.reference, { digest: sha256(LAYER), size: LAYER.byteLength });
    assert.equal((await collect(blob, 100)).toString(), "layer");
    it.registry.fault({ match: /^POST .*uploads/, ...named });
    assert.equal(await upload(it.client, it.reference), "pushed");
    it.registry.fault({ match: /^POST .*uploads/, kind: "headers", headers: { location: `${it.stranger.origin}/upload?state=1` } });
    assert.equal(await upload(it.client, it.reference), "pushed");
    const digest = encodeURIComponent(sha256("new"));
    assert.deepEqual(it.stranger.log(), [
      "GET /elsewhere",
      "POST /elsewhere",
      `PUT /next?state=1&digest=${digest}`,
      `PUT /upload?state=1&digest=${digest}`,
    ]);
    assertKept(it);
  });

  it("must not choose what is asked of the registry in our name", async () => {
    let target = "";
    const manners: Manners = ({ method }) =>
      method === "POST" ? { status: 202, headers: { location: target } } : { status: 307, headers: { location: target } };
    await using it = await strangerBench({ auth: "basic", manners });
    target = `${it.registry.origin}/v2/team/app/blobs/${sha256(LAYER)}`;
    await it.client.hasBlob(it.reference, sha256("x"));
    it.registry.fault({ match: /^POST .*uploads/, kind: "redirect", to: `${it.stranger.origin}/start` });
    await assert.rejects(upload(it.client, it.reference), failsWith("REGISTRY", /answered 401/));
    it.registry.fault({ match: /^POST .*mount/, kind: "redirect", to: `${it.stranger.origin}/start` });
    assert.equal(await it.client.mountBlob(it.reference, "base", sha256("base")), false);
    it.registry.fault({ match: /^GET .*manifests/, kind: "redirect", to: `${it.stranger.origin}/there-and-back` });
    await assert.rejects(it.client.manifest(it.reference), failsWith("REGISTRY", /answered 401/));
    const led = it.registry.requests.filter(({ path }) => path.includes(sha256(LAYER).slice(7)));
    assert.deepEqual(
      led.map(({ method, headers, status }) => `${method} ${headers["authorization"]} ${status}`),
      ["PUT undefined 401", "DELETE undefined 401", "GET undefined 401"],
    );
    assertKept(it);
  });

  it("must not have the next page", async () => {
    await using it = await strangerBench({ auth: "basic", manners: "basic" });
    it.registry.fault({ match: /tags\/list\?n=1000/, kind: "headers", headers: { link: `<${it.stranger.origin}/more>; rel="next"` } });
    await it.client.hasBlob(it.reference, sha256("x"));
    await assert.rejects(it.client.tags(it.reference), failsWith("REGISTRY", /has its next page on/));
    assert.deepEqual(it.stranger.heard, []);
  });
});

describe("R1: changes of the scheme", () => {
  it("from https to http are refused for every call", async () => {
    await using it = await strangerBench({ auth: "basic", tls: true });
    for (const { name, match, run, otherwise } of CALLS) {
      it.registry.fault({ match, kind: "redirect", to: `${it.stranger.origin}/plain` });
      if (otherwise === undefined)
        await assert.rejects(run(it.client, it.reference), failsWith("REGISTRY", /from https to plain http/), name);
      else assert.equal(await run(it.client, it.reference), otherwise, name);
    }
    it.registry.fault({ match: /^POST .*uploads/, kind: "headers", headers: { location: `${it.stranger.origin}/upload` } });
    await assert.rejects(upload(it.client, it.reference), failsWith("REGISTRY", /from https to plain http/));
    assert.deepEqual(it.stranger.heard, []);
  });

  it("from http to https are another origin: followed, without credentials", async () => {
    await using it = await strangerBench({ auth: "basic" });
    await it.client.hasBlob(it.reference, sha256("x"));
    it.registry.fault({ match: /^GET .*manifests/, kind: "redirect", to: `${it.stranger.secureOrigin}/up` });
    // Nobody has vouched for its certificate.
    await assert.rejects(it.client.manifest(it.reference), failsWith("REGISTRY_UNREACHABLE", /certificate/));
    assert.deepEqual(it.stranger.heard, []);
  });
});
