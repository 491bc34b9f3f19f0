import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ImageConfig } from "../../oci/index.ts";
import { treePath } from "../../paths.ts";
import { openStore, type Store } from "../../store/index.ts";
import { type Layer, layerDiffId, type LayerItem, writeLayer } from "../../tree/index.ts";
import { type ComparedImage, firstDifference } from "./first-difference.ts";

function file(path: string, text: string, mode = 0o644): LayerItem {
  const bytes = Buffer.from(text);
  const entry = { path: treePath(path), kind: "file", mode, uid: 0, gid: 0, size: bytes.length, mtimeSec: 0, mtimeNsec: 0 } as const;
  return { entry, data: { kind: "bytes", bytes } };
}

async function image(store: Store, layers: readonly (readonly LayerItem[])[], config: ImageConfig["config"] = {}): Promise<ComparedImage> {
  const made: Layer[] = [];
  for (const items of layers) made.push(await writeLayer(store, items));
  const diff_ids = await Promise.all(made.map((layer) => layerDiffId(store, layer)));
  return { config: { os: "linux", architecture: "amd64", config, rootfs: { type: "layers", diff_ids } }, layers: made };
}

describe("firstDifference()", () => {
  const wanted = [[file("a", "1"), file("b", "2")], [file("c", "3")]];
  const env = { Env: ["A=1"], User: "0" };
  const rows: readonly {
    name: string;
    found: readonly (readonly LayerItem[])[];
    config?: ImageConfig["config"];
    want: string | undefined;
  }[] = [
    { name: "nothing", found: wanted, want: undefined },
    { name: "a mode", found: [[file("a", "1"), file("b", "2", 0o755)], [file("c", "3")]], want: "layer 1, /b: mode 0755; wanted 0644" },
    { name: "a size", found: [wanted[0] ?? [], [file("c", "34")]], want: "layer 2, /c: size 2; wanted 1" },
    { name: "a file that is missing", found: [[file("a", "1")], [file("c", "3")]], want: "layer 1, /b: it is missing" },
    { name: "a file too many", found: [[file("a", "1"), file("aa", ""), file("b", "2")]], want: "layer 1, /aa: it is not wanted" },
    { name: "a layer that is missing", found: [wanted[0] ?? []], want: /^layer 2 is missing; wanted sha256:/.source },
    { name: "a layer too many", found: [...wanted, [file("d", "")]], want: "layer 3 is one too many; wanted 2" },
    { name: "a setting", found: wanted, config: { ...env, User: "5" }, want: 'configuration config User: "5"; wanted "0"' },
    { name: "a setting that is missing", found: wanted, config: { User: "0" }, want: 'configuration config Env: nothing; wanted ["A=1"]' },
  ];
  for (const row of rows)
    it(`names ${row.name}`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-difference-"));
      await using store = await openStore({ root: join(dir.path, "store") });
      const difference = firstDifference(await image(store, row.found, row.config ?? env), await image(store, wanted, env));
      if (row.want === undefined || !row.want.startsWith("^")) assert.equal(difference, row.want);
      else assert.match(difference ?? "", new RegExp(row.want));
    });
  it("names other contents of the same size by their digest", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-difference-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    const difference = firstDifference(await image(store, [[file("a", "x")]]), await image(store, [[file("a", "y")]]));
    assert.match(difference ?? "", /^layer 1, \/a: content sha256:[0-9a-f]{64}; wanted sha256:[0-9a-f]{64}$/);
  });
});
