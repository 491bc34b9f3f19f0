/** What every output that holds a whole image must do, whatever its form. Each exporter's test gives a way to make a layout of it. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import type { BuiltImage, ExportResult } from "../../src/image/index.ts";
import { type ImageFixture, openImageFixture } from "./image-fixture.ts";
import { validateImage } from "./validate-image.ts";

/** One exporter under test. */
export interface ExporterUnderTest {
  readonly name: string;
  /** Exports, and gives the path of an OCI layout or docker archive with what came out. */
  export(
    fixture: ImageFixture,
    image: BuiltImage,
    options: { readonly signal?: AbortSignal },
  ): Promise<{ result: ExportResult; layout: string }>;
  /** Files that its form adds to layers. Default: none. */
  readonly added?: readonly string[];
  /** Media types of the two layers. */
  readonly layerMediaType: string;
}

/** The tests. */
export function exporterSuite(exporter: ExporterUnderTest): void {
  const { name } = exporter;

  test(`${name} writes an image that is valid from the bytes up`, async () => {
    await using fixture = await openImageFixture();
    const { result, layout } = await exporter.export(fixture, fixture.image, {});
    const image = validateImage(layout);
    assert.deepEqual(image.problems, []);
    assert.equal(result.descriptor?.digest, image.manifestDigest);
    assert.equal(result.configDigest, image.configDigest);
    assert.deepEqual(result.names, ["docker.io/library/app:1"]);
    assert.deepEqual(
      image.layers.map(({ mediaType, entries }) => [
        mediaType,
        ...entries.filter((line) => exporter.added?.some((name) => line.endsWith(` ${name}`)) !== true),
      ]),
      [
        [
          exporter.layerMediaType,
          "dir 0755 0:0 0 bin",
          "file 0755 0:0 8000 bin/sh",
          "dir 0755 0:0 0 etc",
          "file 0644 0:0 6 etc/motd",
          "symlink 0777 0:0 0 etc/name -> motd",
          "hardlink 0644 0:0 0 etc/second -> etc/motd",
          "file 0644 0:0 4 gone",
        ],
        [exporter.layerMediaType, "dir 0750 1000:1000 0 app", "file 4755 1000:1000 4 app/main", "file 0000 0:0 0 .wh.gone"],
      ],
    );
    assert.deepEqual(image.config["config"], fixture.image.config);
    assert.deepEqual(image.config["history"], fixture.image.history);
  });

  test(`${name} gives the same digests again`, async () => {
    await using one = await openImageFixture();
    await using two = await openImageFixture();
    const first = await exporter.export(one, one.image, {});
    const again = await exporter.export(one, one.image, {});
    const elsewhere = await exporter.export(two, two.image, {});
    assert.equal(first.result.descriptor?.digest, again.result.descriptor?.digest);
    assert.equal(first.result.descriptor?.digest, elsewhere.result.descriptor?.digest);
  });

  test(`${name} writes an image without layers`, async () => {
    await using fixture = await openImageFixture();
    const { layout } = await exporter.export(fixture, { ...fixture.image, layers: [], history: [] }, {});
    const image = validateImage(layout);
    assert.deepEqual(image.problems, []);
    assert.deepEqual(image.layers, []);
  });

  test(`${name} writes the same layer twice`, async () => {
    await using fixture = await openImageFixture();
    const layers = fixture.image.layers.slice(0, 1).flatMap((layer) => [layer, layer]);
    const { layout } = await exporter.export(fixture, { ...fixture.image, layers }, {});
    assert.deepEqual(validateImage(layout).problems, []);
  });

  test(`${name} stops with the signal's reason and leaves nothing`, async () => {
    await using fixture = await openImageFixture();
    await assert.rejects(exporter.export(fixture, fixture.image, { signal: AbortSignal.abort("enough") }), (error) => error === "enough");
    assert.deepEqual(
      (await readdir(fixture.dir)).filter((file) => file !== "store"),
      [],
    );
  });
}
