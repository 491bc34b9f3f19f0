/** Which requests a build and a push send: only layers that a step reads are fetched, and what the registry has is mounted or skipped. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../src/digest.ts";
import { type Descriptor, OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { workshop } from "../support/build.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

/** An image whose layers are files of these names; gives the digests of its layers. */
function addImage(registry: FakeRegistry, repository: string, names: readonly string[]): string[] {
  const tars = names.map((name) => tarOf([{ path: name, content: randomBytes(20_000) }]));
  const layers: Descriptor[] = tars.map((tar) => registry.addBlob(repository, gzipSync(tar), OCI_LAYER_GZIP));
  const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: tars.map((tar) => sha256(tar)) } };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: registry.addBlob(repository, Buffer.from(JSON.stringify(config)), OCI_CONFIG),
    layers,
  };
  registry.addManifest(repository, "latest", OCI_MANIFEST, manifest);
  return layers.map(({ digest }) => digest);
}

/** The requests since the last call: "HEAD base layer1 404"; digests of `known` have their names, others are "new". */
function counting(registry: FakeRegistry, known: Readonly<Record<string, readonly string[]>>): () => string[] {
  let from = 0;
  const nameOf = (text: string): string => {
    const digest = /sha256(?::|%3A)[0-9a-f]{64}/.exec(text)?.[0].replace("%3A", ":");
    if (digest === undefined) return "";
    for (const [name, digests] of Object.entries(known)) if (digests.includes(digest)) return `${name}${digests.indexOf(digest) + 1}`;
    return "new";
  };
  return () => {
    const fresh = registry.requests.slice(from);
    from = registry.requests.length;
    return fresh
      .filter(({ path }) => path !== "/v2/")
      .map(({ method, path, status }) => {
        const [, repository, kind = ""] = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\//.exec(path) ?? [];
        const what = kind === "blobs/uploads" ? (path.includes("mount=") ? "mount" : "upload") : kind;
        return [method, repository, what, nameOf(path), status].filter((word) => word !== "").join(" ");
      })
      .toSorted();
  };
}

describe("F107, F125: requests", () => {
  it("of a build on a base that no step reads: no layer is fetched, and a push mounts each, once", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    const base = addImage(registry, "base", ["one", "two", "three"]);
    const count = counting(registry, { base });
    const dockerfile = `FROM ${registry.host}/base\nCOPY --link a /a\n`;
    const push = (name: string) => ({ outputs: [{ type: "registry" as const, names: [`${registry.host}/${name}`] }] });
    await shop.build(dockerfile, push("app"));
    const mounts = base.map((_, at) => `POST app mount base${at + 1} 201`);
    const heads = base.map((_, at) => `HEAD app blobs base${at + 1} 404`);
    const own = ["HEAD app blobs new 404", "POST app upload 202", "PUT app upload new 201"];
    const documents = ["GET base blobs new 200", "GET base manifests new 200", "HEAD base manifests 200", "PUT app manifests 201"];
    assert.deepEqual(count(), [...mounts, ...heads, ...own, ...own, ...documents].toSorted());
    await shop.build(dockerfile, push("app"));
    const isThere = [...base.map((_, at) => `HEAD app blobs base${at + 1} 200`), "HEAD app blobs new 200", "HEAD app blobs new 200"];
    assert.deepEqual(count(), [...isThere, "HEAD base manifests 200", "PUT app manifests 201"].toSorted());
  });

  it("of a stage that the target does not need: none; of one that it copies from: each layer once", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const base = addImage(registry, "base", ["one", "two"]);
    const tools = addImage(registry, "tools", ["tool", "more"]);
    addImage(registry, "unused", ["x"]);
    const count = counting(registry, { base, tools });
    const dockerfile = `FROM ${registry.host}/unused AS unused\nFROM ${registry.host}/tools AS tools\nFROM ${registry.host}/base\nCOPY --link --from=tools /tool /tool\n`;
    await shop.build(dockerfile, { outputs: [{ type: "registry", names: [`${registry.host}/app`] }] });
    const documents = (name: string): string[] => [
      `GET ${name} blobs new 200`,
      `GET ${name} manifests new 200`,
      `HEAD ${name} manifests 200`,
    ];
    const layers = tools.map((_, at) => `GET tools blobs tools${at + 1} 200`);
    assert.deepEqual(
      count().filter((line) => !/^\w+ app /.test(line)),
      [...documents("base"), ...documents("tools"), ...layers].toSorted(),
    );
  });

  it("of a push to another registry: each layer of the base is fetched and sent once", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    await using other = await startFakeRegistry();
    const base = addImage(registry, "base", ["one", "two"]);
    const fetched = counting(registry, { base });
    const sent = counting(other, { base });
    const build = (name: string) =>
      shop.build(`FROM ${registry.host}/base\nCOPY --link a /a\n`, { outputs: [{ type: "registry", names: [`${other.host}/${name}`] }] });
    await build("app");
    assert.deepEqual(
      fetched().filter((line) => line.includes(" base1 ") || line.includes(" base2 ")),
      base.map((_, at) => `GET base blobs base${at + 1} 200`),
    );
    assert.equal(sent().filter((line) => line.startsWith("PUT app upload")).length, 4);
    await build("second");
    assert.deepEqual(fetched(), ["HEAD base manifests 200"]);
    const mounted = sent().filter((line) => line.includes("mount"));
    assert.deepEqual(mounted, ["POST second mount base1 201", "POST second mount base2 201", "POST second mount new 201"]);
  });
});
