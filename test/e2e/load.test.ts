/** F.2: `--load` and the other places of a build, from the library as its users call it. The daemon is that of test/support/fake-daemon.ts. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { workshop, type Built } from "../support/build.ts";
import { startFakeDaemon } from "../support/fake-daemon.ts";

const DOCKERFILE = "FROM scratch\nCOPY a /a\nCOPY b /b\n";

/** What progress calls the last step. */
function lastStep({ events }: Built): string {
  return events.flatMap((event) => (event.type === "vertex.planned" ? [event.name] : [])).at(-1) ?? "";
}

describe("F.2: build() with type=docker and no dest", () => {
  it("loads into the daemon that the environment names, and moves one layer after one file has changed", async () => {
    using shop = workshop();
    await using daemon = await startFakeDaemon(shop.folder, "containerd");
    shop.write({ a: "a", b: "b" });
    const options = { env: { DOCKER_HOST: daemon.address }, tags: ["app"], outputs: [{ type: "docker", names: ["app"] }] } as const;
    const first = await shop.build(DOCKERFILE, options);
    assert.equal(lastStep(first), `loading into Docker (${daemon.address})`);
    assert.equal(first.result.outputs[0]?.daemon, `Docker (${daemon.address})`);
    assert.equal(daemon.archives[0]?.length, 4);
    await shop.build(DOCKERFILE, options);
    assert.equal(daemon.archives.length, 1, "nothing moves");
    shop.write({ b: "changed" });
    await shop.build(DOCKERFILE, options);
    assert.equal(daemon.archives[1]?.length, 3);
  });

  it("means the store without a daemon, and says so", async () => {
    using shop = workshop();
    shop.write({ a: "a", b: "b" });
    const outputs = [{ type: "docker", names: ["app"] }] as const;
    const dead = await shop.build(DOCKERFILE, { env: { DOCKER_HOST: "unix:///nobody" }, outputs });
    assert.equal(lastStep(dead), "exporting to image in Decant's store: nobody answers at unix:///nobody");
    const told = await shop.build(DOCKERFILE, { env: { DECANT_LOAD: "store" }, outputs });
    assert.equal(lastStep(told), "exporting to image in Decant's store: as DECANT_LOAD or the option says");
    assert.equal(told.result.outputs[0]?.daemon, undefined);
    assert.deepEqual(told.result.outputs[0]?.names, ["docker.io/library/app:latest"]);
  });

  it("takes this machine's image of two platforms, beside an archive of both", async () => {
    using shop = workshop();
    await using daemon = await startFakeDaemon(shop.folder, "graphdriver");
    shop.write({ a: "a", b: "b" });
    const { result, events } = await shop.build(DOCKERFILE, {
      env: { DOCKER_HOST: daemon.address },
      platforms: ["linux/arm64", "linux/amd64"],
      outputs: [
        { type: "docker", names: ["app"] },
        { type: "oci", dest: join(shop.folder, "all.tar"), tar: true, names: [] },
      ],
      annotations: [{ level: "index", key: "of", value: "the index" }],
      metadataProvenance: "min",
    });
    assert.equal(daemon.images.length, 1);
    assert.equal(events.filter((event) => event.type === "warning" && event.code === "OnePlatformLoaded").length, 1);
    assert.match(result.outputs[1]?.descriptor?.mediaType ?? "", /index/);
    assert.deepEqual(
      result.provenances?.map(({ platform }) => platform),
      ["linux/arm64", "linux/amd64"],
    );
  });
});

describe("F.2: annotations of an index", () => {
  it("are refused for an image alone that a daemon gets, before anything is built", async () => {
    using shop = workshop();
    await using daemon = await startFakeDaemon(shop.folder, "podman");
    const annotations = [{ level: "index", key: "a", value: "b" }] as const;
    const options = { env: { DOCKER_HOST: daemon.address }, outputs: [{ type: "docker", names: ["app"] }] as const, annotations };
    await assert.rejects(shop.build(DOCKERFILE, options), /Cannot put annotations on an index: the result has none/);
  });
});

describe("F.2: build() with type=local and mode=delete", () => {
  it("leaves the old folder as it was when it is cut short", async () => {
    using shop = workshop();
    shop.write({ a: "a", b: "b" });
    const dest = join(shop.folder, "out");
    mkdirSync(dest);
    writeFileSync(join(dest, "old"), "");
    const stop = new AbortController();
    const outputs = [{ type: "local", dest, mode: "delete" }] as const;
    const options = { cwd: shop.folder, outputs, signal: stop.signal };
    stop.abort(new Error("cut short"));
    await assert.rejects(shop.build(DOCKERFILE, options), /cut short/);
    assert.deepEqual(readdirSync(dest), ["old"]);
    await shop.build(DOCKERFILE, { cwd: shop.folder, outputs });
    assert.deepEqual(readdirSync(dest).toSorted(), ["a", "b"]);
    assert.deepEqual(
      readdirSync(shop.folder).filter((name) => name.startsWith(".decant")),
      [],
    );
  });
});
