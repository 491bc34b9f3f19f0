/** Manifests, indexes and configs of images, documents of caches, and statements about images. */
import { parseCache } from "../../../src/caches/document.ts";
import { statementFor } from "../../../src/image/statement.ts";
import {
  formatPlatform,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseManifestOrIndex,
  platformMatches,
} from "../../../src/oci/index.ts";
import { platformsOf, selectManifest } from "../../../src/oci/select.ts";
import { each } from "./each.ts";
import { holds, jsonLike } from "../make.ts";
import type { Target } from "../types.ts";

const digest = `sha256:${"a".repeat(64)}`;
const platform = { os: "linux", architecture: "amd64", variant: "v2", "os.version": "1", "os.features": ["x"] };
const layer = { mediaType: OCI_LAYER_GZIP, digest, size: 12, annotations: { a: "b" }, urls: ["https://x/y"] };
const manifest = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: OCI_CONFIG, digest, size: 3, data: "e30=" },
  layers: [layer, layer],
  subject: layer,
  annotations: { a: "b" },
};
const index = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [{ mediaType: OCI_MANIFEST, digest, size: 9, platform, annotations: { "vnd.docker.reference.type": "attestation-manifest" } }],
};
const config = {
  ...platform,
  created: "2026-01-01T00:00:00Z",
  config: {
    User: "0:0",
    ExposedPorts: { "80/tcp": {} },
    Env: ["A=b"],
    Entrypoint: ["x"],
    Cmd: null,
    Volumes: { "/a": {} },
    Labels: { a: "b" },
    Healthcheck: { Test: ["CMD", "x"], Interval: 1e9 },
    OnBuild: ["RUN x"],
    Shell: ["a"],
  },
  rootfs: { type: "layers", diff_ids: [digest, digest] },
  history: [{ created: "2026-01-01T00:00:00Z", created_by: "x", empty_layer: true }],
};
const cache = {
  version: 1,
  results: [{ key: digest, layers: [0, 1], used: 1 }],
  selections: [{ key: digest, value: "x", used: 1 }],
  mounts: [],
};
const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "a", digest: { sha256: "a" } }],
  predicateType: "x",
  predicate: {},
};

export const MANIFESTS: Target = {
  name: "manifests",
  generate: (random) => jsonLike(random, random.pick<unknown>([manifest, index, config, cache, statement])),
  async check(input) {
    await each(
      () => parseManifest(input),
      () => selectManifest(parseIndex(input), { os: "linux", architecture: "arm64" }),
      () => platformsOf(parseIndex(input)).map(formatPlatform),
      () => platformMatches({ os: "linux", architecture: "amd64" }, parseImageConfig(input)),
      () => parseManifestOrIndex(input, undefined),
      () => parseManifestOrIndex(input, OCI_MANIFEST),
      () => parseManifestOrIndex(input, "text/plain"),
      () => parseCache(input, 2, "x"),
      () => statementFor(input, []),
    );
    holds(!("isAdmin" in {}), "no document changes what every object has");
  },
};
