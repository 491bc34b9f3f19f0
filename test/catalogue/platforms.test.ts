/** F128: a base of the catalogue for several platforms in one command, from the real archive: one index, and no emulator. */
import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { assembleBase, loadRecipe } from "../../src/distroless/index.ts";
import { buildBase, type OutputSpec } from "../../src/index.ts";
import { openStore } from "../../src/store/index.ts";

it("F128: both architectures of a base are one index, with the manifests of single builds", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-platforms-"));
  const manifestsOf = async (...platforms: string[]): Promise<readonly string[]> => {
    const dest = join(dir.path, platforms.join().replaceAll("/", "_"));
    const outputs: OutputSpec[] = [{ type: "oci", dest, tar: false, names: [] }];
    await using run = buildBase({ base: "static-debian13", root: join(dir.path, "store"), platforms, outputs });
    await run.result;
    const read = async (
      path: string,
    ): Promise<{ readonly manifests: readonly { readonly digest: string; readonly mediaType: string }[] }> =>
      JSON.parse(await readFile(join(dest, path), "utf8"));
    const [top = assert.fail("there is no entry")] = (await read("index.json")).manifests;
    const { manifests } = top.mediaType.includes("index") ? await read(`blobs/${top.digest.replace(":", "/")}`) : { manifests: [top] };
    return manifests.map(({ digest }) => digest);
  };
  const both = await manifestsOf("linux/amd64", "linux/arm64");
  assert.equal(both.length, 2);
  assert.deepEqual(both, [...(await manifestsOf("linux/amd64")), ...(await manifestsOf("linux/arm64"))]);
});

it("F1: a base for other processors has their C library, and its cache of libraries", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-platforms-"));
  await using store = await openStore({ root: dir.path });
  const recipe = await loadRecipe("base-nossl-debian13");
  // Mirrors may have the security updates of amd64 and arm64 only.
  const sources = [{ uri: "http://deb.debian.org/debian", suite: "trixie", components: ["main"] }];
  for (const [architecture, loader] of [
    ["arm", "usr/lib/ld-linux-armhf.so.3"],
    ["riscv64", "usr/lib/ld-linux-riscv64-lp64d.so.1"],
  ] as const) {
    const { layers } = await assembleBase(store, recipe, { platform: { os: "linux", architecture }, sources });
    const paths = new Set(layers.flatMap(({ index }) => Array.from({ length: index.count }, (_, at) => String(index.path(at)))));
    for (const path of [loader, "etc/ld.so.cache"]) assert.ok(paths.has(path), `${architecture} has no ${path}`);
  }
});
