/** F4: attestations where the other side cannot hold them: registries that refuse an index with them, and `decant pull`, which brings one image. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { copyImage, isDecantError, pullImage } from "../../src/index.ts";
import type { OutputSpec } from "../../src/index.ts";
import { workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";

const DOCKERFILE = "FROM scratch\nCOPY a /a\n";

describe("F4: a registry that refuses an index with attestations", () => {
  for (const [name, match, body] of [
    ["the index", /PUT .*manifests\/v1/, '{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}'],
    ["any manifest of a kind that it does not know", /PUT .*manifests\/sha256/, "unsupported"],
  ] as const) {
    it(`is told with what helps: it refuses ${name}`, async () => {
      using shop = workshop();
      shop.write({ a: "a" });
      await using registry = await startFakeRegistry();
      registry.fault({ match, kind: "status", status: 400, body });
      const output = { type: "registry", names: [`${registry.host}/app:v1`] } as const;
      const build = (outputs: readonly OutputSpec[]) => shop.build(DOCKERFILE, { outputs, provenance: { mode: "min" } });
      await assert.rejects(build([output]), (error) => {
        assert.ok(isDecantError(error, "REGISTRY"), String(error));
        assert.match(error.hint ?? "", /attestations=false/);
        return true;
      });
      await build([{ ...output, attestations: false }]);
      assert.ok(registry.manifest("app", "v1"));
    });
  }

  it("is told as it was where nothing is attested, and where it wants to know who comes", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    registry.fault({ match: /PUT .*manifests/, kind: "status", status: 400, times: 1 });
    registry.fault({ match: /PUT .*manifests/, kind: "status", status: 403, times: 1 });
    const outputs = [{ type: "registry", names: [`${registry.host}/app:v1`] }] as const;
    for (const provenance of [undefined, { mode: "min" } as const])
      await assert.rejects(shop.build(DOCKERFILE, { outputs, provenance }), (error) => {
        assert.ok(isDecantError(error));
        assert.doesNotMatch(error.hint ?? "", /attestations=false/);
        return true;
      });
  });
});

describe("F4: decant pull", () => {
  for (const [name, ociArtifact, wanted] of [
    ["keeps attestations that are artifacts", true, []],
    [
      "says which attestations stay behind that are images of an unknown platform",
      false,
      [/^Signatures or attestations of ".*" stay behind: sha256:[0-9a-f]{64} only the index names, and "decant copy" takes all of it$/],
    ],
  ] as const) {
    it(name, async () => {
      using shop = workshop();
      shop.write({ a: "a" });
      await using registry = await startFakeRegistry();
      const image = `${registry.host}/app:v1`;
      const outputs = [{ type: "registry", names: [image], ociArtifact }] as const;
      const { result } = await shop.build(DOCKERFILE, { outputs, provenance: { mode: "min" } });
      const root = join(shop.folder, "other");
      await using pull = pullImage({ image, root, env: {} });
      const warnings = (await Array.fromAsync(pull)).flatMap((event) => (event.type === "warning" ? [event.message] : []));
      assert.equal(warnings.length, wanted.length, warnings.join("\n"));
      for (const [at, want] of wanted.entries()) assert.match(warnings[at] ?? "", want);
      const copied = await copyImage({ source: `docker://${image}`, destination: "store:kept:v1", root, env: {} }).result;
      assert.equal(copied.descriptor.digest, result.outputs[0]?.descriptor?.digest);
    });
  }
});

describe("F4: attestations of one build", () => {
  it("are the same in every output that has the same name, and so is the index", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    const names = [`${registry.host}/app:v1`];
    const outputs = [
      { type: "registry", names },
      { type: "oci", dest: join(shop.folder, "layout"), tar: false, names },
      { type: "oci", dest: join(shop.folder, "app.tar"), tar: true, names },
    ] as const;
    const { result } = await shop.build(DOCKERFILE, {
      outputs,
      provenance: { mode: "max" },
      sbom: {},
      platforms: ["linux/amd64", "linux/arm64"],
    });
    assert.equal(new Set(result.outputs.map(({ descriptor }) => descriptor?.digest)).size, 1);
  });
});
