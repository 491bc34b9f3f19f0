/** F4: attestations where the other side cannot hold them: registries that refuse an index with them, and `decant pull`, which brings one image. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { copyImage, inspectImage, isDecantError, pullImage, pushImage } from "../../src/index.ts";
import { workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";

const DOCKERFILE = "FROM scratch\nCOPY a /a\n";

/** What a registry does not take, by a text of its manifests. */
const NO_ARTIFACTS = /vnd.oci.empty/;
const NO_ATTESTATIONS = /vnd.docker.reference.type|vnd.oci.empty|in-toto/;

describe("F4: a registry that refuses attestations", () => {
  for (const [name, refuses, platforms, wanted] of [
    [
      "as artifacts gets them as images",
      NO_ARTIFACTS,
      ["linux/amd64"],
      { kind: "index", warns: /^Attestations go as images of an unknown platform: cannot push/ },
    ],
    [
      "gets the image",
      NO_ATTESTATIONS,
      ["linux/amd64"],
      { kind: "manifest", warns: /^Attestations stay behind: cannot push .* answered 400 \(MANIFEST_INVALID/ },
    ],
    [
      "gets the index of several images",
      NO_ATTESTATIONS,
      ["linux/amd64", "linux/arm64"],
      { kind: "index", warns: /^Attestations stay behind/ },
    ],
  ] as const)
    for (const type of ["registry", "image", "decant push"] as const)
      it(`${name}, which is said once: ${type}`, async () => {
        using shop = workshop();
        shop.write({ a: "a" });
        await using old = await startFakeRegistry({ refusesManifest: refuses });
        await using newer = await startFakeRegistry();
        const names = [`${newer.host}/app:v1`, `${old.host}/app:v1`];
        const output = type === "registry" ? ({ type, names } as const) : ({ type: "image", names, push: type === "image" } as const);
        const built = await shop.build(DOCKERFILE, { outputs: [output], provenance: { mode: "min" }, platforms: [...platforms] });
        let { events } = built;
        let digest = built.result.outputs[0]?.descriptor?.digest;
        if (type === "decant push") {
          await using push = pushImage({ root: shop.root, env: {}, image: names[1] ?? "" });
          events = await Array.fromAsync(push);
          ({ digest } = await push.result);
        }
        const warnings = events.flatMap((event) => (event.type === "warning" ? [event] : []));
        assert.deepEqual(
          warnings.map(({ code }) => code),
          ["AttestationsRefused"],
        );
        assert.match(warnings[0]?.message ?? "", wanted.warns);
        // One output has one digest, wherever it goes.
        for (const registry of type === "decant push" ? [old] : [old, newer]) {
          const tagged = registry.manifest("app", "v1") ?? assert.fail("nothing was pushed");
          assert.deepEqual(registry.manifest("app", digest ?? ""), tagged);
        }
        const { mediaType } = old.manifest("app", "v1") ?? assert.fail("nothing was pushed");
        assert.match(mediaType, wanted.kind === "index" ? /index/ : /manifest/);
        const plain = await shop.build(DOCKERFILE, {
          outputs: [{ type: "registry", names: [names[0] ?? ""], attestations: false }],
          platforms: [...platforms],
        });
        if (refuses === NO_ATTESTATIONS && type !== "decant push") assert.equal(plain.result.outputs[0]?.descriptor?.digest, digest);
      });

  it("is an error where they are demanded", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry({ refusesManifest: NO_ATTESTATIONS });
    const outputs = [{ type: "registry", names: [`${registry.host}/app:v1`], attestations: true }] as const;
    await assert.rejects(shop.build(DOCKERFILE, { outputs, provenance: { mode: "min" } }), (error) => {
      assert.ok(isDecantError(error, "REGISTRY"), String(error));
      assert.match(error.hint ?? "", /attestations=false/);
      return true;
    });
  });

  it("is told from one that refuses the image, wants to know who comes, or does not let the tag move", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    const outputs = [{ type: "registry", names: [`${registry.host}/app:v1`] }] as const;
    for (const [status, code, provenance] of [
      [400, "MANIFEST_INVALID", undefined],
      [403, "DENIED", { mode: "min" }],
      [400, "TAG_INVALID", { mode: "min" }],
    ] as const) {
      const body = JSON.stringify({ errors: [{ code, message: "no" }] });
      registry.fault({ match: /PUT .*manifests/, kind: "status", status, body, times: 1 });
      await assert.rejects(shop.build(DOCKERFILE, { outputs, provenance }), (error) => {
        assert.ok(isDecantError(error), String(error));
        assert.doesNotMatch(error.hint ?? "", /attestations=false/);
        return true;
      });
    }
  });
});

describe("F127: a registry whose tags do not move", () => {
  const body = JSON.stringify({ errors: [{ code: "TAG_INVALID", message: "The image tag is immutable" }] });
  it("takes again what the tag stands for, and nothing else", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    const push = () => shop.build(DOCKERFILE, { outputs: [{ type: "registry", names: [`${registry.host}/app:v1`] }] });
    await push();
    registry.fault({ match: /PUT .*manifests/, kind: "status", status: 400, body, times: 2 });
    await push();
    shop.write({ a: "other" });
    await assert.rejects(push(), (error) => isDecantError(error, "REGISTRY") && /does not let this tag move/.test(error.hint ?? ""));
  });
});

describe("F4: decant pull", () => {
  for (const [form, ociArtifact] of [
    ["artifacts", true],
    ["images of an unknown platform", false],
  ] as const)
    for (const platforms of [["linux/amd64"], ["linux/amd64", "linux/arm64"]])
      it(`keeps attestations that are ${form}, of ${platforms.length} platforms, and gives them again`, async () => {
        using shop = workshop();
        shop.write({ a: "a" });
        await using registry = await startFakeRegistry();
        const image = `${registry.host}/app:v1`;
        const outputs = [{ type: "registry", names: [image], ociArtifact }] as const;
        const { result } = await shop.build(DOCKERFILE, { outputs, provenance: { mode: "min" }, platforms });
        const digest = result.outputs[0]?.descriptor?.digest;
        const root = join(shop.folder, "other");
        const options = { root, env: {} };
        await using pull = pullImage({ image, platform: "linux/amd64", ...options });
        assert.deepEqual(
          (await Array.fromAsync(pull)).filter((event) => event.type === "warning"),
          [],
        );
        const asked = { image, platform: "linux/amd64", ...options };
        const { attestations, index } = await inspectImage(asked);
        assert.deepEqual(attestations, ["https://slsa.dev/provenance/v1"]);
        assert.deepEqual(
          index?.images.map((one) => [one.platform, one.attestations.length]),
          [["linux/amd64", 1]],
        );
        // The index of one image is the registry's own.
        assert.equal(index?.digest === digest, platforms.length === 1);
        await using next = await startFakeRegistry();
        const pushed = await pushImage({ image, name: `${next.host}/app:v2`, ...options }).result;
        assert.equal(pushed.digest, index?.digest);
        for (const destination of ["oci:saved:v1", "docker-archive:saved.tar:app:v1", "store:kept:v1"]) {
          await copyImage({ source: `store:${image}`, destination, cwd: shop.folder, ...options }).result;
          const there = await inspectImage({ ...options, image: destination, platform: "linux/amd64", cwd: shop.folder });
          assert.deepEqual(there.attestations, attestations, destination);
        }
        // All of it is still to be had.
        const copied = await copyImage({ source: `docker://${image}`, destination: "store:all:v1", ...options }).result;
        assert.equal(copied.descriptor.digest, digest);
      });
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
