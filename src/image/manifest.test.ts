import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { DOCKER_CONFIG, DOCKER_LAYER_GZIP, OCI_CONFIG, OCI_LAYER_GZIP, parseManifest } from "../oci/index.ts";
import { manifestOf, namedDescriptor } from "./manifest.ts";

const config = { mediaType: OCI_CONFIG, digest: sha256("config"), size: 6 };
const layer = { mediaType: DOCKER_LAYER_GZIP, digest: sha256("layer"), size: 5, annotations: { note: "n" } };

test("manifestOf() gives the descriptor of exactly its bytes", () => {
  const { bytes, descriptor, manifest } = manifestOf(config, [layer], "oci");
  assert.equal(descriptor.digest, sha256(bytes));
  assert.equal(descriptor.size, bytes.byteLength);
  assert.deepEqual(parseManifest(bytes), manifest);
});

test("manifestOf() names everything by one family of media types", () => {
  const oci = manifestOf(config, [layer], "oci").manifest;
  assert.deepEqual(
    [oci.mediaType, oci.config.mediaType, oci.layers[0]?.mediaType],
    ["application/vnd.oci.image.manifest.v1+json", OCI_CONFIG, OCI_LAYER_GZIP],
  );
  const docker = manifestOf(config, [layer], "docker").manifest;
  assert.deepEqual(
    [docker.mediaType, docker.config.mediaType, docker.layers[0]?.mediaType, docker.layers[0]?.annotations],
    ["application/vnd.docker.distribution.manifest.v2+json", DOCKER_CONFIG, DOCKER_LAYER_GZIP, undefined],
  );
});

test("manifestOf() keeps annotations, sorted, and is OCI because of them", () => {
  const { manifest } = manifestOf(config, [], "docker", { b: "2", a: "1" });
  assert.equal(JSON.stringify(manifest.annotations), '{"a":"1","b":"2"}');
  assert.equal(manifest.mediaType, "application/vnd.oci.image.manifest.v1+json");
});

test("namedDescriptor() tells creation in whole seconds, and the platform", () => {
  const named = namedDescriptor(config, { created: "2026-01-02T03:04:05.678Z", platform: { os: "linux", architecture: "amd64" } });
  assert.deepEqual(named.annotations, { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" });
  assert.deepEqual(named.platform, { os: "linux", architecture: "amd64" });
});
