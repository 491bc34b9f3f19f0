import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { arrangeItems, directoryEntry, textItem } from "./layer-items.ts";

function link(path: string, target: string): LayerItem {
  return { entry: { ...directoryEntry(treePath(path), { mode: 0o644 }), kind: "hardlink", link: treePath(target) } };
}
function show(items: readonly LayerItem[]): string[] {
  return items.map(({ entry, data }) =>
    [entry.kind, entry.path, entry.mode.toString(8), entry.link, data?.kind === "bytes" ? Buffer.from(data.bytes).toString() : undefined]
      .filter((one) => one !== undefined)
      .join(" "),
  );
}

describe("arrangeItems()", () => {
  it("sorts, adds missing parents and leaves the root out", () => {
    const items = [
      textItem("/b/c/d", "1"),
      { entry: directoryEntry(treePath("b/c"), { mode: 0o700 }) },
      { entry: directoryEntry(treePath("/")) },
      textItem("/a-b", "2"),
      textItem("/a/b", "3"),
    ];
    assert.deepEqual(show(arrangeItems(items)), [
      "dir a 755",
      "file a/b 644 3",
      "file a-b 644 2",
      "dir b 755",
      "dir b/c 700",
      "file b/c/d 644 1",
    ]);
  });
  it("takes parents from the layers below", () => {
    const below = directoryEntry(treePath("tmp"), { mode: 0o1777, uid: 5 });
    assert.deepEqual(arrangeItems([textItem("/tmp/x", "1")], (path) => (path === "tmp" ? below : undefined))[0]?.entry, below);
  });
  it("gives the bytes to the first name in the order of the layer", () => {
    const items = [textItem("/perl5", "x", { mode: 0o755 }), link("/perl", "/perl5"), link("/perl6", "/perl")];
    assert.deepEqual(show(arrangeItems(items)), ["file perl 755 x", "hardlink perl5 755 perl", "hardlink perl6 755 perl"]);
  });
  it("lets the later of two items with one path count", () => {
    assert.deepEqual(show(arrangeItems([textItem("/a", "1"), textItem("/a", "2")])), ["file a 644 2"]);
  });
});
