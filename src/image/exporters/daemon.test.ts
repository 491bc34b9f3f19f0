import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { startFakeDaemon } from "../../../test/support/fake-daemon.ts";
import { type ImageFixture, item, openImageFixture } from "../../../test/support/image-fixture.ts";
import { isDecantError } from "../../errors.ts";
import { layerSource, writeLayer } from "../../tree/index.ts";
import { exportImage } from "../export.ts";
import type { BuiltImage, DockerOutput, ExportResult } from "../types.ts";

const NAME = "docker.io/library/app:1";

/** The fixture's image with one more layer. */
async function grown({ store, image }: ImageFixture): Promise<BuiltImage> {
  const layer = await writeLayer(store, [item("more", "file", { text: "more" })]);
  const history = [...image.history, { created_by: "COPY more /more" }];
  return { ...image, history, layers: [...image.layers, layerSource(layer)] };
}

function load(fixture: ImageFixture, image: BuiltImage, address: string, more: Partial<DockerOutput> = {}): Promise<ExportResult> {
  const output: DockerOutput = { type: "docker", names: ["app:1"], ...more };
  return exportImage([image], output, fixture.context({ env: { DOCKER_HOST: address } }));
}

for (const kind of ["graphdriver", "containerd", "podman"] as const) {
  describe(`F.2: --load into a daemon with layers as ${kind}`, () => {
    it("sends all of an image that is new, then nothing but a name, then the one layer that is new", async () => {
      await using fixture = await openImageFixture();
      await using daemon = await startFakeDaemon(fixture.dir, kind);
      const first = await load(fixture, fixture.image, daemon.address, { names: ["app:1", "app:0"] });
      assert.equal(first.daemon, `${kind === "podman" ? "Podman" : "Docker"} (${daemon.address})`);
      assert.deepEqual([...(daemon.images[0]?.names ?? [])], [NAME, "docker.io/library/app:0"]);
      assert.equal(daemon.archives[0]?.length, 4, "configuration, manifest and two layers");
      daemon.log();

      await load(fixture, fixture.image, daemon.address, { names: ["app:1", "app:2"] });
      assert.deepEqual([...(daemon.images[0]?.names ?? [])], [NAME, "docker.io/library/app:0", "docker.io/library/app:2"]);
      assert.deepEqual(daemon.archives.length, 1);
      assert.deepEqual(
        daemon.log().filter((line) => line.startsWith("POST")),
        [`POST /images/${daemon.images[0]?.id}/tag`],
      );

      await load(fixture, await grown(fixture), daemon.address);
      assert.equal(daemon.archives[1]?.length, 3, "configuration, manifest and one layer");
      assert.equal(daemon.images.length, 2);
    });

    it("sends the whole image after all when the daemon lost what it lists", async () => {
      await using fixture = await openImageFixture();
      await using daemon = await startFakeDaemon(fixture.dir, kind);
      await load(fixture, fixture.image, daemon.address);
      daemon.loseLayers();
      await load(fixture, await grown(fixture), daemon.address);
      assert.deepEqual(
        daemon.archives.map(({ length }) => length),
        [4, 3, 5],
      );
      assert.equal(daemon.images.at(-1)?.diffIds.length, 3);
    });
  });
}

test("F.2: of an index the daemon gets this machine's platform, which is said, and no attestations", async () => {
  await using fixture = await openImageFixture();
  await using daemon = await startFakeDaemon(fixture.dir, "graphdriver");
  const said = { predicateType: "x", fileName: "x.json", predicate: async () => ({}) };
  const host = process.arch === "x64" ? "amd64" : "arm64";
  const other = process.arch === "x64" ? "arm64" : "amd64";
  const images = [other, host].map((architecture) => ({
    ...fixture.image,
    platform: { os: "linux", architecture },
    inIndex: true,
    attestations: [said],
  }));
  await exportImage(images, { type: "docker", names: ["app:1"] }, fixture.context({ env: { DOCKER_HOST: daemon.address } }));
  const warnings = fixture.events.flatMap((event) => (event.type === "warning" ? [`${event.code}: ${event.message}`] : []));
  assert.deepEqual(warnings, [
    `OnePlatformLoaded: Docker gets the image for linux/${host} only, and not the index of 2 platforms`,
    "AttestationsNotLoaded: Docker gets the image without its attestations: it keeps images alone",
  ]);
});

test("F4: Docker's containerd store keeps attestations, and an image that it has is sent no more", async () => {
  await using fixture = await openImageFixture();
  await using daemon = await startFakeDaemon(fixture.dir, "containerd");
  const image = { ...fixture.image, attestations: [{ predicateType: "x", fileName: "x.json", predicate: async () => ({}) }] };
  for (const name of ["app:1", "app:1"]) {
    const loaded = await load(fixture, image, daemon.address, { names: [name] });
    assert.equal(loaded.imageId, loaded.descriptor?.digest);
    assert.equal(daemon.images.at(-1)?.id, loaded.imageId);
  }
  assert.deepEqual(
    fixture.events.filter(({ type }) => type === "warning"),
    [],
  );
  const [archive = [], ...more] = daemon.archives;
  assert.deepEqual(more, []);
  // Configuration, manifest, index, and the statement with its configuration and manifest.
  assert.equal(archive.length, 6 + image.layers.length);
});

test("F.2: a daemon's words are the error when it refuses an archive", async () => {
  await using fixture = await openImageFixture();
  await using daemon = await startFakeDaemon(fixture.dir, "graphdriver");
  const [layer] = fixture.image.layers;
  assert.ok(layer !== undefined);
  const lying: BuiltImage = { ...fixture.image, layers: [layer, layer] };
  // The fake takes this; a daemon that is gone does not.
  await load(fixture, lying, daemon.address);
  await daemon[Symbol.asyncDispose]();
  await assert.rejects(
    load(fixture, lying, daemon.address, { into: "docker" }),
    (error) => isDecantError(error, "EXPORT") && error.message.startsWith("Cannot load the image into Docker: nobody answers at unix:"),
  );
});
