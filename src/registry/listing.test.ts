import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import { sha256 } from "../digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../oci/index.ts";

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
});
