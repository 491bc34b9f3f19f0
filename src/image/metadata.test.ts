import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { OCI_MANIFEST } from "../oci/index.ts";
import { metadataOf } from "./metadata.ts";
import type { ExportResult } from "./types.ts";

const descriptor = { mediaType: OCI_MANIFEST, digest: sha256("m"), size: 1 };
const image: ExportResult = {
  output: { type: "image", names: ["a", "b"], push: false },
  descriptor,
  configDigest: sha256("c"),
  names: ["docker.io/library/a:latest", "docker.io/library/b:latest"],
};
const local: ExportResult = { output: { type: "local", dest: "out" }, names: [], path: "/out" };

test("metadataOf() writes buildx's keys in its order", () => {
  assert.deepEqual(Object.entries(metadataOf([local, image], { buildRef: "r" })), [
    ["buildx.build.ref", "r"],
    ["containerimage.config.digest", sha256("c")],
    ["containerimage.descriptor", descriptor],
    ["containerimage.digest", sha256("m")],
    ["image.name", "docker.io/library/a:latest,docker.io/library/b:latest"],
  ]);
});

test("metadataOf() has nothing to say of a directory", () => {
  assert.deepEqual(metadataOf([local]), {});
});
