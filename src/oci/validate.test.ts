import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from "./media-types.ts";
import { MAX_MANIFEST_BYTES, parseImageConfig, parseIndex, parseManifest, parseManifestOrIndex } from "./validate.ts";

const DESCRIPTOR = { mediaType: OCI_LAYER_GZIP, digest: sha256("layer"), size: 5 };
const MANIFEST = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: OCI_CONFIG, digest: sha256("c"), size: 1 },
  layers: [DESCRIPTOR],
};
const INDEX = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...DESCRIPTOR, mediaType: OCI_MANIFEST }] };
const CONFIG = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [sha256("diff")] } };

function refuses(parse: () => unknown, message: RegExp): void {
  assert.throws(parse, (error) => {
    assert.ok(isDecantError(error, "MANIFEST"), String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe("parseManifest()", () => {
  it("takes bytes, text and values alike", () => {
    const json = JSON.stringify(MANIFEST);
    assert.deepEqual(parseManifest(Buffer.from(json)), MANIFEST);
    assert.deepEqual(parseManifest(json), MANIFEST);
    assert.deepEqual(parseManifest(MANIFEST), MANIFEST);
  });

  it("keeps unknown fields, also inside descriptors", () => {
    const odd = { ...MANIFEST, vendor: { a: null }, layers: [{ ...DESCRIPTOR, extra: 1 }] };
    assert.deepEqual(parseManifest(odd), odd);
  });

  it("takes null as absent", () => {
    const parsed = parseManifest({
      ...MANIFEST,
      annotations: null,
      layers: [{ ...DESCRIPTOR, urls: null, platform: { os: "linux", architecture: "arm64", variant: null } }],
    });
    assert.equal("annotations" in parsed, false);
    assert.deepEqual(parsed.layers[0], { ...DESCRIPTOR, platform: { os: "linux", architecture: "arm64" } });
  });

  const rows: readonly { readonly name: string; readonly input: unknown; readonly message: RegExp }[] = [
    { name: "text that is no JSON", input: "{", message: /it is no JSON$/ },
    { name: "bytes that are no UTF-8", input: Buffer.from([0x22, 0xff, 0x22]), message: /it is no JSON$/ },
    {
      name: "X12: what is nested very deep",
      input: `{"schemaVersion":2,"config":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      message: /nested more than 500 deep/,
    },
    { name: "a list", input: [], message: /no JSON object/ },
    { name: "too many bytes", input: Buffer.alloc(MAX_MANIFEST_BYTES + 1, 32), message: /at most 4194304/ },
    { name: "schema 1", input: { schemaVersion: 1, fsLayers: [] }, message: /schema 1/ },
    { name: "an index", input: INDEX, message: /calls itself/ },
    { name: "a document that is both", input: { ...MANIFEST, manifests: [] }, message: /one or the other/ },
    { name: "layers that are no list", input: { ...MANIFEST, layers: {} }, message: /"layers" is wrong/ },
    {
      name: "a size that is no number",
      input: { ...MANIFEST, layers: [{ ...DESCRIPTOR, size: "1" }] },
      message: /"layers\.0\.size" is wrong/,
    },
    { name: "a fraction as size", input: { ...MANIFEST, layers: [{ ...DESCRIPTOR, size: 1.5 }] }, message: /size/ },
    {
      name: "a bad digest",
      input: { ...MANIFEST, layers: [{ ...DESCRIPTOR, digest: "sha256:../../etc" }] },
      message: /"layers\.0\.digest" is wrong: is no digest/,
    },
    { name: "a number as annotation", input: { ...MANIFEST, annotations: { a: 1 } }, message: /annotations\.a/ },
  ];
  for (const { name, input, message } of rows) it(`rejects ${name}`, () => refuses(() => parseManifest(input), message));
});

describe("parseIndex()", () => {
  it("takes an index", () => assert.deepEqual(parseIndex(INDEX), INDEX));
  it("rejects a manifest", () => refuses(() => parseIndex(MANIFEST), /calls itself/));
  it("rejects an index without manifests", () => refuses(() => parseIndex({ schemaVersion: 2 }), /"manifests" is wrong/));
});

describe("parseImageConfig()", () => {
  it("keeps unknown fields and takes null as absent", () => {
    const parsed = parseImageConfig({
      ...CONFIG,
      docker_version: "1",
      moby: { x: null },
      config: { Env: ["A=b"], Cmd: null, OnBuild: null, Labels: null, Volumes: null, Domainname: "", Weird: null },
      history: [{ created_by: "x", comment: null }],
    });
    assert.deepEqual(parsed, {
      ...CONFIG,
      docker_version: "1",
      moby: { x: null },
      config: { Env: ["A=b"], Domainname: "", Weird: null },
      history: [{ created_by: "x" }],
    });
  });

  it("keeps labels with the names of object internals", () => {
    const parsed = parseImageConfig(
      `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":null},"config":{"Labels":{"constructor":"a","__proto__":"b"}}}`,
    );
    assert.deepEqual(Object.entries(parsed.config?.Labels ?? {}), [
      ["constructor", "a"],
      ["__proto__", "b"],
    ]);
    assert.deepEqual(parsed.rootfs.diff_ids, []);
  });

  const rows: readonly { readonly name: string; readonly input: unknown; readonly message: RegExp }[] = [
    { name: "no architecture", input: { ...CONFIG, architecture: undefined }, message: /"architecture" is wrong/ },
    { name: "a bad diffId", input: { ...CONFIG, rootfs: { type: "layers", diff_ids: ["x"] } }, message: /"rootfs\.diff_ids\.0" is wrong/ },
    { name: "an Env that is no list", input: { ...CONFIG, config: { Env: "A=b" } }, message: /"config\.Env" is wrong/ },
    { name: "a port that is no object", input: { ...CONFIG, config: { ExposedPorts: { "80/tcp": 1 } } }, message: /ExposedPorts/ },
  ];
  for (const { name, input, message } of rows) it(`rejects ${name}`, () => refuses(() => parseImageConfig(input), message));
});

describe("parseManifestOrIndex()", () => {
  const rows: readonly { readonly name: string; readonly input: unknown; readonly type?: string; readonly want: string }[] = [
    { name: "believes the document", input: MANIFEST, want: `manifest ${OCI_MANIFEST}` },
    {
      name: "believes the source",
      input: { ...MANIFEST, mediaType: undefined },
      type: DOCKER_MANIFEST,
      want: `manifest ${DOCKER_MANIFEST}`,
    },
    { name: "looks at a document without type", input: { ...INDEX, mediaType: undefined }, want: `index ${OCI_INDEX}` },
    { name: "ignores a general Content-Type", input: INDEX, type: "application/json", want: `index ${OCI_INDEX}` },
  ];
  for (const { name, input, type, want } of rows) {
    it(name, () => {
      const parsed = parseManifestOrIndex(JSON.stringify(input), type);
      assert.equal(`${parsed.kind} ${parsed.mediaType}`, want);
    });
  }

  it("rejects a document whose source says another type", () =>
    refuses(() => parseManifestOrIndex(MANIFEST, OCI_INDEX), /its source says/));
  it("rejects an index served as a manifest", () =>
    refuses(() => parseManifestOrIndex({ ...INDEX, mediaType: undefined }, OCI_MANIFEST), /"config" is wrong|"layers" is wrong/));
});
