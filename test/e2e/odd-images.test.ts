/** R5: base images as others make them build as BuildKit builds them (seen with BuildKit 0.32.2), and the result is valid. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { sha256 } from "../../src/digest.ts";
import { isDecantError } from "../../src/errors.ts";
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { type JsonObject, validateImage, type ValidatedImage } from "../support/validate-image.ts";

type Fields = Readonly<Record<string, unknown>>;
type Change = (manifest: { readonly config: Fields; readonly layers: readonly Fields[] } & Fields) => Fields;

interface Odd {
  /** Of the configuration file, besides what must be there. */
  readonly document?: Fields;
  readonly config?: Fields;
  /** Default: one. */
  readonly layers?: readonly Buffer[];
  readonly change?: Change;
  /** What the registry calls the manifest. */
  readonly contentType?: string;
}

const BASE = tarOf([{ path: "base", content: "base\n" }]);

/** Builds on the image, and gives what came out. */
async function builtOn(
  { document, config = {}, layers = [BASE], change, contentType = OCI_MANIFEST }: Odd,
  platform = "linux/amd64",
): Promise<ValidatedImage> {
  await using registry = await startFakeRegistry();
  const blobs = layers.map((layer) => registry.addBlob("odd", layer, OCI_LAYER));
  const history = layers.map((_, at) => ({ created: "2020-01-01T00:00:00Z", created_by: `layer ${at}` }));
  const rootfs = { type: "layers", diff_ids: layers.map((layer) => sha256(layer)) };
  const text = JSON.stringify({ architecture: "amd64", os: "linux", config, rootfs, history, ...document });
  const plain = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { ...registry.addBlob("odd", Buffer.from(text), OCI_CONFIG) },
    layers: blobs.map((blob) => ({ ...blob })),
  };
  registry.addManifest("odd", "latest", contentType, change === undefined ? plain : change(plain));
  using shop = workshop();
  shop.write({ f: "f" });
  const dest = join(shop.folder, "out");
  const outputs = [{ type: "oci", dest, tar: false, names: [], compression: "uncompressed" }] as const;
  await shop.build(`FROM ${registry.host}/odd\nCOPY f /f\nLABEL z=y`, { outputs, platforms: [platform] });
  return validateImage(dest);
}

function configOf(image: ValidatedImage): JsonObject {
  const { Env: _path, ...rest } = Object.fromEntries(Object.entries(image.config["config"] ?? {}));
  return rest;
}

const withSizes =
  (size: unknown): Change =>
  ({ layers, config, ...rest }) => ({
    ...rest,
    config: { ...config, size: typeof size === "function" ? size(config["size"]) : size },
    layers: layers.map((layer) => ({ ...layer, size: typeof size === "function" ? size(layer["size"]) : size })),
  });

describe("a build on an odd image", () => {
  const rows: readonly (Odd & { readonly name: string; readonly layersOut?: number; readonly want?: Fields })[] = [
    {
      name: "layers: null",
      layers: [],
      change: (manifest) => ({ ...manifest, layers: null }),
      document: { rootfs: { type: "layers", diff_ids: null } },
      layersOut: 1,
    },
    {
      name: "no layers, no history",
      layers: [],
      change: (manifest) => ({ ...manifest, layers: undefined }),
      document: { rootfs: {}, history: null },
      layersOut: 1,
    },
    {
      name: "null among ports, volumes and labels",
      config: { ExposedPorts: { "80/tcp": null }, Volumes: { "/v": null }, Labels: { a: null, b: "x" } },
      want: { ExposedPorts: { "80/tcp": {} }, Volumes: { "/v": {} }, Labels: { a: "", b: "x", z: "y" } },
    },
    { name: "null in a command", config: { Cmd: ["x", null], Entrypoint: null }, want: { Cmd: ["x", ""], Labels: { z: "y" } } },
    {
      name: "null annotations",
      change: (manifest) => ({
        ...manifest,
        annotations: null,
        layers: manifest.layers.map((layer) => ({ ...layer, annotations: { a: null } })),
      }),
    },
    { name: "a null entry of history", document: { history: [null] } },
    { name: "rootfs without type", document: { rootfs: { diff_ids: [sha256(BASE)] } } },
    { name: "rootfs of another type", document: { rootfs: { type: "layer", diff_ids: [sha256(BASE)] } } },
    { name: "no config", document: { config: undefined } },
    { name: "sizes that are missing", change: withSizes(undefined) },
    { name: "sizes of 0", change: withSizes(0) },
    { name: "negative sizes", change: withSizes(-1) },
    { name: "sizes that are too small", change: withSizes((size: number) => size - 5) },
    { name: "sizes that are too large", change: withSizes((size: number) => size + 5) },
    {
      name: "a configuration of Docker's type in an OCI manifest",
      change: (manifest) => ({ ...manifest, config: { ...manifest.config, mediaType: DOCKER_CONFIG } }),
    },
    {
      name: "OCI parts in Docker's manifest",
      change: (manifest) => ({ ...manifest, mediaType: DOCKER_MANIFEST }),
      contentType: DOCKER_MANIFEST,
    },
    { name: "a manifest that the registry calls Docker's", contentType: DOCKER_MANIFEST },
    {
      name: "a layer without media type",
      change: (manifest) => ({ ...manifest, layers: manifest.layers.map((layer) => ({ ...layer, mediaType: "" })) }),
    },
    {
      name: "history shorter than the layers",
      layers: [BASE, tarOf([{ path: "more", content: "more\n" }])],
      document: { history: [{ created_by: "one" }] },
      layersOut: 3,
    },
    { name: "history longer than the layers", document: { history: [{ created_by: "1" }, { created_by: "2" }, { created_by: "3" }] } },
    { name: "variables without =", config: { Env: ["A", "B=", "", "=x"] } },
  ];
  for (const { name, layersOut = 2, want = { Labels: { z: "y" } }, ...odd } of rows) {
    it(`R5: ${name}`, async () => {
      const image = await builtOn(odd);
      assert.deepEqual(image.problems, []);
      const { WorkingDir: _, ...config } = configOf(image);
      assert.deepEqual([image.layers.length, config], [layersOut, want]);
    });
  }

  for (const [architecture, variant, platform, want] of [
    ["x86_64", undefined, "linux/amd64", "amd64"],
    ["aarch64", undefined, "linux/arm64", "arm64"],
    ["arm64", "v8", "linux/arm64", "arm64"],
    ["arm64", "v8", "linux/arm64/v8", "arm64"],
  ] as const) {
    it(`R5: architecture ${architecture} ${variant ?? ""} on ${platform}`, async () => {
      const { problems, config, index } = await builtOn(
        { document: { architecture, ...(variant === undefined ? {} : { variant }) } },
        platform,
      );
      assert.deepEqual(problems, []);
      assert.deepEqual([config["architecture"], config["variant"]], [want, undefined]);
      assert.match(JSON.stringify(index), new RegExp(`"platform":\\{"architecture":"${want}","os":"linux"\\}`));
    });
  }

  for (const [name, document] of [
    ["a time that is none", { created: "yesterday" }],
    ["a time of history that is none", { history: [{ created: "x", created_by: "x" }] }],
    ["labels that are a list", { config: { Labels: [] } }],
    ["a label that is a number", { config: { Labels: { a: 1 } } }],
    ["fewer diffIds than layers", { rootfs: { type: "layers", diff_ids: [] } }],
  ] as const) {
    it(`R5: BuildKit refuses ${name}, too`, async () => {
      await assert.rejects(builtOn({ document }), (error) => isDecantError(error, "MANIFEST"));
    });
  }
});

test("R5: sparse files of PAX and GNU archives keep their holes and what is between them", async () => {
  for (const format of ["pax", "gnu"]) {
    await using registry = await startFakeRegistry();
    using shop = workshop();
    const content = Buffer.alloc(1 << 20);
    content.write("x", 500_000);
    content.write("y", 900_000);
    writeFileSync(join(shop.folder, "s"), content);
    // Zeros in a file are no holes: made anew, it has them.
    execFileSync("cp", ["--sparse=always", join(shop.folder, "s"), join(shop.folder, "holes")]);
    execFileSync("tar", [`--format=${format}`, "--sparse", "-cf", join(shop.folder, "l.tar"), "-C", shop.folder, "holes"]);
    const layer = readFileSync(join(shop.folder, "l.tar"));
    assert.ok(layer.byteLength < 100_000, "the archive has holes");
    registry.addImage("sparse", "latest", { layers: [layer] });
    const dest = join(shop.folder, "out");
    await shop.build(`FROM ${registry.host}/sparse`, { outputs: [{ type: "local", dest }] });
    assert.ok(readFileSync(join(dest, "holes")).equals(content), format);
  }
});
