/** F1, F2, F4: all JSON that is written is what the specifications say: every kind of image and every way that writes one, by the official schemas. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, copyImage, createIndex, generateKeyPair, mutateImage, signImage } from "../../src/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { assertDocuments } from "../support/image-schemas.ts";
import { startFakeRegistry } from "../support/registry.ts";

const DOCKERFILE = `FROM scratch
COPY a /a
ENV A=b
EXPOSE 80/tcp
VOLUME /data
LABEL one=1
HEALTHCHECK --interval=5s CMD ["/a"]
STOPSIGNAL SIGTERM
USER 1000
WORKDIR /w
ONBUILD COPY b /b
ENTRYPOINT ["/a"]
SHELL ["/a", "-c"]
`;
const BOTH = ["linux/amd64", "linux/arm64/v8"];
const SAID: Partial<BuildOptions> = { provenance: { mode: "max" }, sbom: {} };

/** What the kinds of documents in a layout are called by. */
const [INDEX, MANIFEST, CONFIG] = ["image-index-schema", "image-manifest-schema", "config-schema"];

async function layoutOf(
  shop: Workshop,
  { outputs = [{}], ...options }: Partial<Omit<BuildOptions, "outputs">> & { outputs?: readonly object[] | undefined },
): Promise<string> {
  shop.write({ a: "a".repeat(5000), b: "b" });
  const dest = join(shop.folder, "layout");
  const [more] = outputs;
  await shop.build(DOCKERFILE, { outputs: [{ type: "oci", dest, tar: false, names: ["app:v1"], ...more }], ...options });
  return dest;
}

/** The kinds of documents, but for `oci-layout`. */
function kindsOf(layout: string): Readonly<Record<string, number>> {
  const { "image-layout-schema": layouts, ...kinds } = assertDocuments(layout);
  assert.equal(layouts, 1);
  return kinds;
}

const rows: readonly {
  readonly name: string;
  readonly options: Parameters<typeof layoutOf>[1];
  readonly kinds: Readonly<Record<string, number>>;
}[] = [
  { name: "one platform", options: {}, kinds: { [INDEX]: 1, [MANIFEST]: 1, [CONFIG]: 1 } },
  { name: "Docker's media types", options: { outputs: [{ ociMediaTypes: false }] }, kinds: { [INDEX]: 1, [MANIFEST]: 1, [CONFIG]: 1 } },
  { name: "zstd", options: { outputs: [{ compression: "zstd" }] }, kinds: { [INDEX]: 1, [MANIFEST]: 1, [CONFIG]: 1 } },
  { name: "estargz", options: { outputs: [{ compression: "estargz" }] }, kinds: { [INDEX]: 1, [MANIFEST]: 1, [CONFIG]: 1 } },
  { name: "two platforms", options: { platforms: BOTH }, kinds: { [INDEX]: 2, [MANIFEST]: 2, [CONFIG]: 2 } },
  {
    name: "two platforms, of Docker's media types",
    options: { platforms: BOTH, outputs: [{ ociMediaTypes: false }] },
    kinds: { [INDEX]: 2, [MANIFEST]: 2, [CONFIG]: 2 },
  },
  {
    name: "annotations of every level",
    options: {
      platforms: BOTH,
      annotations: (["index", "index-descriptor", "manifest", "manifest-descriptor"] as const).map((level) => ({
        level,
        key: "a.b",
        value: level,
      })),
    },
    kinds: { [INDEX]: 2, [MANIFEST]: 2, [CONFIG]: 2 },
  },
  {
    name: "attestations that are artifacts",
    options: { platforms: BOTH, ...SAID },
    kinds: {
      [INDEX]: 2,
      [MANIFEST]: 4,
      [CONFIG]: 2,
      "application/vnd.oci.empty.v1+json": 1,
      "https://slsa.dev/provenance/v1": 2,
      "https://spdx.dev/Document": 2,
    },
  },
  {
    name: "attestations that are images of an unknown platform",
    options: { ...SAID, outputs: [{ ociArtifact: false }] },
    kinds: { [INDEX]: 2, [MANIFEST]: 2, [CONFIG]: 2, "https://slsa.dev/provenance/v1": 1, "https://spdx.dev/Document": 1 },
  },
];

describe("F2: JSON of an image is what the specifications say", { concurrency: 2 }, () => {
  for (const { name, options, kinds } of rows) {
    it(name, async () => {
      using shop = workshop();
      assert.deepEqual(kindsOf(await layoutOf(shop, options)), kinds);
    });
  }

  it("archives have the same documents, and docker's manifest.json", async () => {
    using shop = workshop();
    for (const type of ["oci", "docker"]) {
      const dest = join(shop.folder, `${type}.tar`);
      await layoutOf(shop, { outputs: [{ type, dest, tar: true }] });
      const folder = join(shop.folder, type);
      mkdirSync(folder);
      execFileSync("tar", ["-xf", dest, "-C", folder]);
      assert.deepEqual(kindsOf(folder), { [INDEX]: 1, [MANIFEST]: 1, [CONFIG]: 1, ...(type === "docker" ? { "manifest.json": 1 } : {}) });
    }
  });

  it("an image without layers: the schema wants a list, and BuildKit's digest of it null", async () => {
    using shop = workshop();
    const dest = join(shop.folder, "layout");
    await shop.build("FROM scratch\nLABEL a=b\n", { outputs: [{ type: "oci", dest, tar: false, names: [] }] });
    assert.throws(() => assertDocuments(dest), /"instancePath": "\/layers",.*"must be array"/s);
  });
});

describe("F4, F5: JSON of what is made of images is what the specifications say", () => {
  it("signatures and the list of referrers, copied with the image", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const image = `${registry.host}/team/app:v1`;
    shop.write({ a: "a" });
    await shop.build(DOCKERFILE, { outputs: [{ type: "registry", names: [image] }] });
    const pair = await generateKeyPair({ password: "" });
    writeFileSync(join(shop.folder, "cosign.key"), pair.privateKey);
    const env = { COSIGN_PASSWORD: "" };
    await signImage({ root: shop.root, env, image: `docker://${image}`, key: "cosign.key", cwd: shop.folder }).result;
    const dest = join(shop.folder, "copy");
    await copyImage({ root: shop.root, env: {}, source: `docker://${image}`, destination: `oci:${dest}` }).result;
    const kinds = kindsOf(dest);
    assert.deepEqual(kinds, {
      [INDEX]: 1,
      [MANIFEST]: 2,
      [CONFIG]: 1,
      "application/vnd.oci.empty.v1+json": 1,
      "application/vnd.dev.sigstore.bundle.v0.3+json": 1,
    });
  });

  it("caches, indexes of images, and images with another configuration", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    const cache = join(shop.folder, "cache");
    await shop.build(DOCKERFILE, { tags: ["app:1"], cacheTo: [{ type: "local", dest: cache, mode: "max" }] });
    const { [MANIFEST]: manifests = 0, [INDEX]: indexes = 0 } = kindsOf(cache);
    assert.ok(manifests + indexes >= 2);
    const { root } = shop;
    await mutateImage({ root, env: {}, image: "app:1", tags: ["app:2"], changes: { labels: { two: "2" } } }).result;
    await createIndex({ root, env: {}, name: "app:all", images: ["app:1"], annotations: { a: "b" } });
    for (const name of ["app:2", "app:all"]) {
      const dest = join(shop.folder, name.replace(":", "-"));
      await copyImage({ root, env: {}, source: `store:${name}`, destination: `oci:${dest}` }).result;
      assert.equal(kindsOf(dest)[MANIFEST], 1);
    }
  });
});
