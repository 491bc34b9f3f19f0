/** What people type for an image, against a store with images of every kind: tagged, untagged, in an index, and of several names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Digest, hexOf } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { openImageFixture, type ImageFixture } from "../../test/support/image-fixture.ts";
import { exportImage } from "./export.ts";
import { findImage, storedImages } from "./find-image.ts";
import { loadImage } from "./load-image.ts";
import { removeImages } from "./remove-images.ts";
import type { BuiltImage, ExportResult } from "./types.ts";

const LINUX = { os: "linux", architecture: "amd64" };

interface World extends AsyncDisposable {
  readonly at: ImageFixture;
  put(names: readonly string[], changes?: Partial<BuiltImage>): Promise<{ readonly top: Digest; readonly id: Digest }>;
}

async function world(): Promise<World> {
  const at = await openImageFixture();
  return {
    at,
    async put(names, changes = {}) {
      const output = { type: "image", names, push: false } as const;
      const { descriptor }: ExportResult = await exportImage([{ ...at.image, ...changes }], output, at.context());
      assert.ok(descriptor !== undefined);
      const stored = (await storedImages(at.store)).find(({ top }) => top.digest === descriptor.digest);
      assert.ok(stored !== undefined);
      return { top: descriptor.digest, id: stored.id };
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

function variant(text: string): Partial<BuiltImage> {
  return { config: { Labels: { variant: text } } };
}

test("U5: an image is found by its name, its tag, its digests, its ID and short forms of these", async () => {
  await using w = await world();
  const { top, id } = await w.put(["app:v1"]);
  await w.put(["other"], variant("other"));
  const hex = hexOf(id);
  const names = ["app:v1", "docker.io/library/app:v1", `app@${top}`, `app:v1@${top}`];
  const ids = [id, hex, hex.slice(0, 12), `sha256:${hex.slice(0, 9)}`, top, hexOf(top), hexOf(top).slice(0, 12)];
  for (const text of [...names, ...ids]) {
    const found = await findImage(w.at.store, text);
    assert.deepEqual(
      { digest: found.top.digest, names: found.names, isNamed: found.name !== undefined },
      { digest: top, names: ["docker.io/library/app:v1"], isNamed: names.includes(text) },
      text,
    );
    assert.equal((await loadImage(w.at.store, text, LINUX)).manifest.config.digest, id, text);
  }
});

for (const [what, textOf] of [
  ["a name", () => "nothing"],
  ["a digest of nothing", () => `sha256:${"0".repeat(64)}`],
  ["a short form of nothing", () => "0123456789ab"],
  ["fewer than four digits", (id: Digest) => hexOf(id).slice(0, 3)],
  ["the digest of a layer", (_id: Digest, layer: Digest) => layer],
] as const)
  test(`U5: ${what} is no image`, async () => {
    await using w = await world();
    const { id } = await w.put(["app"]);
    const { manifest } = await loadImage(w.at.store, "app", LINUX);
    const text = textOf(id, manifest.layers[0]?.digest ?? id);
    await assert.rejects(findImage(w.at.store, text), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
    await assert.rejects(removeImages(w.at.store, [text], {}), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
    assert.deepEqual(await removeImages(w.at.store, [text], { force: true }), []);
  });

test("U5: a short form of several images is refused, with their IDs", async () => {
  await using w = await world();
  const seen = new Map<string, string>();
  let digits = "";
  for (let count = 0; digits === ""; count += 1) {
    const { id } = await w.put([`app:${count}`], variant(String(count)));
    const short = hexOf(id).slice(0, 4);
    const other = seen.get(short);
    if (other === undefined) seen.set(short, id);
    else digits = short;
    if (count > 700) break;
  }
  assert.notEqual(digits, "", "two of some 300 images share four digits");
  await assert.rejects(findImage(w.at.store, digits), (error) => {
    assert.ok(isDecantError(error, "USAGE"));
    assert.match(error.message, /2 images begin so: sha256:[0-9a-f]{64} \(docker\.io\/library\/app:\d+\), sha256:/);
    return true;
  });
});

test("U5: a name comes before a short form, and is not pulled apart", async () => {
  await using w = await world();
  const { id } = await w.put(["app"]);
  const short = hexOf(id).slice(0, 12);
  const other = await w.put([short], variant("other"));
  assert.equal((await findImage(w.at.store, short)).top.digest, other.top);
});

test("U5: the image of an index is found by its own digests, on whatever machine", async () => {
  await using w = await world();
  const platform = { os: "linux", architecture: "arm64" };
  const { top, id } = await w.put(["app"], { platform, inIndex: true });
  const [image] = await storedImages(w.at.store);
  assert.ok(image !== undefined && image.manifest.digest !== top);
  for (const text of [id, image.manifest.digest, hexOf(id).slice(0, 12)]) {
    const loaded = await loadImage(w.at.store, text, LINUX);
    assert.equal(loaded.config.architecture, "arm64", text);
    assert.equal((await findImage(w.at.store, text)).top.digest, top);
  }
});

test("U5: an image without a name is kept, found by its ID, and goes when it ages", async () => {
  await using w = await world();
  const { top, id } = await w.put([]);
  assert.deepEqual(
    (await storedImages(w.at.store)).map((image) => [image.id, image.names]),
    [[id, []]],
  );
  assert.equal((await findImage(w.at.store, hexOf(id).slice(0, 12))).top.digest, top);
  assert.deepEqual(await removeImages(w.at.store, [id], {}), [top]);
  assert.deepEqual(await storedImages(w.at.store), []);
});

test("U5: an image that loses its name to another is kept without one", async () => {
  await using w = await world();
  const first = await w.put(["app"]);
  const second = await w.put(["app"], variant("second"));
  assert.deepEqual(
    (await storedImages(w.at.store)).map((image) => [image.id, image.names]),
    [
      [second.id, ["docker.io/library/app:latest"]],
      [first.id, []],
    ],
  );
  await w.put(["app"]);
  assert.deepEqual(
    (await storedImages(w.at.store)).map(({ id }) => id),
    [first.id, second.id],
  );
});

test("U5: rm takes one name by name, all by ID when forced, and those of its repository by name@digest", async () => {
  await using w = await world();
  const { top, id } = await w.put(["app:1", "app:2", "other:1"]);
  const names = (): string[] => w.at.store.images.list().map(({ name }) => name);
  await assert.rejects(removeImages(w.at.store, [id], {}), (error) => {
    assert.ok(isDecantError(error, "USAGE"));
    assert.equal(error.message, `Cannot remove image "${id}": it has several names: app:1, app:2, other:1`);
    return true;
  });
  await assert.rejects(removeImages(w.at.store, ["app:1", "missing"], {}), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
  assert.equal(names().length, 3, "nothing is removed when one is not there");
  await assert.rejects(removeImages(w.at.store, [`third@${top}`], {}), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
  assert.deepEqual(await removeImages(w.at.store, [`other@${top}`], {}), ["docker.io/library/other:1"]);
  assert.deepEqual(await removeImages(w.at.store, ["app:1"], {}), ["docker.io/library/app:1"]);
  assert.deepEqual(await removeImages(w.at.store, [id], {}), ["docker.io/library/app:2"]);
  assert.deepEqual(names(), []);
  assert.deepEqual(await storedImages(w.at.store), []);
});
