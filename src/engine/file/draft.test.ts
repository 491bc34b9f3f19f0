import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDecantError } from "../../errors.ts";
import type { TreePath } from "../../paths.ts";
import { emptyTree, type Entry } from "../../tree/index.ts";
import { createDraft } from "./draft.ts";

const NOW = { mtimeSec: 9, mtimeNsec: 0 };
const fileAt = (path: string, bytes: number): Entry => ({
  path: path as TreePath,
  kind: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: bytes,
  mtimeSec: 1,
  mtimeNsec: 0,
});
const directoryAt = (path: string): Entry => ({ ...fileAt(path, 0), kind: "dir", mode: 0o755 });

describe("createDraft()", () => {
  test("X6: refuses more bytes of names than a layer may have, when they are put", () => {
    const draft = createDraft(emptyTree, NOW);
    const putLongNames = (): void => {
      for (let number = 0; number < 50_000; number += 1) draft.put(fileAt(`${number}-${"x".repeat(4000)}`, 0));
    };
    assert.throws(putLongNames, (error) => isDecantError(error, "LIMIT"));
  });

  test("X6: a name that is put again and again takes the room of one", () => {
    const draft = createDraft(emptyTree, NOW);
    const path = "x".repeat(4000);
    for (let count = 0; count < 20_000; count += 1) draft.put(fileAt(path, 0));
    assert.equal(draft.lookup(path as TreePath)?.kind, "file");
  });

  test("X7: gives files in layer order, links after their file, and nothing of what was replaced", async () => {
    const draft = createDraft(emptyTree, NOW);
    draft.put(directoryAt("d"));
    draft.put(fileAt("d/b", 1), { kind: "host", path: "/host/b" });
    draft.link("d/a" as TreePath, "d/b" as TreePath);
    draft.put(fileAt("d.x", 2), { kind: "slice", path: "/store/tar", offset: 512 });
    draft.put(directoryAt("gone"));
    draft.put(fileAt("gone/c", 3), { kind: "host", path: "/host/c" });
    draft.link("kept" as TreePath, "gone/c" as TreePath);
    draft.put(fileAt("gone", 4), { kind: "host", path: "/host/gone" });
    const items = await Array.fromAsync(draft.items());
    assert.deepEqual(
      items.map(({ entry, data }) => [entry.path, entry.kind, entry.link ?? "", data ?? ""]),
      [
        ["d", "dir", "", ""],
        ["d/a", "file", "", { kind: "host", path: "/host/b" }],
        ["d/b", "hardlink", "d/a", ""],
        ["d.x", "file", "", { kind: "slice", path: "/store/tar", offset: 512 }],
        ["gone", "file", "", { kind: "host", path: "/host/gone" }],
        ["kept", "file", "", { kind: "host", path: "/host/c" }],
      ],
    );
  });
});
