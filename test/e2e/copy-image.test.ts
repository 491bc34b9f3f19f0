/** F5: copy between registries, the store, layouts and archives: all platforms, attestations, signatures, and the digest. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "../../src/digest.ts";
import { copyImage, inspectImage, listFiles, listImages } from "../../src/index.ts";
import { IN_TOTO, OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-copy-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "store");

/** An index of two platforms with an attestation, and a signature of it. */
function fill(registry: FakeRegistry): string {
  const images = ["amd64", "arm64"].map((architecture) => {
    const layers = [tarOf([{ path: "arch", content: architecture }])];
    const image = registry.addImage("team/app", architecture, { layers, config: { architecture, os: "linux" } });
    return { ...image, platform: { os: "linux", architecture } };
  });
  const statement = registry.addBlob("team/app", Buffer.from('{"predicateType":"x"}'), IN_TOTO);
  const config = registry.addBlob("team/app", Buffer.from("{}"), OCI_CONFIG);
  const said = registry.addManifest("team/app", undefined, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [statement],
  });
  const about = {
    ...said,
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": images[0]?.digest },
  };
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...images, about] };
  const top = registry.addManifest("team/app", "v1", OCI_INDEX, index);
  const empty = registry.addBlob("team/app", Buffer.from("{}"), OCI_EMPTY);
  const signature = registry.addBlob("team/app", Buffer.from("signature"), "application/octet-stream");
  registry.addManifest("team/app", undefined, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.example.signature",
    config: empty,
    layers: [signature],
    subject: { mediaType: top.mediaType, digest: top.digest, size: top.size },
  });
  return top.digest;
}

test("F5: copy goes through every place and keeps the digest of an index", async () => {
  await using from = await startFakeRegistry();
  await using to = await startFakeRegistry();
  const digest = fill(from);
  const places = [
    `${from.host}/team/app:v1`,
    `${to.host}/mirror/app:v1`,
    "oci:layout:v1",
    "oci:archive.tar:v1",
    "store:copied:v1",
    "docker-archive:docker.tar:copied:v2",
    "oci:back",
    `docker://${to.host}/again/app:v3`,
  ];
  for (const [at, destination] of places.slice(1).entries()) {
    const source = places[at] ?? "";
    await using run = copyImage({ root, source, destination, cwd: folder });
    const copied = await run.result;
    assert.equal(copied.descriptor.digest, digest, `${source} to ${destination}`);
    // F4: the signature goes through layouts, archives and the store, too, until docker's archive has no place for it.
    assert.equal(copied.referrers, at < 4 ? 1 : 0, `${source} to ${destination}`);
  }
  for (const repository of ["mirror/app:v1", "again/app:v3"]) {
    const [name = "", tag = ""] = repository.split(":");
    assert.deepEqual(to.manifest(name, tag)?.bytes, from.manifest("team/app", "v1")?.bytes);
    const answer = await fetch(`${to.origin}/v2/${name}/referrers/${digest}`);
    const listed: unknown = await answer.json();
    const isThere = JSON.stringify(listed).includes('"artifactType":"application/vnd.example.signature"');
    assert.equal(isThere, name === "mirror/app");
  }
  assert.deepEqual((await listImages({ root })).map(({ name, platform }) => `${name} ${platform}`).toSorted(), [
    "docker.io/library/copied:v1 linux/amd64",
    "docker.io/library/copied:v1 linux/arm64",
  ]);
  const { attestations } = await inspectImage({ root, image: "copied:v1" });
  assert.ok(Array.isArray(attestations));
  const raw = execFileSync("skopeo", ["inspect", "--raw", "oci:layout:v1"], { cwd: folder, encoding: "utf8" });
  assert.equal(JSON.parse(raw).manifests.length, 3);
});

test("F4: copy takes cosign's tags along between registries, and says where they stay behind", async () => {
  await using from = await startFakeRegistry();
  await using to = await startFakeRegistry();
  const digest = fill(from);
  const hex = digest.slice("sha256:".length);
  const config = from.addBlob("team/app", Buffer.from("{}"), OCI_CONFIG);
  for (const kind of ["sig", "att"]) {
    const layer = from.addBlob("team/app", Buffer.from(`{"of":"${kind}"}`), "application/vnd.dev.cosign.simplesigning.v1+json");
    from.addManifest("team/app", `sha256-${hex}.${kind}`, OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config,
      layers: [layer],
    });
  }
  const own = join(folder, "tags");
  const copy = async (destination: string) => {
    await using run = copyImage({ root: own, source: `docker://${from.host}/team/app:v1`, destination, cwd: folder });
    const events = await Array.fromAsync(run);
    return { copied: await run.result, warnings: events.flatMap((event) => (event.type === "warning" ? [event.message] : [])) };
  };
  const { copied, warnings } = await copy(`${to.host}/mirror/app:v1`);
  assert.deepEqual([copied.referrers, warnings], [3, []]);
  for (const kind of ["sig", "att"]) {
    const tag = `sha256-${hex}.${kind}`;
    assert.deepEqual(to.manifest("mirror/app", tag)?.bytes, from.manifest("team/app", tag)?.bytes);
  }
  assert.equal(to.manifest("mirror/app", `sha256-${hex}.sbom`), undefined);
  const left = await copy("oci:tags-left:v1");
  assert.equal(left.warnings.length, 1);
  assert.match(left.warnings[0] ?? "", new RegExp(`stay behind, as they are tags of their own: sha256-${hex}.sig, sha256-${hex}.att`));
});

test("F5: copy between repositories of one registry mounts the layers, and of one platform takes that alone", async () => {
  await using registry = await startFakeRegistry();
  fill(registry);
  const own = join(folder, "mount");
  await using run = copyImage({
    root: own,
    source: `${registry.host}/team/app:v1`,
    destination: `${registry.host}/other/app`,
    platform: "linux/arm64",
  });
  const { descriptor, names } = await run.result;
  assert.equal(sha256(registry.manifest("other/app", "latest")?.bytes ?? ""), descriptor.digest);
  assert.deepEqual(names, [`${registry.host}/other/app:latest`]);
  assert.equal(registry.manifest("other/app", "latest")?.mediaType, OCI_MANIFEST);
  // The configuration is sent; the layer is not fetched.
  assert.equal(registry.log().filter((line) => line.startsWith("GET /v2/team/app/blobs/")).length, 1);
  await using list = listFiles({ root: own, image: `${registry.host}/other/app`, platform: "linux/arm64" });
  assert.deepEqual(
    (await list.result).map(({ path }) => path),
    ["/arch"],
  );
});

test("F5: copy tells what it cannot copy", async () => {
  const failing = async (source: string, destination: string): Promise<string> => {
    await using run = copyImage({ root, source, destination, cwd: folder });
    return await run.result.then(
      () => "",
      (error: Error & { readonly hint?: string }) => `${error.message} | ${error.hint ?? ""}`,
    );
  };
  assert.match(await failing("docker-daemon:a", "b"), /The place "docker-daemon:" is not supported yet \| Pipe an archive/);
  assert.match(await failing("oci:nothing", "store:b"), /Cannot open ".*nothing": .*no such file/);
  assert.match(await failing("oci:", "b"), /a name is missing behind "oci:"/);
  assert.match(await failing("store:nothing", "oci:x"), /Cannot find image "nothing"/);
  assert.match(await failing("oci:layout:v9", "store:b"), /Cannot find image "v9" in ".*layout" \| Its images are: .*app:v1/);
});
