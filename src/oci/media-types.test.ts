import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as types from "./media-types.ts";

describe("layerCompressionOf()", () => {
  const rows: readonly { readonly type: string; readonly want: string | undefined }[] = [
    { type: types.OCI_LAYER, want: "uncompressed" },
    { type: types.OCI_LAYER_GZIP, want: "gzip" },
    { type: types.OCI_LAYER_ZSTD, want: "zstd" },
    { type: types.DOCKER_LAYER, want: "uncompressed" },
    { type: types.DOCKER_LAYER_GZIP, want: "gzip" },
    { type: types.DOCKER_LAYER_ZSTD, want: "zstd" },
    { type: types.DOCKER_FOREIGN_LAYER_GZIP, want: "gzip" },
    { type: types.OCI_CONFIG, want: undefined },
    { type: types.IN_TOTO, want: undefined },
    { type: "", want: undefined },
  ];
  for (const { type, want } of rows) it(`"${type}" is ${want}`, () => assert.equal(types.layerCompressionOf(type), want));
});

it("toOciMediaType() and toDockerMediaType() are inverse where both have a name", () => {
  for (const type of [types.OCI_MANIFEST, types.OCI_INDEX, types.OCI_CONFIG, types.OCI_LAYER, types.OCI_LAYER_GZIP, types.OCI_LAYER_ZSTD]) {
    const docker = types.toDockerMediaType(type);
    assert.notEqual(docker, type);
    assert.equal(types.toOciMediaType(docker), type);
  }
});

it("toOciMediaType() leaves other types as they are", () => assert.equal(types.toOciMediaType(types.IN_TOTO), types.IN_TOTO));

it("isIndex(), isManifest() and isForeignLayer() know both families", () => {
  assert.deepEqual([types.OCI_INDEX, types.DOCKER_MANIFEST_LIST, types.OCI_MANIFEST].map(types.isIndex), [true, true, false]);
  assert.deepEqual([types.OCI_MANIFEST, types.DOCKER_MANIFEST, types.OCI_INDEX].map(types.isManifest), [true, true, false]);
  assert.deepEqual([types.OCI_FOREIGN_LAYER, types.DOCKER_FOREIGN_LAYER, types.OCI_LAYER].map(types.isForeignLayer), [true, true, false]);
});
