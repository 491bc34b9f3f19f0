import assert from "node:assert/strict";
import { mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { errnoOf } from "../errors.ts";
import { makeFolders } from "./make-folders.ts";

test("makeFolders() makes what is missing, and leaves what is there", async () => {
  await using at = await mkdtempDisposable(join(tmpdir(), "decant-folders-"));
  makeFolders(join(at.path, "a/b/c"), { mode: 0o700 });
  makeFolders(join(at.path, "a/b"));
  assert.equal(statSync(join(at.path, "a/b/c")).mode & 0o777, 0o700);
  await symlink("a/b", join(at.path, "link"));
  makeFolders(join(at.path, "link/d"));
  makeFolders(join(at.path, "link"));
  assert.ok(existsSync(join(at.path, "a/b/d")));
});

for (const [name, path, errno] of [
  ["what nobody can make", "/proc/decant/x", "ENOENT"],
  ["a file in the way", "file", "EEXIST"],
  ["a file above", "file/x", "ENOTDIR"],
  ["a link to nothing", "dangling/x", "EEXIST"],
] as const)
  test(`U8: makeFolders() gives ${errno} for ${name}, and ends`, async () => {
    await using at = await mkdtempDisposable(join(tmpdir(), "decant-folders-"));
    await writeFile(join(at.path, "file"), "");
    await symlink("nowhere", join(at.path, "dangling"));
    assert.throws(
      () => makeFolders(path.startsWith("/") ? path : join(at.path, path)),
      (error) => errnoOf(error) === errno,
    );
  });
