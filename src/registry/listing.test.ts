import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeRegistry, startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { type Digest, sha256 } from "../digest.ts";
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../oci/index.ts";
import type { RegistryClient } from "./index.ts";

describe("tags()", () => {
  it("follows pages", async () => {
    await using registry = await startFakeRegistry({ pageSize: 2 });
    for (const tag of ["a", "b", "c", "d", "e"]) registry.addImage("team/app", tag, { layers: [] });
    assert.deepEqual(await fakeClient().tags({ registry: registry.host, repository: "team/app" }), ["a", "b", "c", "d", "e"]);
    assert.equal(registry.log().length, 3);
  });

  it("tells that a repository is missing", async () => {
    await using registry = await startFakeRegistry();
    await assert.rejects(fakeClient().tags({ registry: registry.host, repository: "none" }), failsWith("IMAGE_NOT_FOUND", /list tags/));
  });

  it("refuses a next page on another host", async () => {
    await using registry = await startFakeRegistry();
    registry.addImage("a", "v1", { layers: [] });
    registry.fault({ match: /tags/, kind: "headers", headers: { link: '<https://evil.example/x>; rel="next"' } });
    await assert.rejects(
      fakeClient().tags({ registry: registry.host, repository: "a" }),
      failsWith("REGISTRY", /next page on "evil\.example"/),
    );
  });

  it("refuses an answer that is no JSON", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /tags/, kind: "status", status: 200, body: "<html>" });
    await assert.rejects(fakeClient().tags({ registry: registry.host, repository: "a" }), failsWith("REGISTRY", /no JSON/));
  });
});

describe("referrers()", () => {
  for (const referrersApi of [true, false]) {
    it(`finds what was pushed ${referrersApi ? "with the referrers API" : "by the referrers tag"}`, async () => {
      await using registry = await startFakeRegistry({ referrersApi });
      const client = fakeClient();
      const name = { registry: registry.host, repository: "team/app" };
      const subject = registry.addImage("team/app", "v1", { layers: [] });
      const config = registry.addBlob("team/app", Buffer.from("{}"), OCI_EMPTY);
      const pushed: string[] = [];
      for (const artifactType of ["application/x-sbom", "application/x-signature"]) {
        const bytes = Buffer.from(
          JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, artifactType, config, layers: [config], subject }),
        );
        // Twice: a referrer is listed once.
        await client.pushManifest(name, OCI_MANIFEST, bytes);
        pushed.push((await client.pushManifest(name, OCI_MANIFEST, bytes)).digest);
      }
      assert.deepEqual(
        (await client.referrers(name, subject.digest)).map(({ digest }) => digest),
        pushed,
      );
      const signatures = await client.referrers(name, subject.digest, { artifactType: "application/x-signature" });
      assert.deepEqual(
        signatures.map(({ digest }) => digest),
        [pushed[1]],
      );
      assert.equal(registry.manifest("team/app", subject.digest.replace(":", "-")) !== undefined, !referrersApi);
      assert.deepEqual(await client.referrers(name, sha256("nothing")), []);
    });
  }

  for (const status of [400, 404, 405, 406, 501]) {
    it(`F.3: falls back to the referrers tag where the API is answered ${status}`, async () => {
      await using registry = await startFakeRegistry();
      const subject = registry.addImage("a", "v1", { layers: [] });
      const entry = { mediaType: OCI_MANIFEST, digest: sha256("sbom"), size: 4 };
      registry.addManifest("a", subject.digest.replace(":", "-"), OCI_INDEX, {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [entry],
      });
      registry.fault({ match: /referrers/, kind: "status", status });
      assert.deepEqual(await fakeClient().referrers({ registry: registry.host, repository: "a" }, subject.digest), [entry]);
    });
  }

  it("F.3: tells what is no matter of the API: not allowed", async () => {
    await using registry = await startFakeRegistry();
    registry.fault({ match: /referrers/, kind: "status", status: 403 });
    await assert.rejects(fakeClient().referrers({ registry: registry.host, repository: "a" }, sha256("x")), failsWith("REGISTRY_DENIED"));
  });

  /** Pushes referrers of one image, all at once, by these clients in turn. */
  async function pushMany(registry: FakeRegistry, clients: readonly RegistryClient[], count: number): Promise<[Digest, string[]]> {
    const subject = registry.addImage("a", "v1", { layers: [] });
    const config = registry.addBlob("a", Buffer.from("{}"), OCI_EMPTY);
    const pushed = Array.from({ length: count }, async (_, at) => {
      const manifest = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        artifactType: `application/x-${at}`,
        config,
        layers: [config],
        subject,
      };
      const client = clients[at % clients.length] ?? fakeClient();
      const name = { registry: registry.host, repository: "a" };
      return (await client.pushManifest(name, OCI_MANIFEST, Buffer.from(JSON.stringify(manifest)))).digest;
    });
    return [subject.digest, (await Promise.all(pushed)).toSorted()];
  }

  it("F.3: loses none of many that one client pushes at once without the API", async () => {
    await using registry = await startFakeRegistry({ referrersApi: false });
    const client = fakeClient();
    const [subject, pushed] = await pushMany(registry, [client], 6);
    const found = await client.referrers({ registry: registry.host, repository: "a" }, subject);
    assert.deepEqual(found.map(({ digest }) => digest).toSorted(), pushed);
  });

  it("F.3: notices that another client has undone what it noted in the referrers tag", async () => {
    await using registry = await startFakeRegistry({ referrersApi: false });
    const [subject, pushed] = await pushMany(registry, [fakeClient(), fakeClient()], 2);
    const found = await fakeClient().referrers({ registry: registry.host, repository: "a" }, subject);
    assert.deepEqual(found.map(({ digest }) => digest).toSorted(), pushed);
  });
});
