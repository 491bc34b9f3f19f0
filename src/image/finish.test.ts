import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { isDecantError } from "../errors.ts";
import { type CompatibilityVersion, NEWEST } from "../followed.ts";
import { openImageFixture } from "../../test/support/image-fixture.ts";
import { exportLayers } from "./layers.ts";
import { finishedImages, identity } from "./finish.ts";
import type { Attestation, BuiltImage, ImageOptions } from "./types.ts";

const said: Attestation = { predicateType: "https://example.org/said", fileName: "said.json", predicate: () => Promise.resolve({}) };
const inline: Attestation = { ...said, inlineOnly: true };

type Type = "image" | "registry" | "oci" | "docker";

interface Row {
  readonly name: string;
  readonly type: Type;
  readonly output?: ImageOptions;
  readonly image?: Partial<BuiltImage>;
  readonly compatibility?: CompatibilityVersion;
  /** Family of the image, and how its attestations are kept. */
  readonly want: string;
}

/** "oci", "docker", and what is beside it: "+artifact", "+image", "+index". Errors by their code. */
async function formOf({ type, output = {}, image = {}, compatibility = 30 }: Row): Promise<string> {
  await using fixture = await openImageFixture();
  const built = { ...fixture.image, ...image };
  try {
    const layers = await exportLayers(fixture.context(), built, {});
    const made = await finishedImages([{ image: built, layers }], {
      output: { type, ...output },
      names: ["app"],
      followed: { ...NEWEST, compatibility },
    });
    const [image] = made.images;
    const family = image?.manifest.descriptor.mediaType.includes("docker") === true ? "docker" : "oci";
    const about = image?.about?.manifest.manifest;
    if (made.index === undefined) return family;
    return `${family}+${about === undefined ? "index" : about.artifactType === undefined ? "image" : "artifact"}`;
  } catch (error) {
    if (isDecantError(error)) return error.code;
    throw error;
  }
}

describe("finishedImages() has the form that BuildKit gives an output", () => {
  const rows: readonly Row[] = [
    { name: "docker archives are OCI", type: "docker", want: "oci" },
    { name: "unless told otherwise", type: "docker", output: { ociMediaTypes: false }, want: "docker" },
    { name: "OCI layouts may have Docker's types", type: "oci", output: { ociMediaTypes: false }, want: "docker" },
    { name: "pushed images are OCI", type: "registry", want: "oci" },
    { name: "docker archives of compatibility-version 20", type: "docker", compatibility: 20, want: "docker" },
    { name: "pushed images of compatibility-version 20", type: "registry", compatibility: 20, want: "docker" },
    { name: "the same, told otherwise", type: "registry", output: { ociMediaTypes: true }, compatibility: 20, want: "oci" },
    { name: "OCI layouts of compatibility-version 10", type: "oci", compatibility: 10, want: "oci" },
    { name: "attestations are artifacts", type: "registry", image: { attestations: [said] }, want: "oci+artifact" },
    { name: "in docker archives, too", type: "docker", image: { attestations: [said] }, want: "oci+artifact" },
    { name: "unless told otherwise", type: "oci", image: { attestations: [said] }, output: { ociArtifact: false }, want: "oci+image" },
    { name: "of compatibility-version 20", type: "image", image: { attestations: [said] }, compatibility: 20, want: "oci+image" },
    {
      name: "the same, told otherwise",
      type: "image",
      image: { attestations: [said] },
      output: { ociArtifact: true },
      compatibility: 20,
      want: "oci+artifact",
    },
    {
      name: "Docker's types have no place for them",
      type: "oci",
      image: { attestations: [said] },
      output: { ociMediaTypes: false },
      want: "USAGE",
    },
    { name: "nor for artifacts", type: "oci", output: { ociMediaTypes: false, ociArtifact: true }, want: "USAGE" },
    {
      name: "an index of which nothing is said has no empty attestation manifest",
      type: "oci",
      image: { inIndex: true, attestations: [] },
      want: "oci+index",
    },
    { name: "inline-only is attached to images", type: "image", image: { attestations: [inline] }, want: "oci+artifact" },
    { name: "and not to archives", type: "oci", image: { attestations: [inline] }, want: "oci" },
    { name: "but where there is an index", type: "oci", image: { attestations: [said, inline] }, want: "oci+artifact" },
    {
      name: "or where it is told so",
      type: "oci",
      image: { attestations: [inline] },
      output: { attestationInline: true },
      want: "oci+artifact",
    },
    { name: "not even to images", type: "image", image: { attestations: [inline] }, output: { attestationInline: false }, want: "oci" },
  ];
  for (const row of rows) it(`L6, L8, L9: type=${row.type}: ${row.name}`, async () => assert.equal(await formOf(row), row.want));
});

test("L6: the image ID is the configuration's digest, with attestations that of the index, or the manifest's where it is preferred", async () => {
  await using fixture = await openImageFixture();
  const layers = await exportLayers(fixture.context(), fixture.image, {});
  const options = { output: { type: "oci" as const }, names: [], followed: undefined };
  const plain = await finishedImages([{ image: fixture.image, layers }], options);
  assert.deepEqual(identity(plain, {}).imageId, plain.images[0]?.config.descriptor.digest);
  assert.deepEqual(identity(plain, { preferImageDigest: true }).imageId, plain.images[0]?.manifest.descriptor.digest);
  const attested = await finishedImages([{ image: { ...fixture.image, attestations: [said] }, layers }], options);
  assert.deepEqual(identity(attested, {}), { descriptor: attested.descriptor, imageId: attested.index?.descriptor.digest });
});

test("L6: layers whose times were rewritten say so, those of the base and of Docker's types do not", async () => {
  await using fixture = await openImageFixture();
  const [base, own] = fixture.image.layers;
  assert.ok(base !== undefined && own !== undefined);
  const image = {
    ...fixture.image,
    layers: [base, { ...own, created: "2026-01-01T00:00:00Z" }],
    epochSec: 1_600_000_000,
    areTimesRewritten: true,
  };
  const layers = await exportLayers(fixture.context(), image, {});
  const annotations = async (ociMediaTypes: boolean): Promise<unknown> => {
    const made = await finishedImages([{ image, layers }], { output: { type: "oci", ociMediaTypes }, names: [], followed: undefined });
    return made.images[0]?.manifest.manifest.layers.map((layer) => layer.annotations);
  };
  assert.deepEqual(await annotations(true), [undefined, { "buildkit/rewritten-timestamp": "1600000000" }]);
  assert.deepEqual(await annotations(false), [undefined, undefined]);
});
