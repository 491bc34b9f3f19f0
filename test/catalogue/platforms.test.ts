/** F128: a base of the catalogue for several platforms in one command, from the real archive: one index, and no emulator. */
import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { buildBase, type OutputSpec } from "../../src/index.ts";

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
