import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openImageFixture } from "../../test/support/image-fixture.ts";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { OCI_CONFIG, OCI_LAYER_GZIP } from "../oci/index.ts";
import { treePath } from "../paths.ts";
import { readTreeFile } from "../tree/index.ts";
import type { AssembledImage } from "./assembled-image.ts";
import { attested } from "./attest.ts";
import { outputForm } from "./output-form.ts";
import { treesOf } from "./exporters/platform-trees.ts";
import { documentOf, manifestOf } from "./manifest.ts";
import { imageSubjects, statementFor } from "./statement.ts";
import type { Attestation } from "./types.ts";

const platform = { os: "linux", architecture: "amd64" };
const PREDICATE = "https://example.org/said";
const said: Attestation = { predicateType: PREDICATE, fileName: "said.json", predicate: async () => ({ z: 1, a: 2 }) };

function plainImage(): AssembledImage {
  const layer = { mediaType: OCI_LAYER_GZIP, digest: sha256("layer"), size: 98 };
  const config = documentOf("{}", OCI_CONFIG);
  const manifest = manifestOf(config.descriptor, [layer], "oci");
  const annotations = { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" };
  return { layers: [], config, manifest, descriptor: { ...manifest.descriptor, platform, annotations } };
}

describe("attested()", () => {
  it("leaves an image of which nothing is said as it was", async () => {
    await using fixture = await openImageFixture();
    const plain = plainImage();
    const result = await attested([{ image: fixture.image, assembled: plain }], { names: [], mediaTypes: "docker" });
    assert.deepEqual(result, { images: [plain], descriptor: plain.descriptor });
  });

  // As BuildKit 0.32 writes it with oci-artifact=false, digests aside.
  it("L6: writes the documents of BuildKit", async () => {
    await using fixture = await openImageFixture();
    const plain = plainImage();
    const names = ["localhost:5000/sbomtest:min"];
    const { images, descriptor, index } = await attested([{ image: { ...fixture.image, attestations: [said] }, assembled: plain }], {
      names,
      mediaTypes: "oci",
    });
    assert.ok(index !== undefined);
    assert.equal(images[0]?.manifest, plain.manifest);
    const { about } = images[0];
    assert.ok(about !== undefined);
    const [statement] = about.statements;
    assert.ok(statement !== undefined);
    const digest = plain.manifest.descriptor.digest;
    assert.equal(
      statement.bytes.toString(),
      `{"_type":"https://in-toto.io/Statement/v1","predicateType":"${PREDICATE}","subject":[{"name":"pkg:docker/localhost%3A5000/sbomtest@min?platform=linux%2Famd64","digest":{"sha256":"${digest.slice(7)}"}}],"predicate":{"z":1,"a":2}}`,
    );
    assert.equal(
      about.config.bytes.toString(),
      `{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["${statement.descriptor.digest}"]}}`,
    );
    assert.equal(
      about.manifest.bytes.toString(),
      `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": {
    "mediaType": "application/vnd.oci.image.config.v1+json",
    "digest": "${about.config.descriptor.digest}",
    "size": ${about.config.descriptor.size}
  },
  "layers": [
    {
      "mediaType": "application/vnd.in-toto+json",
      "digest": "${statement.descriptor.digest}",
      "size": ${statement.bytes.length},
      "annotations": {
        "in-toto.io/predicate-type": "${PREDICATE}"
      }
    }
  ]
}`,
    );
    assert.equal(
      index.bytes.toString(),
      `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.index.v1+json",
  "manifests": [
    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "${digest}",
      "size": ${plain.manifest.bytes.length},
      "platform": {
        "architecture": "amd64",
        "os": "linux"
      }
    },
    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "${about.manifest.descriptor.digest}",
      "size": ${about.manifest.bytes.length},
      "annotations": {
        "vnd.docker.reference.digest": "${digest}",
        "vnd.docker.reference.type": "attestation-manifest"
      },
      "platform": {
        "architecture": "unknown",
        "os": "unknown"
      }
    }
  ]
}`,
    );
    assert.deepEqual(descriptor, {
      ...index.descriptor,
      annotations: { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" },
    });
  });

  // As BuildKit's docs/attestations/attestation-storage.md has it, and as 0.32 writes it.
  it("writes an artifact about the image where that is asked for", async () => {
    await using fixture = await openImageFixture();
    const options = { names: ["app"], mediaTypes: "oci", ociArtifact: true } as const;
    const { images } = await attested([{ image: { ...fixture.image, attestations: [said] }, assembled: plainImage() }], options);
    const [{ about, manifest } = assert.fail("no image")] = images;
    const [statement] = about?.statements ?? [];
    assert.deepEqual(about?.manifest.manifest, {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "application/vnd.docker.attestation.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        size: 2,
        data: "e30=",
      },
      layers: [statement?.descriptor],
      subject: manifest.descriptor,
    });
    assert.equal(about.config.bytes.toString(), "{}");
  });

  it("names an image without a name as in-toto wants it", async () => {
    await using fixture = await openImageFixture();
    const builds = [{ image: { ...fixture.image, attestations: [said] }, assembled: plainImage() }];
    const { images } = await attested(builds, { names: [], mediaTypes: "oci" });
    assert.match(images[0]?.about?.statements[0]?.bytes.toString() ?? "", /"subject":\[\{"name":"_","digest":/);
  });
});

it("outputForm() refuses Docker's media types, which have no place for statements", () => {
  assert.throws(
    () => outputForm([{ attestations: [said] }], { type: "oci", ociMediaTypes: false }, undefined),
    (error) => isDecantError(error, "USAGE") && error.hint?.includes("oci-mediatypes") === true,
  );
});

it("statementFor() says the same of another image, and nothing of what is no statement", async () => {
  await using fixture = await openImageFixture();
  const builds = [{ image: { ...fixture.image, attestations: [said] }, assembled: plainImage() }];
  const { images } = await attested(builds, { names: [], mediaTypes: "oci" });
  const [statement] = images[0]?.about?.statements ?? [];
  const digest = sha256("other");
  const other = statementFor(statement?.bytes ?? Buffer.alloc(0), imageSubjects(["app:1"], digest, platform));
  assert.deepEqual(JSON.parse(other?.bytes.toString() ?? ""), {
    _type: "https://in-toto.io/Statement/v1",
    predicateType: PREDICATE,
    subject: [{ name: "pkg:docker/app@1?platform=linux%2Famd64", digest: { sha256: digest.slice(7) } }],
    predicate: { z: 1, a: 2 },
  });
  const old = JSON.stringify({ _type: "https://in-toto.io/Statement/v0.1", predicateType: PREDICATE, predicate: {} });
  assert.match(statementFor(Buffer.from(old), [])?.bytes.toString() ?? "", /"_type":"https:\/\/in-toto.io\/Statement\/v0.1"/);
  for (const text of ["", "[]", "{}"]) assert.equal(statementFor(Buffer.from(text), []), undefined);
});

describe("treesOf()", () => {
  it("adds statements about every file to outputs that are files", async () => {
    await using fixture = await openImageFixture();
    const [{ tree } = assert.fail("no tree")] = await treesOf([{ ...fixture.image, attestations: [said] }], fixture.context(), {});
    const statement: unknown = JSON.parse((await readTreeFile(tree, treePath("said.json"), 10_000)).toString());
    assert.ok(typeof statement === "object" && statement !== null && "subject" in statement && Array.isArray(statement.subject));
    assert.deepEqual(
      statement.subject.map(({ name }) => String(name)),
      ["app/main", "bin/sh", "etc/motd", "etc/second"],
    );
  });

  it("refuses to write over a file of the image", async () => {
    await using fixture = await openImageFixture();
    const image = { ...fixture.image, attestations: [{ ...said, fileName: "etc/motd" }] };
    await assert.rejects(treesOf([image], fixture.context(), {}), (error) => isDecantError(error, "EXPORT"));
  });
});
