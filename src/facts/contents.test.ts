import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compareTreePaths, treePath } from "../paths.ts";
import { openStore } from "../store/index.ts";
import { type Entry, layerTree, writeLayer } from "../tree/index.ts";
import { type TreeContents, contentsOf } from "./contents.ts";

/** "bin/sh 755", "bin/ash -> busybox", "usr/": a file with its mode, a symlink, a directory. Files have five bytes. */
async function contentsWith(lines: readonly string[]): Promise<TreeContents> {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-contents-"));
  await using store = await openStore({ root: dir.path });
  const bytes = Buffer.from("12345");
  const items = lines.map((line) => {
    const [name = "", ...rest] = line.split(" ");
    const common = { path: treePath(name), uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
    if (name.endsWith("/")) return { entry: { ...common, kind: "dir", mode: 0o755 } satisfies Entry };
    if (rest[0] === "->") return { entry: { ...common, kind: "symlink", mode: 0o777, link: rest[1] ?? "" } satisfies Entry };
    if (rest[0] === "=") return { entry: { ...common, kind: "hardlink", mode: 0o755, link: treePath(rest[1] ?? "") } satisfies Entry };
    const entry = { ...common, kind: "file", mode: Number.parseInt(rest[0] ?? "644", 8), size: 5 } satisfies Entry;
    return { entry, data: { kind: "bytes", bytes } as const };
  });
  const layer = await writeLayer(
    store,
    items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)),
  );
  return contentsOf({ tree: layerTree([layer]), config: {} });
}

const rows: { name: string; lines: string[]; shells: string[]; managers: string[] }[] = [
  { name: "finds a shell behind a link", lines: ["bin/", "bin/box 755", "bin/sh -> box"], shells: ["/bin/sh"], managers: [] },
  { name: "finds a shell outside of bin", lines: ["busybox/", "busybox/sh 755"], shells: ["/busybox/sh"], managers: [] },
  { name: "passes over a file that cannot be run", lines: ["bin/", "bin/sh 644"], shells: [], managers: [] },
  { name: "passes over a link to nothing", lines: ["bin/", "bin/sh -> gone"], shells: [], managers: [] },
  { name: "passes over a loop of links", lines: ["bin/", "bin/ash -> sh", "bin/sh -> ash"], shells: [], managers: [] },
  { name: "passes over a directory named like a shell", lines: ["usr/", "usr/bash/"], shells: [], managers: [] },
  { name: "names package managers once", lines: ["bin/", "bin/apt 755", "sbin/", "sbin/apt 755"], shells: [], managers: ["apt"] },
  { name: "passes over a cron job named dpkg", lines: ["etc/", "etc/cron.daily/", "etc/cron.daily/dpkg 755"], shells: [], managers: [] },
];
for (const { name, lines, shells, managers } of rows) {
  test(`contentsOf() ${name}`, async () => {
    const found = await contentsWith(lines);
    assert.deepEqual([found.shells, found.packageManagers], [shells, managers]);
  });
}

test("contentsOf() counts every name and the bytes of a hard-linked file once", async () => {
  const { files, unpackedBytes } = await contentsWith(["a 755", "b = a", "c 644"]);
  assert.deepEqual([files, unpackedBytes], [3, 10]);
});
