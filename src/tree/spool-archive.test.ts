import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytesOf, collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { readData } from "./data.ts";
import { spoolArchive } from "./spool-archive.ts";
import { failsWith, padded, paxHeader, rawHeader, rawTar, run, tempStore } from "./testdata/support.ts";
import type { DataSource, Entry } from "./types.ts";

const TAR = rawTar(
  rawHeader({ name: "a", size: 5 }),
  padded("hello"),
  rawHeader({ name: "b", type: "1", link: "a" }),
  rawHeader({ name: "d/", type: "5" }),
  rawHeader({ name: "a", size: 3 }),
  padded("two"),
  rawHeader({ name: "e" }),
  rawHeader({ name: "d/.wh.x" }),
);

for (const [name, bytes] of [
  ["a plain tar", TAR],
  ["a gzip", gzipSync(TAR)],
  ["a zstd", zstdCompressSync(TAR)],
] as const) {
  test(`spoolArchive() gives the members of ${name} in their order, with what they hold`, async () => {
    await using at = await tempStore();
    const members: { readonly entry: Entry; readonly data: DataSource | undefined }[] = [];
    const spooled = await spoolArchive(at.store, bytesOf(bytes), (entry, data) => void members.push({ entry, data }));
    const lines: string[] = [];
    for (const { entry, data } of members) {
      const content = data === undefined ? undefined : await collect(readData(data, entry.size), 100, "x");
      if (content !== undefined) assert.equal(entry.digest, sha256(content));
      lines.push(`${entry.kind} ${entry.path} ${content?.toString() ?? "-"}`);
    }
    assert.deepEqual(lines, ["file a hello", "hardlink b -", "dir d -", "file a two", "file e -", "file d/.wh.x -"]);
    assert.equal(members.at(4)?.entry.digest, sha256(""));
    const [{ data } = { data: undefined }] = members;
    assert.ok(data?.kind === "slice");
    await spooled[Symbol.asyncDispose]();
    // Nothing of it stays in the store.
    assert.equal(
      (
        await run(
          "find",
          `${at.path}/store`,
          "-name",
          "*.db*",
          "-prune",
          "-o",
          "-type",
          "f",
          "-size",
          "+0",
          "!",
          "-name",
          "reserve",
          "-print",
        )
      ).trim(),
      "",
    );
  });
}

test("R5: spoolArchive() reads sparse files; ends with what a member throws, and leaves nothing behind", async () => {
  await using at = await tempStore();
  const refuse = (): never => {
    throw new RangeError("no");
  };
  await assert.rejects(spoolArchive(at.store, bytesOf(TAR), refuse), RangeError);
  await assert.rejects(
    spoolArchive(at.store, bytesOf(TAR.subarray(0, 514)), () => undefined),
    failsWith("TAR"),
  );
  const sparse = rawTar(
    paxHeader("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=s", "GNU.sparse.realsize=4"),
    rawHeader({ size: 512 }),
    padded("0\n"),
  );
  const members: [string, string][] = [];
  {
    await using _spooled = await spoolArchive(at.store, bytesOf(sparse), (entry, data) => {
      members.push([`${entry.path} ${entry.digest ?? ""}`, data?.kind ?? "nothing"]);
    });
  }
  assert.deepEqual(members, [[`s ${sha256(Buffer.alloc(4))}`, "slice"]]);
  const left = ["-name", "*.db*", "-prune", "-o", "-type", "f", "-size", "+0", "!", "-name", "reserve", "-print"];
  assert.equal((await run("find", `${at.path}/store`, ...left)).trim(), "");
});
