/** F5: commands for images on names of the store, references of registries, layouts and archives; those of a registry without its layers. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { sha256 } from "../../src/digest.ts";
import {
  annotateIndex,
  copyImage,
  createIndex,
  exportFiles,
  inspectImage,
  listFiles,
  removeImages,
  saveImages,
  tagImage,
} from "../../src/index.ts";
import { OCI_INDEX } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-places-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;
/** A store of its own for each test. */
const ownStore = () => ({ root: join(folder, `store-${(stores += 1)}`), env: {} });

/** Two images, and an index of both; gives the layers' digests. */
function fill(registry: FakeRegistry): readonly string[] {
  const images = ["amd64", "arm64"].map((architecture) => {
    const layers = [tarOf([{ path: "arch", content: architecture }])];
    return { ...registry.addImage("app", architecture, { layers, config: { architecture, os: "linux" } }), architecture };
  });
  const manifests = images.map(({ architecture, ...image }) => ({ ...image, platform: { os: "linux", architecture } }));
  registry.addManifest("app", "both", OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  return images.map(({ digest }) => {
    const { layers } = JSON.parse(registry.manifest("app", digest)?.bytes.toString() ?? "{}") as { layers: { digest: string }[] };
    return layers[0]?.digest ?? assert.fail("an image without layers");
  });
}

/** Requests that read a layer. */
function reads(registry: FakeRegistry, layers: readonly string[]): string[] {
  return registry.log().filter((line) => line.startsWith("GET") && layers.some((layer) => line.includes(layer)));
}

describe("F5: images in every place", () => {
  it("inspect, save, tag and export take registries, layouts and archives", async () => {
    await using registry = await startFakeRegistry();
    fill(registry);
    const remote = `docker://${registry.host}/app:both`;
    const platform = "linux/arm64";
    const first = ownStore();
    await copyImage({ ...first, source: remote, destination: "oci:layout:both", cwd: folder }).result;
    for (const [dest, format] of [
      ["docker.tar", "docker"],
      ["oci.tar", "oci"],
    ] as const)
      await saveImages({ ...ownStore(), images: [remote], dest, format, cwd: folder }).result;
    for (const image of [remote, "oci:layout:both", "oci:layout", "oci:oci.tar", "docker-archive:docker.tar"]) {
      const options = { ...ownStore(), cwd: folder };
      const details = await inspectImage({ ...options, image, platform });
      assert.deepEqual([details.platform, details.index?.images.map((one) => one.platform)], [platform, ["linux/amd64", platform]], image);
      assert.equal(details.contents?.files, image === remote ? undefined : 1, image);
      const { path = "" } = await exportFiles({ ...options, image, platform, dest: "files.tar" }).result;
      assert.ok(statSync(path).size > 0);
      const [name = ""] = await tagImage({ ...options, image, names: ["named:1"] });
      assert.equal(name, "docker.io/library/named:1");
      const [file] = await listFiles({ ...options, image: name, platform }).result;
      assert.deepEqual([file?.path, file?.sizeBytes], ["/arch", "arm64".length]);
    }
  });

  it("index create, index annotate and tag at a registry move no layer", async () => {
    await using registry = await startFakeRegistry();
    const layers = fill(registry);
    const options = ownStore();
    const at = (name: string): string => `docker://${registry.host}/${name}`;
    const made = await createIndex({ ...options, name: at("app:made"), images: [at("app:amd64"), at("app:arm64")] });
    assert.deepEqual(made.platforms, ["linux/amd64", "linux/arm64"]);
    const other = await createIndex({ ...options, name: at("other:made"), images: [at("app:made")] });
    assert.equal(registry.manifest("other", "made")?.bytes.length, other.descriptor.size);
    const said = await annotateIndex({ ...options, name: at("app:made"), annotations: { tested: "yes" }, platform: "linux/arm64" });
    assert.match(registry.manifest("app", "made")?.bytes.toString() ?? "", /"tested": "yes"/);
    assert.notEqual(said.descriptor.digest, made.descriptor.digest);
    await tagImage({ ...options, image: at("app:made"), names: [at("app:stable")] });
    assert.deepEqual(registry.manifest("app", "stable"), registry.manifest("app", "made"));
    assert.deepEqual(reads(registry, layers), []);
  });

  it("index annotate changes the index of a layout, and not that of an archive", async () => {
    await using registry = await startFakeRegistry();
    fill(registry);
    const options = { ...ownStore(), cwd: folder };
    const annotations = { tested: "yes" };
    await copyImage({ ...options, source: `docker://${registry.host}/app:both`, destination: "oci:own:1" }).result;
    await annotateIndex({ ...options, name: "oci:own:1", annotations });
    assert.deepEqual((await inspectImage({ ...options, image: "oci:own:1" })).index?.annotations, annotations);
    await copyImage({ ...options, source: "oci:own:1", destination: "oci:own.tar:1" }).result;
    await assert.rejects(annotateIndex({ ...options, name: "oci:own.tar", annotations }), /an archive is written once/);
  });

  it("a tag of a layout that names no repository stays a tag", async () => {
    await using registry = await startFakeRegistry();
    fill(registry);
    const options = { ...ownStore(), cwd: folder };
    const source = `docker://${registry.host}/app@${sha256(registry.manifest("app", "both")?.bytes ?? Buffer.alloc(0))}`;
    await copyImage({ ...options, source, destination: "oci:bare:v7" }).result;
    assert.equal((await inspectImage({ ...options, image: "oci:bare:v7" })).index?.images.length, 2);
  });

  it("names of the store alone are asked for where docker does so, and the rest is told", async () => {
    await using registry = await startFakeRegistry();
    fill(registry);
    const options = ownStore();
    const image = `${registry.host}/app:both`;
    await assert.rejects(inspectImage({ ...options, image }), /in the local store/);
    await assert.rejects(tagImage({ ...options, image, names: ["a:1"] }), /in the local store/);
    assert.deepEqual(registry.log(), []);
    await assert.rejects(removeImages({ ...options, images: [`docker://${image}`] }), /Removing ".*" from its registry is not supported/);
    await assert.rejects(tagImage({ ...options, image: `docker://${image}`, names: ["oci:x"] }), /it is a file or a folder/);
  });
});
