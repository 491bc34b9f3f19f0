import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import type { BuildResult } from "../index.ts";
import { OCI_MANIFEST } from "../oci/index.ts";
import { metadataProvenanceOf, writeBuildFiles } from "./build-files.ts";

const descriptor = { mediaType: OCI_MANIFEST, digest: sha256("m"), size: 1 };
const image: BuildResult["outputs"][number] = {
  output: { type: "image", names: ["a", "b"], push: false },
  descriptor,
  configDigest: sha256("c"),
  names: ["docker.io/library/a:latest", "docker.io/library/b:latest"],
};
const local: BuildResult["outputs"][number] = { output: { type: "local", dest: "out" }, names: [], path: "/out" };

const ROWS: readonly {
  readonly what: string;
  readonly result: Partial<BuildResult>;
  readonly want: readonly (readonly [string, unknown])[];
}[] = [
  {
    what: "buildx's keys in its order",
    result: { outputs: [local, image], configDigest: sha256("c") },
    want: [
      ["buildx.build.ref", "decant/decant/r"],
      ["containerimage.config.digest", sha256("c")],
      ["containerimage.descriptor", descriptor],
      ["containerimage.digest", sha256("m")],
      ["image.name", "docker.io/library/a:latest,docker.io/library/b:latest"],
    ],
  },
  {
    what: "provenance of the one platform",
    result: { outputs: [local], provenances: [{ platform: "linux/amd64", predicate: { a: 1 } }] },
    want: [
      ["buildx.build.provenance", { a: 1 }],
      ["buildx.build.ref", "decant/decant/r"],
    ],
  },
  {
    what: "provenance of each of several platforms",
    result: { outputs: [local], provenances: ["linux/amd64", "linux/arm64"].map((platform) => ({ platform, predicate: { platform } })) },
    want: [
      ["buildx.build.provenance/linux/amd64", { platform: "linux/amd64" }],
      ["buildx.build.provenance/linux/arm64", { platform: "linux/arm64" }],
      ["buildx.build.ref", "decant/decant/r"],
    ],
  },
  { what: "the build alone for a directory", result: { outputs: [local] }, want: [["buildx.build.ref", "decant/decant/r"]] },
];

for (const { what, result, want } of ROWS)
  test(`writeBuildFiles() writes into --metadata-file ${what}`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-files-"));
    const files = { iidFile: undefined, metadataFile: "meta.json" };
    await writeBuildFiles({ buildId: "r", warnings: [], ...result } as unknown as BuildResult, files, {
      cwd: folder.path,
      signal: new AbortController().signal,
    });
    assert.deepEqual(Object.entries(JSON.parse(await readFile(join(folder.path, "meta.json"), "utf8")) as object), want);
  });

test("F.2: metadataProvenanceOf() reads BUILDX_METADATA_PROVENANCE as buildx does", () => {
  const told = ["", "min", "max", "true", "disabled", "false", "0"].map((value) =>
    metadataProvenanceOf({ BUILDX_METADATA_PROVENANCE: value }),
  );
  assert.deepEqual(told, ["min", "min", "max", "min", undefined, undefined, undefined]);
  assert.equal(metadataProvenanceOf({}), "min");
});
