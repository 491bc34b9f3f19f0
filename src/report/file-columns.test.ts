import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../paths.ts";
import type { Inventory } from "../sbom/index.ts";
import { layerTree, type Layer } from "../tree/index.ts";
import { file, layerOf, tempStore } from "../tree/testdata/support.ts";
import type { ReportFiles } from "./data.ts";
import { fileColumns } from "./file-columns.ts";

const INVENTORY: Inventory = {
  packages: [
    {
      kind: "deb",
      name: "b",
      version: "1",
      purl: "pkg:deb/b",
      licences: [],
      files: [treePath("/bin/b")],
      location: treePath("/status"),
      requires: [],
      provides: [],
    },
  ],
  licenceTexts: new Map(),
  unread: [],
};

/** "layer path bytes package", a line for each file. */
function lines({ directories, directory, name, bytes, layer, package: owner, hidden, several }: ReportFiles): string[] {
  const counts = new Map(several);
  return name.map((one, at) => {
    const more = `${hidden.includes(at) ? " hidden" : ""}${counts.has(at) ? ` ×${counts.get(at)}` : ""}`;
    return `${layer[at]} ${directories[directory[at] ?? 0]} ${one} ${bytes[at]} ${owner[at]}${more}`;
  });
}

describe("fileColumns()", () => {
  it("G8: has every file of every layer, with its package, and marks what a later layer hides", async () => {
    await using at = await tempStore();
    const layers: Layer[] = [
      await layerOf(at.store, file("/a", "12345"), file("/bin/b", "123"), file("/bin/c", "1")),
      await layerOf(at.store, file("/a", "1234567")),
    ];
    const columns = fileColumns(
      layerTree(layers),
      layers.map((layer) => ({ layer, createdBy: "" })),
      INVENTORY,
    );
    assert.deepEqual(lines(columns), ["0 / a 5 -1 hidden", "0 /bin b 3 0", "0 /bin c 1 -1", "1 / a 7 -1"]);
  });

  it("G8: sums the smallest files of a directory where there are too many", async () => {
    await using at = await tempStore();
    const layers = [await layerOf(at.store, file("/d/a", "1"), file("/d/b", "12"), file("/d/c", "123456"), file("/e", "1234"))];
    const columns = fileColumns(
      layerTree(layers),
      layers.map((layer) => ({ layer, createdBy: "" })),
      INVENTORY,
      2,
    );
    assert.deepEqual(lines(columns), ["0 /d c 6 -1", "0 / e 4 -1", "0 /d 2 smaller files 3 -1 ×2"]);
  });
});
